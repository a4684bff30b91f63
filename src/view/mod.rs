//! Reading: views that borrow from the engine ([SPEC 8](crate::spec#8-reading)). No read changes anything, and none copies a
//! record to hand it out.

mod app;
mod change;
mod iterators;
mod members;
mod preview;
mod record;
mod session;
mod task;

pub use app::AppView;
pub use change::{ChangeDisplay, Changes, RecordKeyDisplay};
pub use iterators::{
    Apps, CloneGroupApps, ReferenceViews, ResourceTypes, SessionProgress, SessionTypes, SessionViews,
};
pub use members::{Members, MembersBehind};
pub use preview::{Preview, PreviewCounts, PreviewRecords};
pub use record::{RecordCounts, RecordView, RecordViews, RecordsBehind};
pub use session::{SessionView, TypeProgress};
pub use task::{TaskPage, TaskQuery, TaskView};

use crate::engine::Engine;
use crate::values::{AppId, Change};

impl Engine {
    /// The app with this id. Costs the logarithm of their number.
    pub fn app(&self, app_id: AppId) -> Option<AppView<'_>> {
        self.state().apps.get(app_id).map(|app| AppView::new(self, app_id, app))
    }

    /// All apps, in order of creation. Costs nothing but to go on to the next.
    pub fn apps(&self) -> Apps<'_> {
        Apps::of(self)
    }

    /// What the last command changed, in order; nothing after a command that returned an error. To go on to the next
    /// costs a look at the records that it names.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Fact, Timestamp, Uuid};
    /// let mut engine = Engine::new(Config::new());
    /// let app_id = AppId(Uuid::from_u128(1));
    /// engine.create_app(Timestamp(0), app_id, "Acme HR", None)?;
    /// let change = engine.changes().next().unwrap();
    /// assert_eq!((change.seq, change.app_id), (1, app_id));
    /// assert_eq!(change.fact, Fact::AppCreated { clone_from: None });
    /// # Ok::<(), headcount::Error>(())
    /// ```
    pub fn changes(&self) -> Changes<'_> {
        Changes::new(self)
    }

    /// A change that prints itself with the app's name and the slugs of types, as they are now: `change 12 of "Acme HR":
    /// account "u1" was added to team "g1"`. Of an app or a type that is gone it prints the id.
    ///
    /// Texts of others are in quotes and escaped, so it is one line, whatever they are. Costs the logarithm of the number
    /// of apps, and a look at the types of its app where they are named.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Timestamp};
    /// # let mut engine = Engine::new(Config::new());
    /// # let (now, app_id) = (Timestamp(0), AppId::from_u128(1));
    /// engine.create_app(now, app_id, "Acme HR", None)?;
    /// for change in engine.changes() {
    ///     assert_eq!(engine.display(&change).to_string(), r#"change 1 of "Acme HR": the app was created"#);
    /// }
    /// # Ok::<(), headcount::Error>(())
    /// ```
    pub fn display<'c>(&'c self, change: &'c Change<'_>) -> ChangeDisplay<'c> {
        ChangeDisplay::new(self.app(change.app_id), change)
    }

    /// The sequence number of the newest change of all; 0 if there was none yet. The next one has one more. Costs
    /// nothing.
    pub fn seq(&self) -> u64 {
        self.change_log().seq()
    }
}
