//! Deltas: changes that somebody reports outside of any roll call.

use alloc::format;

use super::Engine;
use super::pages::check_page;
use super::scope::{expect_text, find_type};
use crate::values::{AppId, DeactivationOutcome, Error, Limits, Page, PageOutcome, Rule, Timestamp};
use crate::verbs::deactivate::{self, Leavers};
use crate::verbs::page::{self, Mode, PageContext};

/// Deltas ([SPEC 3a](crate::spec#3a-deltas)).
impl Engine {
    /// Upserts records outside of any roll call: a webhook told of them, or an event. As
    /// [`push_page`](Self::push_page) does in a session of all types, but that what a record does not name stays:
    /// references to a type whose slug an account does not give, and the attributes of a record without
    /// [`attributes`](crate::Account::attributes). A fingerprint is not looked at, and no guard is asked.
    ///
    /// In a session that is open by then, and has the type in its scope, the records are *settled*: its pages may hold
    /// what was true before. They leave a settled record as it is, and so does its cleanup. A later delta changes it.
    ///
    /// Costs what a page costs, and a bit for each record. While a session is open that has settled ids of the type,
    /// each record's id is looked for among them.
    ///
    /// ```
    /// # use headcount::{Account, AppId, Config, Engine, Kind, NewResourceType, Page, ResourceTypeId, Scope};
    /// # use headcount::{SessionId, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # let account = NewResourceType::new("account", "Account", Kind::Account);
    /// # engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(1)), &account)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// let named = |name: &'static str| {
    ///     Page::accounts([Account { id: "u1".into(), username: Some(name.into()), ..Account::default() }])
    /// };
    /// assert_eq!(engine.upsert_records(now, app_id, "account", &named("alice"))?.created, 1);
    /// let late = engine.push_page(now, app_id, session_id, "account", &named("al"))?;
    /// assert_eq!((late.updated, late.settled), (1, 1));
    /// let alice = engine.app(app_id).unwrap().record("account", "u1").unwrap();
    /// assert_eq!(alice.username(), Some("alice"));
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`ResourceTypeNotFound`](Error::ResourceTypeNotFound);
    /// [`PageTooLarge`](Error::PageTooLarge); [`PageFaults`](Error::PageFaults) with every fault in it;
    /// [`KindMismatch`](Error::KindMismatch); [`ResourceTypeFull`](Error::ResourceTypeFull).
    pub fn upsert_records(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<PageOutcome, Error> {
        let scope = self.scope(now, app_id)?;
        let (of, _) = find_type(scope.registry, slug)?;
        let context = PageContext {
            store: scope.app.store(),
            registry: scope.registry,
            limits: scope.limits,
            key: scope.key,
            checks_equal_records: scope.checks_equal_records,
            mode: Mode::Strict,
            session: None,
        };
        let (checked, _) = check_page(context, of, page, scope.buffers)?;
        let plan = page::plan(context, &checked, scope.buffers, scope.changes.take_entries())?;
        let (store, session) = scope.app.store_and_session();
        Ok(page::commit_delta(plan, scope.buffers, store, session, scope.changes))
    }

    /// Marks records inactive outside of any roll call: somebody told that they left. Those that are inactive already,
    /// and placeholders, stay as they are; ids that are not on record are counted, and are no error.
    ///
    /// In a session that is open by then, and has the type in its scope, these records are *settled*: a page that still
    /// lists them does not bring them back. Nor does one that lists an id of which there is no full record: it passes
    /// over that record. A session keeps such ids until it ends, of each type as many, of as many bytes, as the type may
    /// have records.
    ///
    /// Costs grow with the ids, and with the references of the accounts that become inactive. At most 100 ids.
    ///
    /// ```
    /// # use headcount::{Account, AppId, Config, Engine, Kind, NewResourceType, Page, ResourceTypeId, Scope};
    /// # use headcount::{SessionId, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # let account = NewResourceType::new("account", "Account", Kind::Account);
    /// # engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(1)), &account)?;
    /// # let alice = Account { id: "u1".into(), username: Some("alice".into()), ..Account::default() };
    /// # let bob = Account { id: "u2".into(), username: Some("bob".into()), ..Account::default() };
    /// engine.upsert_records(now, app_id, "account", &Page::accounts([alice.clone()]))?;
    /// engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// let outcome = engine.deactivate_records(now, app_id, "account", &["u1", "u2"])?;
    /// assert_eq!((outcome.deactivated, outcome.unknown), (1, 1));
    ///
    /// let late = Page::accounts([alice, bob]); // what was read before they left
    /// let outcome = engine.push_page(now, app_id, session_id, "account", &late)?;
    /// assert_eq!((outcome.created, outcome.updated, outcome.settled), (0, 1, 2));
    /// assert!(!engine.app(app_id).unwrap().record("account", "u1").unwrap().is_active());
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`ResourceTypeNotFound`](Error::ResourceTypeNotFound);
    /// [`PageTooLarge`](Error::PageTooLarge); [`InvalidArgument`](Error::InvalidArgument) for the first of `ids` that
    /// is none (1..=255); [`ResourceTypeFull`](Error::ResourceTypeFull) if the open session cannot keep more ids.
    pub fn deactivate_records<S: AsRef<str>>(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        slug: &str,
        ids: &[S],
    ) -> Result<DeactivationOutcome, Error> {
        let scope = self.scope(now, app_id)?;
        let (of, _) = find_type(scope.registry, slug)?;
        expect_ids(scope.limits, ids)?;
        let (store, session) = scope.app.store_and_session();
        let leavers = Leavers::find(store, scope.key, of, ids.iter().map(AsRef::as_ref));
        leavers.expect_room(store, session.as_deref(), scope.registry, scope.limits)?;
        Ok(deactivate::deactivate(&leavers, store, session, scope.changes, now))
    }
}

fn expect_ids<S: AsRef<str>>(limits: &Limits, ids: &[S]) -> Result<(), Error> {
    let records_max = limits.records_per_page_max;
    if ids.len() > records_max as usize {
        return Err(Error::PageTooLarge { records: ids.len() as u64, records_max });
    }
    let rule = Rule::Required { chars_max: limits.id_chars_max };
    (0..).zip(ids).try_for_each(|(at, id): (usize, _)| expect_text(rule, format!("ids[{at}]"), id.as_ref()))
}
