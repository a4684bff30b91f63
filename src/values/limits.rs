//! Every limit of the engine, in one place (SPEC 1: "all limits are engine configuration").

use core::fmt;

/// How large things may be. Lengths of text count Unicode scalar values, `bytes` count bytes.
///
/// Each limit has a default, fixed by SPEC where it names one, and a ceiling that the layout of the
/// tables sets ([`Limits::CEILINGS`]); [`Config::with_limits`] brings a larger value down to the
/// ceiling, and a zero up to one.
///
/// ```
/// use headcount::{Config, Limits};
/// let mut limits = Limits::default();
/// limits.records_per_page_max = 500;
/// assert_eq!(Config::new().with_limits(limits).limits().records_per_page_max, 500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Records in one page. Default 100 (SPEC 3.2).
    pub records_per_page_max: u32,
    /// References in one account, counted as sent. Default 10,000 (SPEC 3.3).
    pub references_per_account_max: u32,
    /// Faults that the refusal of a page lists; their total is told beside them. Default 100 (SPEC 3.5).
    pub faults_listed_max: u32,
    /// Records of one type in one app, active and inactive. Default 100,000,000 (our decision:
    /// row numbers have 32 bits).
    pub records_per_type_max: u32,
    /// Sessions that an app remembers, the open one among them. Default 100 (SPEC 5).
    pub sessions_per_app_max: u32,
    /// Tasks in one page of a list. Default 1,000 (SPEC 6).
    pub tasks_listed_max: u32,
    /// Tasks in one page of a list when the reader names no limit. Default 50 (SPEC 6).
    pub tasks_listed_default: u32,
    /// Length of a record's external id, in a page or in a reference. Default 255 (SPEC 3.3).
    pub id_chars_max: u32,
    /// Length of the name of an app, a resource type, a group, a license or a reference, and of an
    /// account's text fields. Default 255 (SPEC 2, 3.3).
    pub text_chars_max: u32,
    /// Length of a description. Default 4,096 (SPEC 3.3).
    pub description_chars_max: u32,
    /// Length of a slug. Default 100 (SPEC 2).
    pub slug_chars_max: u32,
    /// Size of a task's payload, result, error code and error message each, and of the reason that a
    /// session failed for, in bytes. Default 65,536 (SPEC 6 for the payload; our decision for the rest).
    pub opaque_bytes_max: u32,
}

impl Limits {
    /// The limits that SPEC names.
    pub const DEFAULTS: Self = Self {
        records_per_page_max: 100,
        references_per_account_max: 10_000,
        faults_listed_max: 100,
        records_per_type_max: 100_000_000,
        sessions_per_app_max: 100,
        tasks_listed_max: 1_000,
        tasks_listed_default: 50,
        id_chars_max: 255,
        text_chars_max: 255,
        description_chars_max: 4_096,
        slug_chars_max: 100,
        opaque_bytes_max: 64 * 1024,
    };

    /// The largest values that the engine can work with: a text's length in bytes must fit
    /// 16 bits, and a record a chunk of 1 MiB.
    pub const CEILINGS: Self = Self {
        records_per_page_max: 65_535,
        references_per_account_max: 50_000,
        faults_listed_max: 65_535,
        records_per_type_max: 4_000_000_000,
        sessions_per_app_max: 65_535,
        tasks_listed_max: 1_000_000,
        tasks_listed_default: 1_000_000,
        id_chars_max: 16_383,
        text_chars_max: 16_383,
        description_chars_max: 16_383,
        slug_chars_max: 16_383,
        opaque_bytes_max: 16 * 1024 * 1024,
    };

    fn bounded(self) -> Self {
        let top = Self::CEILINGS;
        Self {
            records_per_page_max: self.records_per_page_max.clamp(1, top.records_per_page_max),
            references_per_account_max: self
                .references_per_account_max
                .clamp(1, top.references_per_account_max),
            faults_listed_max: self.faults_listed_max.clamp(1, top.faults_listed_max),
            records_per_type_max: self.records_per_type_max.clamp(1, top.records_per_type_max),
            sessions_per_app_max: self.sessions_per_app_max.clamp(1, top.sessions_per_app_max),
            tasks_listed_max: self.tasks_listed_max.clamp(1, top.tasks_listed_max),
            tasks_listed_default: self.tasks_listed_default.clamp(1, top.tasks_listed_default),
            id_chars_max: self.id_chars_max.clamp(1, top.id_chars_max),
            text_chars_max: self.text_chars_max.clamp(1, top.text_chars_max),
            description_chars_max: self.description_chars_max.clamp(1, top.description_chars_max),
            slug_chars_max: self.slug_chars_max.clamp(1, top.slug_chars_max),
            opaque_bytes_max: self.opaque_bytes_max.clamp(1, top.opaque_bytes_max),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULTS
    }
}

/// What an [`Engine`](crate::Engine) is made with: its limits and its hash key.
///
/// Replicas of one engine need the same limits (they decide what is refused), not the same key.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Config {
    limits: Limits,
    hash_key: [u8; 16],
}

impl Config {
    /// The default limits and a key of zeros.
    pub const fn new() -> Self {
        Self { limits: Limits::DEFAULTS, hash_key: [0; 16] }
    }

    /// With these limits, each brought within 1 and its ceiling.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits.bounded();
        self
    }

    /// With this key for the hash tables: 16 random bytes of the host's, unknown to those who choose
    /// the records' ids, make it infeasible to slow the tables down with chosen ids. The key shows
    /// in no reply, change, digest or snapshot.
    #[must_use]
    pub const fn with_hash_key(mut self, key: [u8; 16]) -> Self {
        self.hash_key = key;
        self
    }

    /// The limits in force.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn hash_key(&self) -> &[u8; 16] {
        &self.hash_key
    }
}

impl fmt::Debug for Config {
    /// The key is a secret of the host's: it is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("limits", &self.limits).finish_non_exhaustive()
    }
}
