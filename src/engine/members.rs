//! The index of members, which a host asks for: no command, since it shows in nothing but in what reading them costs.

use super::Engine;
use super::scope::{find_app, find_type};
use crate::store::TypeIndex;
use crate::values::{AppId, Error};

impl Engine {
    /// Keeps the members of a type's records at hand from now on, for [`RecordView::members`](crate::RecordView::members):
    /// to read them then costs what is read, and not a look at all accounts. Not a command: nothing changes, and
    /// [`Engine::changes`] stay. Neither digest nor snapshot has it, so replicas need not agree on it, and an engine that
    /// was restored is asked anew.
    ///
    /// Goes through the references of all active accounts of the app: about a third of a second where five million
    /// refer to the type, in which nobody else can read. Where the type is indexed already it costs nothing. So a host
    /// may call it when members are read for the first time, or right after it restored.
    ///
    /// From then on the index takes 10 to 20 bytes for each reference of an active account to the type. A reference that
    /// comes or goes costs the logarithm of their number more, half a microsecond among five million; what did not
    /// change costs nothing. A page may allocate for it, and a purge that numbers the records anew makes it anew. Who
    /// never asks pays for none of this.
    ///
    /// ```
    /// # use headcount::{Account, AppId, Config, Engine, Kind, NewResourceType, Page, ResourceTypeId, Timestamp, Uuid};
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let mut engine = Engine::new(Config::new());
    /// # engine.create_app(now, app_id, "Acme HR", None)?;
    /// # for (id, slug, kind) in [(1, "account", Kind::Account), (2, "team", Kind::Group)] {
    /// #     let new = NewResourceType::new(slug, slug, kind);
    /// #     engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(id)), &new)?;
    /// # }
    /// engine.index_members(app_id, "team")?;
    /// assert!(engine.app(app_id).unwrap().indexes_members("team"));
    /// let alice = Account::new("u1").with_username("alice").member_of("team", "g1");
    /// let _ = engine.upsert_records(now, app_id, "account", &Page::accounts([alice]))?;
    /// let team = engine.app(app_id).unwrap().record("team", "g1").unwrap();
    /// assert_eq!(team.members().map(|account| account.id()).collect::<Vec<_>>(), ["u1"]); // looks at u1 alone
    /// # Ok::<(), headcount::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`ResourceTypeNotFound`](Error::ResourceTypeNotFound). A type of accounts may
    /// be indexed: nobody is a member of one, so its index stays empty.
    pub fn index_members(&mut self, app_id: AppId, slug: &str) -> Result<(), Error> {
        let of = self.find_indexed(app_id, slug)?;
        let app = self.state.apps.get_mut(app_id).ok_or(Error::AppNotFound { app_id })?;
        app.store_and_session().0.index_members(of);
        Ok(())
    }

    /// Gives back the memory of the [index](Self::index_members) of a type's members, if there is one. They are then
    /// looked for among all accounts again.
    ///
    /// # Errors
    /// [`AppNotFound`](Error::AppNotFound), [`ResourceTypeNotFound`](Error::ResourceTypeNotFound).
    pub fn drop_member_index(&mut self, app_id: AppId, slug: &str) -> Result<(), Error> {
        let of = self.find_indexed(app_id, slug)?;
        let app = self.state.apps.get_mut(app_id).ok_or(Error::AppNotFound { app_id })?;
        app.store_and_session().0.drop_member_index(of);
        Ok(())
    }

    fn find_indexed(&self, app_id: AppId, slug: &str) -> Result<TypeIndex, Error> {
        let group = self.state.groups.get(find_app(&self.state.apps, app_id)?.group());
        find_type(group.registry(), slug).map(|(of, _)| of)
    }
}
