//! A rule that a state breaks.

use alloc::string::String;

use super::fault::FaultCode;
use super::text::Rule;

/// A rule that the state breaks. An engine that was only ever given commands breaks none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SPEC {rule} is broken: {detail}")]
#[non_exhaustive]
pub struct BrokenInvariant {
    /// The number of the rule in the [contract](crate::spec).
    pub rule: &'static str,
    /// Where, and how.
    pub detail: String,
}

impl BrokenInvariant {
    pub(crate) fn new(rule: &'static str, detail: impl Into<String>) -> Self {
        Self { rule, detail: detail.into() }
    }

    /// The same, of a part of what was looked at.
    pub(crate) fn within(self, whole: impl core::fmt::Display) -> Self {
        Self { rule: self.rule, detail: alloc::format!("{whole}: {}", self.detail) }
    }
}

/// Whether a rule was found to hold.
pub(crate) type Checked = Result<(), BrokenInvariant>;

/// Checks one rule.
#[inline]
pub(crate) fn ensure<S: Into<String>>(
    holds: bool,
    rule: &'static str,
    detail: impl FnOnce() -> S,
) -> Checked {
    if holds { Ok(()) } else { Err(BrokenInvariant::new(rule, detail())) }
}

/// Checks a text that was taken in under limits which may have been others than today's.
#[inline]
pub(crate) fn ensure_text(rule: Rule, what: &str, text: &str) -> Checked {
    match rule.fault(text) {
        None => Ok(()),
        Some(code) => Err(broken_text(what, code)),
    }
}

#[cold]
fn broken_text(what: &str, code: FaultCode) -> BrokenInvariant {
    BrokenInvariant::new("3.3", alloc::format!("{what}: {code}"))
}

#[cfg(feature = "serde")]
/// A count that a snapshot tells of is at most this: no engine counts so far, and sums cannot overflow.
pub(crate) const COUNT_MAX: u64 = 1 << 60;
