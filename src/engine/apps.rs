//! Commands about apps and resource types.

use alloc::borrow::ToOwned;

use super::{Engine, find_app, find_app_mut, find_type, out_of_range};
use crate::state::app::{App, GroupNumber};
use crate::state::registry::{Registry, ResourceType};
use crate::values::change::Fact;
use crate::values::command::{AppUpdate, ResourceTypeUpdate};
use crate::values::error::{Error, shorten};
use crate::values::id::{AppId, ResourceTypeId};
use crate::values::record::Kind;
use crate::values::text::{Rule, present};
use crate::values::time::Timestamp;

/// Apps (SPEC 2).
impl Engine {
    /// Creates an app, in a clone group of its own or in that of `clone_from`, whose resource types it
    /// then has at once, and none of its records, sessions, tasks or guard.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound) for `clone_from`; [`InvalidArgument`](Error::InvalidArgument)
    /// for `name` (1..=255); [`AppIdInUse`](Error::AppIdInUse).
    pub fn create_app(
        &mut self,
        now: Timestamp,
        app: AppId,
        name: &str,
        clone_from: Option<AppId>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let source = clone_from.map(|source| find_app(&self.apps, source)).transpose()?;
        let group = source.map(|source| source.group);
        self.name_rule().check("name", name)?;
        if self.apps.contains_key(&app) {
            return Err(Error::AppIdInUse { app });
        }
        let group = group.unwrap_or_else(|| {
            let group = GroupNumber(self.groups_made);
            self.groups_made += 1;
            self.groups.insert(group, Registry::default());
            group
        });
        self.apps.insert(app, App::new(name.to_owned(), now, group, self.key));
        self.changes.fact(Fact::AppCreated { clone_from });
        Ok(())
    }

    /// Changes an app's name, its guard, or both. What is as it was is no change.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`InvalidArgument`](Error::InvalidArgument) for `name`
    /// (1..=255) or `guard.max_percent` (0..=100).
    pub fn update_app(&mut self, _now: Timestamp, app: AppId, update: &AppUpdate<'_>) -> Result<(), Error> {
        self.changes.begin(app);
        let rule = self.name_rule();
        let found = find_app_mut(&mut self.apps, app)?;
        let name = present(update.name.as_deref());
        if let Some(name) = name {
            rule.check("name", name)?;
        }
        if let Some(percent) =
            update.guard.and_then(|guard| guard.max_percent).filter(|&percent| percent > 100)
        {
            return Err(out_of_range("guard.max_percent", u64::from(percent), "0 to 100"));
        }
        let name = name.filter(|&name| name != found.name);
        let guard = update.guard.filter(|&guard| guard != found.guard);
        if name.is_some() || guard.is_some() {
            if let Some(name) = name {
                found.name = name.to_owned();
            }
            found.guard = guard.unwrap_or(found.guard);
            self.changes.fact(Fact::AppUpdated);
        }
        Ok(())
    }

    /// Deletes an app with its records, sessions and tasks, whose ids are free then. The other apps
    /// of its clone group work on; the last one takes the resource types with it.
    ///
    /// Costs what freeing its memory costs.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound).
    pub fn delete_app(&mut self, _now: Timestamp, app: AppId) -> Result<(), Error> {
        self.changes.begin(app);
        let gone = self.apps.shift_remove(&app).ok_or(Error::AppNotFound { app })?;
        for session in &gone.sessions {
            self.ids.sessions.remove(&session.id);
        }
        for task in gone.tasks.keys() {
            self.ids.tasks.remove(task);
        }
        if self.apps.values().all(|other| other.group != gone.group) {
            let registry = self.groups.remove(&gone.group).unwrap_or_default();
            for resource_type in registry.types() {
                self.ids.resource_types.remove(&resource_type.id());
            }
        }
        self.changes.fact(Fact::AppDeleted);
        Ok(())
    }

    const fn name_rule(&self) -> Rule {
        Rule::Required { chars_max: self.config.limits().text_chars_max }
    }
}

/// Resource types (SPEC 2).
impl Engine {
    /// Registers a resource type through any app of a clone group; all its apps have it at once.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`InvalidArgument`](Error::InvalidArgument) for `slug`
    /// (1..=100 of `a-z A-Z 0-9 - _`) or `name` (1..=255);
    /// [`ResourceTypeIdInUse`](Error::ResourceTypeIdInUse); [`SlugTaken`](Error::SlugTaken).
    pub fn register_resource_type(
        &mut self,
        now: Timestamp,
        app: AppId,
        id: ResourceTypeId,
        slug: &str,
        name: &str,
        kind: Kind,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let (slug_rule, name_rule) = (self.slug_rule(), self.name_rule());
        let group = find_app(&self.apps, app)?.group;
        slug_rule.check("slug", slug)?;
        name_rule.check("name", name)?;
        if self.ids.resource_types.contains(&id) {
            return Err(Error::ResourceTypeIdInUse { id });
        }
        let registry = self.groups.entry(group).or_default();
        if registry.find(slug).is_some() {
            return Err(Error::SlugTaken { slug: shorten(slug) });
        }
        registry.add(ResourceType::new(id, slug, name, kind, now));
        self.ids.resource_types.insert(id);
        self.changes.fact(Fact::ResourceTypeRegistered { resource_type: id });
        Ok(())
    }

    /// Changes a type's name, slug or kind through any app of its clone group, for all of them. What
    /// is as it was is no change.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`ResourceTypeNotFound`](Error::ResourceTypeNotFound);
    /// [`InvalidArgument`](Error::InvalidArgument) for `name` (1..=255) or `slug` (1..=100 of
    /// `a-z A-Z 0-9 - _`); [`SlugTaken`](Error::SlugTaken) by another type;
    /// [`ResourceTypeHasRecords`](Error::ResourceTypeHasRecords) for a new kind, while an app of the
    /// group has a record of the type.
    pub fn update_resource_type(
        &mut self,
        _now: Timestamp,
        app: AppId,
        slug: &str,
        update: &ResourceTypeUpdate<'_>,
    ) -> Result<(), Error> {
        self.changes.begin(app);
        let (slug_rule, name_rule) = (self.slug_rule(), self.name_rule());
        let group = find_app(&self.apps, app)?.group;
        let registry = self.groups.entry(group).or_default();
        let (number, found) = find_type(registry, slug)?;
        let id = found.id();
        let name = present(update.name.as_deref());
        if let Some(name) = name {
            name_rule.check("name", name)?;
        }
        let new_slug = present(update.slug.as_deref());
        if let Some(slug) = new_slug {
            slug_rule.check("slug", slug)?;
        }
        let name = name.filter(|&name| name != found.name());
        let new_slug = new_slug.filter(|&slug| slug != found.slug());
        let kind = update.kind.filter(|&kind| kind != found.kind());
        if let Some(taken) = new_slug.filter(|slug| registry.find(slug).is_some()) {
            return Err(Error::SlugTaken { slug: shorten(taken) });
        }
        let mut group_apps = self.apps.iter().filter(|(_, other)| other.group == group);
        if let Some((&app, _)) = group_apps.find(|(_, app)| kind.is_some() && app.has_records(number)) {
            return Err(Error::ResourceTypeHasRecords { slug: shorten(slug), app });
        }
        if name.is_some() || new_slug.is_some() || kind.is_some() {
            registry.update(number, name, new_slug, kind);
            self.changes.fact(Fact::ResourceTypeUpdated { resource_type: id });
        }
        Ok(())
    }

    const fn slug_rule(&self) -> Rule {
        Rule::Slug { chars_max: self.config.limits().slug_chars_max }
    }
}
