//! What somebody who runs the server can see of it, beside its answers.
//!
//! - [`logging`]: the log, and what the command line says of it; [`requests`]: the id that all lines of a request have;
//!   `sessions`: a line for each step of a session.
//! - [`metrics`]: what is counted, and [`scrape`]: how Prometheus is told of it.
//! - [`observed`]: where commands are noted. [`health`]: whether the store takes what is to be written.
//!
//! A command is noted where it is carried out for somebody who asked: what a start replays is not told again.

pub mod about;
pub mod health;
pub mod logging;
pub mod metrics;
pub mod observed;
pub mod requests;
pub mod scrape;
mod sessions;

use headcount::{Engine, Error, Reply};

use about::{About, Step};
use metrics::TenantMetrics;

/// Notes a command that was carried out just now, with the engine as it left it: in the figures, and, where it is a
/// step of a session, in the log. Of a page it costs some counts; of a step of a session as much as it changed.
pub fn note(of: &TenantMetrics, about: About, engine: &Engine, reply: &Result<Reply, Error>) {
    let reply = match reply {
        Ok(reply) => reply,
        // Its body is read after all, and comes as a page.
        Err(Error::PageMustBePushed { .. }) => return,
        Err(error) => {
            of.note_refusal(about.step, error);
            return sessions::tell_refusal(&of.name, about, error);
        }
    };
    match (about.step, reply) {
        (Step::Page(how), Reply::Page(outcome)) => of.note_page(how, outcome),
        (Step::Page(how), Reply::LenientPage(outcome)) => of.note_lenient_page(how, outcome),
        (Step::Deactivate, Reply::Deactivation(outcome)) => {
            of.note_deactivations("delta", u64::from(outcome.deactivated));
        }
        (Step::DeleteApp, _) => {
            let app = about.app_id.map(|app| app.to_string());
            tracing::info!(tenant = of.name, app, "app deleted");
        }
        (Step::Start | Step::Complete { .. } | Step::Cleanup | Step::Expire | Step::Session(_), _) => {
            let done = sessions::tell(&of.name, about, engine);
            of.note_starts(done.started);
            of.note_deactivations("cleanup", done.deactivated);
            done.ended.iter().for_each(|ended| of.note_end(ended.status, ended.took));
        }
        _ => {}
    }
}
