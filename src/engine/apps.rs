//! Commands about apps.

use alloc::borrow::ToOwned;

use super::Engine;
use super::scope::{expect_text, find_app, out_of_range};
use crate::state::{App, Registry};
use crate::values::{
    AppId, AppUpdate, Error, Fact, PurgeOutcome, Rule, Timestamp, excerpt, id_or_excerpt, present,
};
use crate::verbs::purge;

/// Apps ([SPEC 2](crate::spec#2-commands)).
impl Engine {
    /// Creates an app, in a clone group of its own or in that of `clone_from`, whose resource types it
    /// then has at once, and none of its records, sessions, tasks or guard. Its guard is the
    /// [default guard](crate::Config::with_guard), which is none unless the host sets one.
    ///
    /// Costs nothing that grows: a clone shares the types, and copies nothing.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (app_id, legal_id) = (AppId(Uuid::from_u128(1)), AppId(Uuid::from_u128(2)));
    /// engine.create_app(Timestamp(0), app_id, "Jira Engineering", None)?;
    /// engine.create_app(Timestamp(0), legal_id, "Jira Legal", Some(app_id))?;
    /// assert_eq!(engine.app(legal_id).unwrap().clone_group().count(), 2);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidArgument`](Error::InvalidArgument) for `name` (1..=255);
    /// [`AppNotFound`](Error::AppNotFound) for `clone_from`; [`AppIdInUse`](Error::AppIdInUse).
    pub fn create_app(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        name: &str,
        clone_from: Option<AppId>,
    ) -> Result<(), Error> {
        self.changes.begin(app_id);
        expect_text(self.name_rule(), "name", name)?;
        let source = clone_from.map(|source| find_app(&self.state.apps, source)).transpose()?;
        let group = source.map(App::group);
        if self.state.apps.contains(app_id) {
            return Err(Error::AppIdInUse { app_id });
        }
        let group = group.unwrap_or_else(|| self.state.groups.add(Registry::new(self.key)));
        let app = App::new(name.to_owned(), now, self.config.guard(), group);
        let ordinal = self.state.apps.push(app_id, app);
        self.state.groups.join(group, ordinal);
        self.changes.fact(Fact::AppCreated { clone_from });
        Ok(())
    }

    /// Changes an app's name, its guard, or both. What is as it was is no change. Costs nothing that grows.
    ///
    /// ```
    /// # use headcount::{AppId, AppUpdate, Config, Engine, Guard, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let app_id = AppId(Uuid::from_u128(1));
    /// # engine.create_app(Timestamp(0), app_id, "Acme HR", None)?;
    /// let guard = Guard::NONE.with_max_percent(10);
    /// engine.update_app(Timestamp(0), app_id, &AppUpdate::default().with_guard(guard))?;
    /// assert_eq!(engine.app(app_id).unwrap().guard(), guard);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`InvalidArgument`](Error::InvalidArgument) for `name`
    /// (1..=255) or a percentage of `guard` (0..=100).
    pub fn update_app(&mut self, now: Timestamp, app_id: AppId, update: &AppUpdate<'_>) -> Result<(), Error> {
        let rule = self.name_rule();
        let scope = self.scope(now, app_id)?;
        let name = present(update.name.as_deref());
        name.map_or(Ok(()), |name| expect_text(rule, "name", name))?;
        if let Some((field, percent)) = update.guard.and_then(|guard| guard.percentage_out_of_range()) {
            return Err(out_of_range(field, u64::from(percent), "0 to 100"));
        }
        let name = name.filter(|&name| name != scope.app.name());
        let guard = update.guard.filter(|&guard| guard != scope.app.guard());
        if let Some(name) = name {
            scope.app.rename(name);
        }
        if let Some(guard) = guard {
            scope.app.set_guard(guard);
        }
        if name.is_some() || guard.is_some() {
            scope.changes.fact(Fact::AppUpdated);
        }
        Ok(())
    }

    /// Deletes an app with its records, sessions and tasks, whose ids are free then. The other apps
    /// of its clone group work on; the last one takes the resource types with it.
    ///
    /// Costs what freeing its memory costs, and to free the id of each of its sessions and tasks.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Error, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let app_id = AppId(Uuid::from_u128(1));
    /// # engine.create_app(Timestamp(0), app_id, "Acme HR", None)?;
    /// engine.delete_app(Timestamp(0), app_id)?;
    /// assert_eq!(engine.delete_app(Timestamp(0), app_id), Err(Error::AppNotFound { app_id }));
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound).
    pub fn delete_app(&mut self, now: Timestamp, app_id: AppId) -> Result<(), Error> {
        self.scope(now, app_id)?;
        let (ordinal, gone) = self.state.apps.remove(app_id).expect("the scope found the app");
        let ids = &mut self.state.ids;
        for session in gone.sessions().iter() {
            ids.sessions.remove(&session.facts().id());
        }
        for (task_id, _) in gone.tasks().iter() {
            ids.tasks.remove(&task_id);
        }
        if let Some(registry) = self.state.groups.leave(gone.group(), ordinal) {
            for resource_type in registry.types() {
                ids.resource_types.remove(&resource_type.id());
            }
        }
        self.changes.fact(Fact::AppDeleted);
        Ok(())
    }

    /// Removes the app's records that became inactive before a time and that no active account refers
    /// to, and the references that inactive accounts hold to them. What goes leaves a *gap* of up to 20 bytes; the
    /// rest of its memory is freed.
    ///
    /// Costs: a look at one bit per record, 64 at a time; a read of each inactive record; what goes, and the
    /// accounts that refer to it. Where a group or license goes, the references of all inactive accounts are read.
    /// Of a million accounts a thousand go in a third of a millisecond. It is one command, without a budget.
    ///
    /// A purge after which the gaps of all purges outnumber the app's records rewrites all that is left, with its
    /// references, and frees the gaps. So does one after which a type has given out more than 2^31 rows. Any purge may
    /// be that one, however little it removes; what is left may take more bytes than what went.
    ///
    /// A purge that removes a record forgets all remembered pages of the app, of every type: each is to be pushed once
    /// more ([SPEC 3.9](crate::spec#39-fingerprints)). So purge rarely, and not right before a roll.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let app_id = AppId(Uuid::from_u128(1));
    /// # engine.create_app(Timestamp(0), app_id, "Acme HR", None)?;
    /// let a_year_ago = Timestamp::from_millis(1_705_312_800_000);
    /// assert_eq!(engine.purge_inactive(Timestamp(0), app_id, a_year_ago)?.purged, 0);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound).
    pub fn purge_inactive(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        inactive_before: Timestamp,
    ) -> Result<PurgeOutcome, Error> {
        let scope = self.scope(now, app_id)?;
        let (store, _) = scope.app.store_and_session();
        let outcome = purge::purge(store, scope.registry, scope.changes, inactive_before);
        if outcome.purged > 0 {
            scope.app.close_gaps_if_many();
        }
        Ok(outcome)
    }

    /// Removes one inactive record to which no active account refers, whenever it became inactive, and the references
    /// that inactive accounts hold to it: somebody asked to be forgotten. It is told as a purge is, by
    /// [`RecordPurged`](Fact::RecordPurged) and [`ReferenceRemoved`](Fact::ReferenceRemoved).
    ///
    /// Costs what a [purge](Self::purge_inactive) of it alone costs, without the look for what is inactive: of an
    /// account, what it takes to forget the app's remembered pages; of a group or license also a read of the
    /// references of all inactive accounts. It leaves a gap, and may be the one behind which all that is left is
    /// rewritten, as of a purge.
    ///
    /// It forgets all remembered pages of the app, too ([SPEC 3.9](crate::spec#39-fingerprints)). Journals and
    /// snapshots of before still hold the record: they are the host's to drop.
    ///
    /// ```
    /// # use headcount::{Account, AppId, Completion, Config, Engine, Kind, NewResourceType, Page, ResourceTypeId};
    /// # use headcount::{Scope, SessionId, Timestamp, Uuid};
    /// # use std::num::NonZeroU64;
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id, session_id) = (Timestamp(0), AppId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(1)));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # let account = NewResourceType::new("account", "Account", Kind::Account);
    /// # engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(1)), &account)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// # let ann = Account { id: "u1".into(), username: Some("ann".into()), ..Account::default() };
    /// # let _ = engine.push_page(now, app_id, session_id, "account", &Page::accounts([ann]))?;
    /// let refused = engine.erase_record(now, app_id, "account", "u1");
    /// assert_eq!(refused.unwrap_err().code(), "record_in_use"); // she is active
    /// # engine.start_session(now, app_id, SessionId(Uuid::from_u128(2)), &Scope::All)?;
    /// # let session_id = SessionId(Uuid::from_u128(2));
    /// // … she leaves, and a roll is called without her …
    /// engine.complete_session(now, app_id, session_id, Completion::GUARDED)?;
    /// # let _ = engine.run_cleanup(now, app_id, session_id, NonZeroU64::MAX)?;
    /// assert_eq!(engine.erase_record(now, app_id, "account", "u1")?.purged, 1);
    /// assert!(engine.app(app_id).unwrap().record("account", "u1").is_none());
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound); [`ResourceTypeNotFound`](Error::ResourceTypeNotFound);
    /// [`RecordNotFound`](Error::RecordNotFound), also for a text that can be no id;
    /// [`RecordInUse`](Error::RecordInUse) if it is active or referred to.
    pub fn erase_record(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        slug: &str,
        id: &str,
    ) -> Result<PurgeOutcome, Error> {
        let scope = self.scope(now, app_id)?;
        let record = scope.find_record(slug, id)?;
        let table = scope.app.store().table_of(record);
        let active = table.active().contains(record.row);
        let referrers = u64::from(table.referrers(record.row));
        if active || referrers > 0 {
            let (slug, id) = (excerpt(slug), id_or_excerpt(id, scope.limits.id_chars_max));
            return Err(Error::RecordInUse { slug, id, active, referrers });
        }
        let (store, _) = scope.app.store_and_session();
        let outcome = purge::erase(store, scope.registry, scope.changes, record);
        scope.app.close_gaps_if_many();
        Ok(outcome)
    }

    pub(super) const fn name_rule(&self) -> Rule {
        Rule::Required { chars_max: self.limits().text_chars_max }
    }
}
