//! Records, to be read.

use headcount::RecordFilter;

use super::Call;
use crate::answer::{self, Answer};
use crate::refusal::Refusal;

pub(super) async fn list(call: Call) -> Answer {
    let slug = call.path("slug");
    call.read_app(|app| app.resource_type(slug).map(|_| ()).ok_or_else(Refusal::not_found))?;
    let paging = call.paging()?;
    let state = call.query("state");
    let filter = match state {
        None => RecordFilter::All,
        Some("active") => RecordFilter::Active,
        Some("inactive") => RecordFilter::Inactive,
        Some("placeholder") => RecordFilter::Placeholder,
        Some(other) => {
            return Err(Refusal::malformed(format!(
                "state: {other:?} is none of active, inactive, placeholder"
            )));
        }
    };
    let (count, results) = call.read_app(|app| {
        let records = app.records(slug, filter).ok_or_else(Refusal::not_found)?;
        let count = records.len();
        Ok((count, records.skip(paging.offset).take(paging.limit).map(answer::record).collect()))
    })?;
    Ok(paging.page(count, &call.list_url(state.map(|state| ("state", state))), results))
}
