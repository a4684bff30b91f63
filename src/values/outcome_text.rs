//! Outcomes as a line of text, for logs and for people: what did not happen is left out.

use core::fmt::{self, Display, Formatter};

use super::outcome::{
    CleanupOutcome, DeactivationOutcome, ExpiryOutcome, LenientOutcome, PageOutcome, PurgeOutcome, Reply,
    SessionCounts,
};

/// Those of the counts that are not 0, with commas between them; else what is told of none.
fn write_counts(f: &mut Formatter<'_>, counts: &[(u64, &str)], none: &str) -> fmt::Result {
    let mut separator = "";
    for (count, what) in counts.iter().filter(|(count, _)| *count > 0) {
        write!(f, "{separator}{count} {what}")?;
        separator = ", ";
    }
    f.write_str(if separator.is_empty() { none } else { "" })
}

/// `100 records: 3 created, 97 updated, of them 90 unchanged`, and what else there is.
impl Display for PageOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { total, created, updated, filled, reactivated, unchanged, placeholders, settled } = *self;
        write!(f, "{total} records: ")?;
        write_counts(f, &[(created.into(), "created"), (updated.into(), "updated")], "none taken")?;
        let parts = [
            (unchanged.into(), "unchanged"),
            (reactivated.into(), "reactivated"),
            (filled.into(), "filled"),
            (settled.into(), "settled"),
        ];
        if parts.iter().any(|(count, _)| *count > 0) {
            f.write_str(", of them ")?;
            write_counts(f, &parts, "")?;
        }
        if placeholders > 0 {
            write!(f, "; {placeholders} placeholders")?;
        }
        Ok(())
    }
}

/// What the page did, and how many records were rejected.
impl Display for LenientOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { page, rejected, retained, faults: _, faults_total } = self;
        page.fmt(f)?;
        if *rejected > 0 {
            write!(f, "; {rejected} rejected with {faults_total} faults, {retained} of them retained")?;
        }
        Ok(())
    }
}

/// How many records the step marked inactive, and the session's status.
impl Display for CleanupOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} deactivated; the session is {}", self.deactivated, self.status)
    }
}

/// How many records went, and references to them.
impl Display for PurgeOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} records removed, and {} references to them", self.purged, self.references)
    }
}

/// How many sessions expired.
impl Display for ExpiryOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} sessions expired", self.expired)
    }
}

/// `4 ids: 3 deactivated, 1 unknown`.
impl Display for DeactivationOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { total, deactivated, unchanged, unknown } = *self;
        write!(f, "{total} ids: ")?;
        let parts = [
            (deactivated.into(), "deactivated"),
            (unchanged.into(), "unchanged"),
            (unknown.into(), "unknown"),
        ];
        write_counts(f, &parts, "none given")
    }
}

/// The counts that are not 0.
impl Display for SessionCounts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            created,
            updated,
            unchanged,
            reactivated,
            filled,
            placeholders,
            deactivated,
            references_added,
            references_removed,
            rejected,
            settled,
        } = *self;
        let counts = [
            (created, "created"),
            (updated, "updated"),
            (unchanged, "unchanged"),
            (reactivated, "reactivated"),
            (filled, "filled"),
            (placeholders, "placeholders"),
            (deactivated, "deactivated"),
            (references_added, "references added"),
            (references_removed, "references removed"),
            (rejected, "rejected"),
            (settled, "settled"),
        ];
        write_counts(f, &counts, "nothing yet")
    }
}

/// That of the outcome.
impl Display for Reply {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Page(outcome) => outcome.fmt(f),
            Self::Completion(status) => write!(f, "the session is {status}"),
            Self::Cleanup(outcome) => outcome.fmt(f),
            Self::Purge(outcome) => outcome.fmt(f),
            Self::Expiry(outcome) => outcome.fmt(f),
            Self::LenientPage(outcome) => outcome.fmt(f),
            Self::Deactivation(outcome) => outcome.fmt(f),
        }
    }
}
