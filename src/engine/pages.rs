//! Pushing a page.

use super::Engine;
use super::scope::find_type;
use crate::state::State;
use crate::store::TypeIndex;
use crate::values::{
    AppId, Error, ErrorKind, Fingerprint, LenientOutcome, Page, PageOutcome, SessionId, SessionStatus,
    Timestamp, excerpt,
};
use crate::verbs::guard;
use crate::verbs::page::{self, CheckedPage, Mode, PageBuffers, PageContext, Rejections};

/// Pages ([SPEC 3](crate::spec#3-pushing-a-page)).
impl Engine {
    /// Pushes a page of records: each is upserted whole, and what accounts refer to that does not
    /// exist yet becomes a placeholder. One bad record and the page is refused whole. References to types out of the
    /// session's scope stay, unless the account names the type's slug ([SPEC 3.6](crate::spec#36-references-and-placeholders)).
    ///
    /// Costs grow with the page alone, and with what stays of its accounts; an unchanged record is compared in place and
    /// copies nothing. A page may also move up to 1 MiB of a growing table, and up to six times the bytes that it
    /// writes. Only the first page with a fingerprint of a type under lower limits than those before pays for all of its
    /// remembered pages, which are
    /// forgotten.
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
    /// let alice = Account { id: "u1".into(), email: Some("alice@acme.com".into()), ..Account::default() };
    /// let page = Page::accounts([alice]);
    /// assert_eq!(engine.push_page(now, app_id, session_id, "account", &page)?.created, 1);
    /// assert_eq!(engine.push_page(now, app_id, session_id, "account", &page)?.unchanged, 1);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound),
    /// [`ResourceTypeNotFound`](Error::ResourceTypeNotFound); [`WrongState`](Error::WrongState) unless
    /// in progress; [`PageTooLarge`](Error::PageTooLarge); [`PageFaults`](Error::PageFaults) with every
    /// fault in it; [`KindMismatch`](Error::KindMismatch); [`OutOfScope`](Error::OutOfScope);
    /// [`ResourceTypeFull`](Error::ResourceTypeFull);
    /// [`GuardExceededByRemovals`](Error::GuardExceededByRemovals).
    pub fn push_page(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<PageOutcome, Error> {
        let pushed = self.push(now, (app_id, session_id, slug), page, Mode::Strict)?;
        debug_assert!(pushed.rejected == 0, "a strict page is refused whole");
        Ok(pushed.page)
    }

    /// Pushes a page of records, of which those with a fault are rejected, each by itself: it changes nothing, and its
    /// faults are listed. The others are applied as [`push_page`](Self::push_page) would apply a page of them alone.
    ///
    /// Whose record was rejected is at the source, only unreadable. So if its id is on record, and no other record of
    /// the page was applied to it, the session *retains* what is there: its cleanup does not mark it inactive. It is
    /// not pushed, changed, filled or made active by that.
    ///
    /// What is wrong with the page itself still refuses it whole, and so does a limit of the app's
    /// [`Guard`](crate::Guard), for which the records count that would be applied. A page of which no record was
    /// rejected is as good as a strict one, and is remembered by its fingerprint; any other never is.
    ///
    /// Costs what [`push_page`](Self::push_page) costs, and for a page with faults what its faults and its number of
    /// records cost.
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
    /// # let named = |id: &'static str, email: &'static str| Account {
    /// #     id: id.into(), email: Some(email.into()), ..Account::default()
    /// # };
    /// let page = Page::accounts([named("u1", "alice@acme.com"), named("u2", "bob at acme.com")]);
    /// let outcome = engine.push_lenient_page(now, app_id, session_id, "account", &page)?;
    /// assert_eq!((outcome.page.created, outcome.rejected), (1, 1));
    /// assert_eq!((outcome.faults[0].id.as_deref(), outcome.faults[0].code.as_str()), (Some("u2"), "invalid_email"));
    ///
    /// // In a later roll alice cannot be read: she stays as she was.
    /// let page = Page::accounts([named("u1", "alice")]);
    /// let outcome = engine.push_lenient_page(now, app_id, session_id, "account", &page)?;
    /// assert_eq!((outcome.rejected, outcome.retained), (1, 1));
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`push_page`](Self::push_page); [`PageFaults`](Error::PageFaults) only for accounts that take too much
    /// together with the references that stay.
    pub fn push_lenient_page(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<LenientOutcome, Error> {
        self.push(now, (app_id, session_id, slug), page, Mode::Lenient)
    }

    fn push(
        &mut self,
        now: Timestamp,
        (app_id, session_id, slug): (AppId, SessionId, &str),
        page: &Page<'_>,
        mode: Mode,
    ) -> Result<LenientOutcome, Error> {
        let scope = self.scope(now, app_id)?;
        let session = scope.app.sessions().get(session_id)?;
        let (of, _) = find_type(scope.registry, slug)?;
        session.expect(SessionStatus::InProgress)?;
        let open = scope.app.sessions().open().expect("a session in progress is the open one");
        let context = PageContext {
            store: scope.app.store(),
            registry: scope.registry,
            limits: scope.limits,
            key: scope.key,
            checks_equal_records: scope.checks_equal_records,
            mode,
            session: Some(open),
        };
        let (checked, rejections) = check_page(context, of, page, scope.buffers)?;
        let plan = page::plan(context, &checked, scope.buffers, scope.changes.take_entries())?;
        guard::expect_removals_within(scope.app.guard(), scope.registry, session, plan.removals())?;
        let (store, session) = scope.app.store_and_session();
        let session = session.expect("a session in progress is the open one");
        session.note_activity(now);
        Ok(page::commit(plan, rejections, scope.buffers, (store, session), scope.changes))
    }

    /// Does what pushing the page with this fingerprint again would do, and answers the same, if the engine
    /// remembers the page and each of its records is as the page left it: all of them are unchanged. A page
    /// is remembered if it was pushed with [`Page::with_fingerprint`], and none of its records was
    /// [rejected](Self::push_lenient_page). What a lenient push of it would answer is the
    /// [`LenientOutcome`] that its outcome converts into.
    ///
    /// Costs grow with the page's runs of records that lie next to each other, one for a page in stored
    /// order, and not with its bytes; of its records 64 are noted at a time, and none is read. (Where a snapshot brought
    /// records beyond the limits, their attributes are.) It never allocates but for the set of records seen in this
    /// session. What remembering takes is bounded by the records: [SPEC 3.9](crate::spec#39-fingerprints) says when a
    /// page is forgotten.
    ///
    /// ```
    /// # use headcount::{Account, AppId, Config, Engine, Fingerprint, Kind, NewResourceType, Page};
    /// # use headcount::{ResourceTypeId, Scope, SessionId, Timestamp, Uuid};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let session_id = SessionId(Uuid::from_u128(1));
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # let account = NewResourceType::new("account", "Account", Kind::Account);
    /// # engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(1)), &account)?;
    /// # engine.start_session(now, app_id, session_id, &Scope::All)?;
    /// let fingerprint = Fingerprint(0x1c6f_0a5e); // a hash of the body, before it is parsed
    /// let repeated = engine.repeat_page(now, app_id, session_id, "account", fingerprint);
    /// assert_eq!(repeated.unwrap_err().code(), "page_must_be_pushed");
    /// let alice = Account { id: "u1".into(), email: Some("alice@acme.com".into()), ..Account::default() };
    /// let page = Page::accounts([alice]).with_fingerprint(fingerprint);
    /// assert_eq!(engine.push_page(now, app_id, session_id, "account", &page)?.created, 1);
    /// assert_eq!(engine.repeat_page(now, app_id, session_id, "account", fingerprint)?.unchanged, 1);
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`SessionNotFound`](Error::SessionNotFound),
    /// [`ResourceTypeNotFound`](Error::ResourceTypeNotFound); [`WrongState`](Error::WrongState) unless
    /// in progress; [`PageMustBePushed`](Error::PageMustBePushed); [`OutOfScope`](Error::OutOfScope). All but
    /// `PageMustBePushed` are what a push of the page would answer. That one is for the host alone, which parses the
    /// body and pushes it: it is no answer to a connector.
    pub fn repeat_page(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        slug: &str,
        fingerprint: Fingerprint,
    ) -> Result<PageOutcome, Error> {
        let scope = self.scope(now, app_id)?;
        let session = scope.app.sessions().get(session_id)?;
        let (of, _) = find_type(scope.registry, slug)?;
        session.expect(SessionStatus::InProgress)?;
        // What is wrong with a page that is not known would be told before the scope.
        let (store, may_be_beyond) = (scope.app.store(), scope.checks_equal_records);
        let Some(known) = page::as_it_was(store, scope.limits, may_be_beyond, of, fingerprint) else {
            return Err(Error::PageMustBePushed { slug: excerpt(slug), fingerprint });
        };
        if !session.facts().scope().contains(of) {
            return Err(Error::OutOfScope { slug: excerpt(slug), session_id });
        }
        let (store, session) = scope.app.store_and_session();
        let session = session.expect("a session in progress is the open one");
        session.note_activity(now);
        Ok(page::repeat(known, store, session))
    }

    /// Whether [`repeat_page`](Self::repeat_page) would find the page now. It looks at neither a session nor its
    /// scope, but for what a delta settled, so the repeat may still be refused for these. False also where there is no such
    /// app or type.
    ///
    /// For a host with a journal, which journals a repeat only if this is true. A command that is carried out in
    /// between may have the page forgotten: keep the body until the repeat is answered.
    ///
    /// Costs a lookup and a pass over the page's runs, and changes nothing.
    pub fn remembers_page(&self, app_id: AppId, slug: &str, fingerprint: Fingerprint) -> bool {
        let State { apps, groups, .. } = self.state();
        let (limits, may_be_beyond) = (self.limits(), self.checks_equal_records);
        let is_as_it_was =
            |store, of| page::as_it_was(store, limits, may_be_beyond, of, fingerprint).is_some();
        apps.get(app_id).is_some_and(|app| {
            let found = groups.get(app.group()).registry().find(slug);
            found.is_some_and(|(of, _)| is_as_it_was(app.store(), of))
        })
    }
}

/// Checks a page for a type, in the order in which refusals are told (SPEC 3.5).
pub(super) fn check_page<'p>(
    context: PageContext<'_>,
    of: TypeIndex,
    page: &'p Page<'p>,
    buffers: &mut PageBuffers,
) -> Result<(CheckedPage<'p>, Rejections), Error> {
    let checked = match page::check(context, of, page, buffers) {
        Err(error) if error.kind() == ErrorKind::Invalid => return Err(error),
        // A fault against a business rule waits for the rules about the page itself.
        checked => checked,
    };
    let resource_type = context.registry.at(of);
    let slug = || excerpt(resource_type.slug());
    if page.kind() != resource_type.kind() {
        return Err(Error::KindMismatch { slug: slug(), found: page.kind(), expected: resource_type.kind() });
    }
    if let Some(session) = context.session.filter(|session| !session.scope().contains(of)) {
        return Err(Error::OutOfScope { slug: slug(), session_id: session.id() });
    }
    checked
}
