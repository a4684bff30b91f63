//! Pushing a page.

use super::Engine;
use super::scope::find_type;
use crate::values::{
    AppId, Error, ErrorKind, Page, PageOutcome, SessionId, SessionStatus, Timestamp, excerpt,
};
use crate::verbs::page::{self, PageContext};

/// Pages ([SPEC 3](crate::spec#3-pushing-a-page)).
impl Engine {
    /// Pushes a page of records: each is upserted whole, and what accounts refer to that does not
    /// exist yet becomes a placeholder. One bad record and the page is refused whole.
    ///
    /// Costs grow with the page alone; an unchanged record is compared in place and copies nothing.
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
    /// [`ResourceTypeFull`](Error::ResourceTypeFull).
    pub fn push_page(
        &mut self,
        now: Timestamp,
        app_id: AppId,
        session_id: SessionId,
        slug: &str,
        page: &Page<'_>,
    ) -> Result<PageOutcome, Error> {
        let scope = self.scope(now, app_id)?;
        let session = scope.app.sessions().get(session_id)?;
        let (of, resource_type) = find_type(scope.registry, slug)?;
        session.expect(SessionStatus::InProgress)?;
        let context = PageContext {
            store: scope.app.store(),
            registry: scope.registry,
            limits: scope.limits,
            key: scope.key,
            checks_equal_records: scope.checks_equal_records,
        };
        let checked = match page::check(context, of, page, scope.buffers) {
            Err(error) if error.kind() == ErrorKind::Invalid => return Err(error),
            // A fault against a business rule waits for the rules about the page itself.
            checked => checked,
        };
        if page.kind() != resource_type.kind() {
            let (found, expected) = (page.kind(), resource_type.kind());
            return Err(Error::KindMismatch { slug: excerpt(slug), found, expected });
        }
        if !session.facts().scope().contains(of) {
            return Err(Error::OutOfScope { slug: excerpt(slug), session_id });
        }
        let checked = checked?;
        let plan = page::plan(context, &checked, scope.buffers, scope.changes.take_entries())?;
        let (store, session) = scope.app.store_and_session();
        let session = session.expect("a session in progress is the open one");
        Ok(page::commit(plan, scope.buffers, store, session, scope.changes))
    }
}
