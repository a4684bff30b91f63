//! SPEC 2: apps and types.

use headcount::{AppId, Error, Fact, FaultCode, Guard, Kind, Reply, Timestamp};

use super::{App, Model, Type, check, invalid};

impl Model {
    pub(super) fn create_app(
        &mut self,
        now: Timestamp,
        id: AppId,
        name: &str,
        from: Option<AppId>,
    ) -> Result<Reply, Error> {
        check::name("name", name, &self.limits)?;
        let group = from.map(|from| self.app(from).map(|app| app.group)).transpose()?;
        if self.app_at(id).is_ok() {
            return Err(Error::AppIdInUse { app_id: id });
        }
        let group = group.unwrap_or_else(|| {
            self.groups_made += 1;
            self.groups.insert(self.groups_made, Vec::new());
            self.groups_made
        });
        self.apps.push(App {
            id,
            name: name.to_owned(),
            created_at: now,
            last_synced_at: None,
            guard: self.default_guard,
            group,
            records: Vec::new(),
            sessions: Vec::new(),
            tasks: Vec::new(),
        });
        self.facts.push(Fact::AppCreated { clone_from: from });
        Ok(Reply::Done)
    }

    pub(super) fn update_app(
        &mut self,
        id: AppId,
        name: Option<String>,
        guard: Option<Guard>,
    ) -> Result<Reply, Error> {
        let before = self.app(id)?.clone();
        if let Some(name) = &name {
            check::name("name", name, &self.limits)?;
        }
        for (field, percent) in guard.into_iter().flat_map(|guard| {
            [
                ("guard.max_percent", guard.max_percent),
                ("guard.max_type_percent", guard.max_type_percent),
                ("guard.max_removals_percent", guard.max_removals_percent),
            ]
        }) {
            if percent.is_some_and(|percent| percent > 100) {
                return invalid(field, FaultCode::OutOfRange);
            }
        }
        let app = self.app_mut(id)?;
        app.name = name.unwrap_or_else(|| before.name.clone());
        app.guard = guard.unwrap_or(before.guard);
        if *app != before {
            self.facts.push(Fact::AppUpdated);
        }
        Ok(Reply::Done)
    }

    pub(super) fn delete_app(&mut self, id: AppId) -> Result<Reply, Error> {
        let at = self.app_at(id)?;
        let gone = self.apps.remove(at);
        self.tasks_ended.remove(&id);
        self.forget_pages_of_app(id);
        if !self.apps.iter().any(|app| app.group == gone.group) {
            self.groups.remove(&gone.group);
        }
        self.facts.push(Fact::AppDeleted);
        Ok(Reply::Done)
    }

    pub(super) fn register(&mut self, app: AppId, new: Type) -> Result<Reply, Error> {
        let group = self.app(app)?.group;
        check::slug("slug", &new.slug, &self.limits)?;
        check::name("name", &new.name, &self.limits)?;
        if self.groups.values().flatten().any(|other| other.id == new.id) {
            return Err(Error::ResourceTypeIdInUse { resource_type_id: new.id });
        }
        if self.number(app, &new.slug).is_ok() {
            return Err(Error::SlugTaken { slug: new.slug });
        }
        self.facts.push(Fact::ResourceTypeRegistered { resource_type_id: new.id });
        self.groups.get_mut(&group).expect("its group").push(new);
        Ok(Reply::Done)
    }

    pub(super) fn update_type(
        &mut self,
        app: AppId,
        slug: &str,
        name: Option<String>,
        new_slug: Option<String>,
        kind: Option<Kind>,
    ) -> Result<Reply, Error> {
        let number = self.number(app, slug)?;
        let group = self.app(app)?.group;
        let before = self.groups[&group][number].clone();
        if let Some(name) = &name {
            check::name("name", name, &self.limits)?;
        }
        if let Some(slug) = &new_slug {
            check::slug("slug", slug, &self.limits)?;
            if self.number(app, slug).is_ok_and(|other| other != number) {
                return Err(Error::SlugTaken { slug: slug.clone() });
            }
        }
        if kind.is_some_and(|kind| kind != before.kind) {
            let in_group = self.apps.iter().filter(|app| app.group == group);
            for app in in_group {
                if app.records.iter().any(|record| record.key.0 == number) {
                    return Err(Error::ResourceTypeHasRecords { slug: slug.to_owned(), app_id: app.id });
                }
            }
        }
        let after = Type {
            name: name.unwrap_or_else(|| before.name.clone()),
            slug: new_slug.unwrap_or_else(|| before.slug.clone()),
            kind: kind.unwrap_or(before.kind),
            ..before
        };
        if (&after.slug, after.kind) != (&before.slug, before.kind) {
            self.forget_pages_of_group(group);
        }
        if after != before {
            self.facts.push(Fact::ResourceTypeUpdated { resource_type_id: before.id });
            self.groups.get_mut(&group).expect("its group")[number] = after;
        }
        Ok(Reply::Done)
    }
}
