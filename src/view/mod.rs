//! Reading: views that borrow from the engine ([SPEC 8](crate::spec#8-reading)). No read changes anything, and none copies a
//! record to hand it out.

mod app;
mod change;
mod record;
mod session;
mod task;

pub use app::AppView;
pub use change::Changes;
pub use record::{RecordCounts, RecordView, RecordViews, RecordsBehind};
pub use session::{Preview, SessionView, TypeProgress};
pub use task::{TaskPage, TaskQuery, TaskView};

use crate::engine::Engine;
use crate::values::AppId;

impl Engine {
    /// The app with this id. Costs the logarithm of their number.
    pub fn app(&self, app_id: AppId) -> Option<AppView<'_>> {
        self.state().apps.get(app_id).map(|app| AppView::new(self, app_id, app))
    }

    /// All apps, in order of creation. Costs nothing but to go on to the next.
    pub fn apps(&self) -> impl DoubleEndedIterator<Item = AppView<'_>> + ExactSizeIterator {
        self.state().apps.iter().map(|(id, app)| AppView::new(self, id, app))
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

    /// The sequence number of the newest change of all; 0 if there was none yet. The next one has one more. Costs
    /// nothing.
    pub fn seq(&self) -> u64 {
        self.change_log().seq()
    }
}
