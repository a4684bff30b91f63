//! Commands about resource types.

use super::Engine;
use super::scope::{expect_text, find_app, find_type};
use crate::state::{ResourceType, State};
use crate::values::{
    AppId, Error, Fact, NewResourceType, ResourceTypeId, ResourceTypeUpdate, Rule, Timestamp, excerpt,
    present,
};

/// Resource types ([SPEC 2](crate::spec#2-commands)).
impl Engine {
    /// Registers a resource type through any app of a clone group; all its apps have it at once.
    ///
    /// Costs grow with the number of the group's types at most, and with no record.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Kind, NewResourceType, ResourceTypeId, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let app_id = AppId(Uuid::from_u128(1));
    /// # engine.create_app(Timestamp(0), app_id, "Acme HR", None)?;
    /// let team = NewResourceType::new("team", "Team", Kind::Group);
    /// engine.register_resource_type(Timestamp(0), app_id, ResourceTypeId(Uuid::from_u128(1)), &team)?;
    /// assert_eq!(engine.app(app_id).unwrap().resource_type("team").unwrap().kind(), Kind::Group);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`InvalidArgument`](Error::InvalidArgument) for `slug`
    /// (1..=100 of `a-z A-Z 0-9 - _`) or `name` (1..=255);
    /// [`ResourceTypeIdInUse`](Error::ResourceTypeIdInUse); [`SlugTaken`](Error::SlugTaken).
    pub fn register_resource_type(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        resource_type_id: ResourceTypeId,
        new: &NewResourceType<'_>,
    ) -> Result<(), Error> {
        let (slug_rule, name_rule) = (self.slug_rule(), self.name_rule());
        let scope = self.scope(now, app_id)?;
        expect_text(slug_rule, "slug", &new.slug)?;
        expect_text(name_rule, "name", &new.name)?;
        if scope.ids.resource_types.contains(&resource_type_id) {
            return Err(Error::ResourceTypeIdInUse { resource_type_id });
        }
        if scope.registry.find(&new.slug).is_some() {
            return Err(Error::SlugTaken { slug: excerpt(&new.slug) });
        }
        scope.registry.add(ResourceType::new(resource_type_id, new, now));
        scope.ids.resource_types.insert(resource_type_id);
        scope.changes.fact(Fact::ResourceTypeRegistered { resource_type_id });
        Ok(())
    }

    /// Changes a type's name, slug or kind through any app of its clone group, for all of them. What
    /// is as it was is no change.
    ///
    /// Costs grow with the number of apps in the clone group where the slug or the kind is to change, and with the
    /// pages that they remember: a page that was pushed before may then mean something else, so all are
    /// forgotten ([SPEC 3.9](crate::spec#39-fingerprints)). A new name costs nothing that grows.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Kind, NewResourceType, ResourceTypeId, Timestamp, Uuid};
    /// # use headcount::ResourceTypeUpdate;
    /// # let mut engine = Engine::new(Config::new());
    /// # let app_id = AppId(Uuid::from_u128(1));
    /// # engine.create_app(Timestamp(0), app_id, "Acme HR", None)?;
    /// # let team = NewResourceType::new("team", "Team", Kind::Group);
    /// # engine.register_resource_type(Timestamp(0), app_id, ResourceTypeId(Uuid::from_u128(1)), &team)?;
    /// let update = ResourceTypeUpdate::default().with_slug("squad");
    /// engine.update_resource_type(Timestamp(0), app_id, "team", &update)?;
    /// assert!(engine.app(app_id).unwrap().resource_type("team").is_none());
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`ResourceTypeNotFound`](Error::ResourceTypeNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `name` (1..=255) or `slug` (1..=100 of
    /// `a-z A-Z 0-9 - _`); [`SlugTaken`](Error::SlugTaken) by another type;
    /// [`ResourceTypeHasRecords`](Error::ResourceTypeHasRecords) for a new kind, while an app of the
    /// group has a record of the type.
    pub fn update_resource_type(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        slug: &str,
        update: &ResourceTypeUpdate<'_>,
    ) -> Result<(), Error> {
        let (slug_rule, name_rule) = (self.slug_rule(), self.name_rule());
        self.changes.begin(app_id);
        let group = self.state.groups.get(find_app(&self.state.apps, app_id)?.group());
        let (index, resource_type) = find_type(group.registry(), slug)?;
        let name = present(update.name.as_deref());
        name.map_or(Ok(()), |name| expect_text(name_rule, "name", name))?;
        let new_slug = present(update.slug.as_deref());
        new_slug.map_or(Ok(()), |slug| expect_text(slug_rule, "slug", slug))?;
        let name = name.filter(|&name| name != resource_type.name());
        let new_slug = new_slug.filter(|&slug| slug != resource_type.slug());
        let kind = update.kind.filter(|&kind| kind != resource_type.kind());
        if let Some(taken) = new_slug.filter(|slug| group.registry().find(slug).is_some()) {
            return Err(Error::SlugTaken { slug: excerpt(taken) });
        }
        if kind.is_some() {
            let mut apps = group.apps().filter_map(|ordinal| self.state.apps.at(ordinal));
            if let Some((app_id, _)) = apps.find(|(_, app)| app.store().has_records(index)) {
                return Err(Error::ResourceTypeHasRecords { slug: excerpt(slug), app_id });
            }
        }
        let resource_type_id = resource_type.id();
        if new_slug.is_some() || kind.is_some() {
            self.forget_pages(app_id);
        }
        let scope = self.scope(now, app_id)?;
        if let Some(name) = name {
            scope.registry.rename(index, name);
        }
        if let Some(slug) = new_slug {
            scope.registry.set_slug(index, slug);
        }
        if let Some(kind) = kind {
            scope.registry.set_kind(index, kind);
        }
        if name.is_some() || new_slug.is_some() || kind.is_some() {
            scope.changes.fact(Fact::ResourceTypeUpdated { resource_type_id });
        }
        Ok(())
    }

    /// Forgets the remembered pages of all apps in the app's clone group.
    fn forget_pages(&mut self, app_id: AppId) {
        let State { apps, groups, .. } = &mut self.state;
        let Some(app) = apps.get(app_id) else { return };
        for ordinal in groups.get(app.group()).apps() {
            if let Some((_, app)) = apps.at_mut(ordinal) {
                app.forget_pages();
            }
        }
    }

    const fn slug_rule(&self) -> Rule {
        Rule::Slug { chars_max: self.limits().slug_chars_max }
    }
}
