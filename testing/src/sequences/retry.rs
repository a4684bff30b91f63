//! What a command answers that is sent a second time, at once, as it was: by one who heard no answer to the first.
//!
//! Told here from SPEC 2 (repeats, ids) and 3.8, without a model: a retry never does anything twice. Either it is a
//! success that changes nothing on record, or a refusal from which one can tell that the first was carried out.

use headcount::{Command, Error, LenientOutcome, PageOutcome, Reply, SessionStatus};

/// What the second left behind.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// Whether the digest is what it was.
    pub is_same_state: bool,
    /// How many changes it told.
    pub changes: usize,
}

/// Holds the second answer against the first.
///
/// # Panics
/// If it is not what it is to be.
pub fn check(command: &Command<'_>, first: &Result<Reply, Error>, second: &Result<Reply, Error>, left: Left) {
    let Ok(reply) = first else {
        assert_eq!(second, first, "what was refused is refused again: {command:?}");
        assert!(left.is_same_state, "{command:?}");
        return;
    };
    if let (Command::RunCleanup { .. }, Ok(_)) = (command, second) {
        // It goes on. That is what steps are for.
        return;
    }
    assert_eq!(left.changes, 0, "a retry changes nothing on record: {command:?}");
    // A page counts among the session's pages each time.
    let is_counted = matches!(reply, Reply::LenientPage(_))
        || matches!(command, Command::PushPage { .. } | Command::RepeatPage { .. });
    assert!(left.is_same_state || is_counted, "a retry leaves the state as it is: {command:?}");
    match (expected(command, reply), second) {
        (Some(code), Err(error)) => assert_eq!(error.code(), code, "{command:?}"),
        (None, Ok(second)) => check_reply(command, reply, second),
        (expected, second) => panic!("{command:?}: expected {expected:?}, found {second:?}"),
    }
}

/// The code of the error that a retry of what was carried out gets, if it gets one.
fn expected(command: &Command<'_>, first: &Reply) -> Option<&'static str> {
    match command {
        Command::CreateApp { .. } => Some("app_id_in_use"),
        Command::DeleteApp { .. } => Some("app_not_found"),
        Command::RegisterResourceType { .. } => Some("resource_type_id_in_use"),
        Command::StartSession { .. } => Some("session_id_in_use"),
        Command::CreateTask { .. } => Some("task_id_in_use"),
        Command::ResolveTask { .. } => Some("task_ended"),
        Command::EraseRecord { .. } => Some("record_not_found"),
        // Its type has another name by now.
        Command::UpdateResourceType { slug, update, .. } => {
            let is_renamed = update.slug.as_ref().is_some_and(|new| !new.is_empty() && new != slug);
            is_renamed.then_some("resource_type_not_found")
        }
        Command::RunCleanup { .. } => {
            assert!(matches!(first, Reply::Cleanup(outcome) if outcome.status == SessionStatus::Completed));
            Some("wrong_state")
        }
        _ => None,
    }
}

fn check_reply(command: &Command<'_>, first: &Reply, second: &Reply) {
    match (first, second) {
        (Reply::Page(first), Reply::Page(second)) => check_page(command, first, second, 0),
        (Reply::LenientPage(first), Reply::LenientPage(second)) => {
            check_page(command, &first.page, &second.page, first.rejected);
            let rest = |outcome: &LenientOutcome| LenientOutcome::clone(outcome);
            let (mut first, mut second) = (rest(first), rest(second));
            (first.page, second.page) = (PageOutcome::default(), PageOutcome::default());
            assert_eq!(first, second, "the same is rejected and retained: {command:?}");
        }
        (Reply::Purge(_), Reply::Purge(second)) => assert_eq!((second.purged, second.references), (0, 0)),
        (Reply::Expiry(_), Reply::Expiry(second)) => assert_eq!(second.expired, 0),
        (Reply::Deactivation(first), Reply::Deactivation(second)) => {
            assert_eq!((second.total, second.deactivated, second.unknown), (first.total, 0, first.unknown));
        }
        (first, second) => assert_eq!(first, second, "{command:?}"),
    }
}

/// SPEC 3.8: everybody is there by now, as the page says they are.
fn check_page(command: &Command<'_>, first: &PageOutcome, second: &PageOutcome, rejected: u32) {
    let passed_over = first.total - first.created - first.updated - rejected;
    let settled_records = first.settled - passed_over;
    let there = first.created + first.updated;
    let told = (second.total, second.created, second.updated, second.unchanged, second.settled);
    assert_eq!(told, (first.total, 0, there, there - settled_records, first.settled), "{command:?}");
    assert_eq!((second.filled, second.reactivated, second.placeholders), (0, 0, 0), "{command:?}");
}
