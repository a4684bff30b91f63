//! Every limit of the engine, in one place.

use core::fmt;

use super::guard::Guard;

/// Declares [`Limits`]: for each limit its meaning, type, default and ceiling.
macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:literal, at most $ceiling:literal;)+) => {
        /// How large things may be ([SPEC 1](crate::spec#1-nouns)). Lengths of text count Unicode scalar
        /// values, `bytes` count bytes.
        ///
        /// Each limit has a default, which the contract names where it speaks of it, and a ceiling that
        /// the layout of the tables sets ([`Limits::CEILINGS`]). [`Config::with_limits`] refuses a limit
        /// beyond its ceiling, and a zero.
        ///
        /// In a format for people, a limit that is absent has its default.
        ///
        /// ```
        /// use headcount::{Config, Limits};
        /// let mut limits = Limits::default();
        /// limits.records_per_page_max = 500;
        /// let config = Config::new().with_limits(limits)?;
        /// assert_eq!(config.limits().records_per_page_max, 500);
        ///
        /// limits.id_chars_max = 1_000_000;
        /// let refused = Config::new().with_limits(limits).unwrap_err();
        /// assert_eq!(refused.to_string(), "id_chars_max: found 1000000, expected 1 to 16383");
        /// # Ok::<(), headcount::LimitOutOfRange>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
        #[non_exhaustive]
        pub struct Limits {
            $($(#[$doc])* pub $name: $type,)+
        }

        impl Limits {
            /// The limits that the contract names.
            pub const DEFAULTS: Self = Self { $($name: $default,)+ };

            /// The largest values that the engine can work with: a text's length in bytes must fit 16
            /// bits, a record a chunk of 1 MiB, a row's number and its place 32 bits.
            pub const CEILINGS: Self = Self { $($name: $ceiling,)+ };

            /// Whether each limit is at least 1 and at most its ceiling.
            ///
            /// # Errors
            /// The first that is not.
            pub fn validate(&self) -> Result<(), LimitOutOfRange> {
                let Self { $($name,)+ } = *self;
                $(
                    if $name == 0 || $name > Self::CEILINGS.$name {
                        let (found, max) = (u64::from($name), u64::from(Self::CEILINGS.$name));
                        return Err(LimitOutOfRange { limit: stringify!($name), found, min: 1, max });
                    }
                )+
                Ok(())
            }
        }
    };
}

limits! {
    /// Records in one page. Default 100 ([SPEC 3.2](crate::spec#32-size)).
    records_per_page_max: u32 = 100, at most 65_535;
    /// References in one account, counted as sent. Default 10,000 ([SPEC 3.3](crate::spec#33-fields)).
    references_per_account_max: u32 = 10_000, at most 50_000;
    /// Faults that the refusal of a page lists; their total is told beside them. Default 100
    /// ([SPEC 3.5](crate::spec#35-all-or-nothing)).
    faults_listed_max: u32 = 100, at most 65_535;
    /// Records of one type in one app, active and inactive. What is on record stays, and may be pushed
    /// again. Default 100,000,000 (our decision: row numbers have 32 bits). The limit on bytes usually binds first.
    records_per_type_max: u32 = 100_000_000, at most 4_000_000_000;
    /// Bytes of the records of one type in one app: 32 for each, its texts, 4 for each reference, 8 for each type
    /// referred to, and what its attributes take ([SPEC 3.2](crate::spec#32-size)), rounded up to a multiple of 8. What is on record stays, and may be
    /// pushed again. Default 5 GiB, the ceiling (our decision). An account with 68 bytes of text and five references
    /// to one type takes 128: of such there is room for 42 million.
    bytes_per_type_max: u64 = 5_368_709_120, at most 5_368_709_120;
    /// Sessions that an app keeps, the open one among them. Default 100
    /// ([SPEC 5](crate::spec#5-progress-and-history)).
    sessions_per_app_max: u32 = 100, at most 65_535;
    /// Ended tasks that an app keeps. Default 10,000 ([SPEC 6](crate::spec#6-tasks)).
    ended_tasks_per_app_max: u32 = 10_000, at most 10_000_000;
    /// Tasks in one page of a list. Default 1,000 ([SPEC 6](crate::spec#6-tasks)).
    tasks_listed_max: u32 = 1_000, at most 1_000_000;
    /// Tasks in one page of a list when the reader names no limit. Default 50
    /// ([SPEC 6](crate::spec#6-tasks)).
    tasks_listed_default: u32 = 50, at most 1_000_000;
    /// Length of a record's external id, in a page or in a reference. Default 255
    /// ([SPEC 3.3](crate::spec#33-fields)).
    id_chars_max: u32 = 255, at most 16_383;
    /// Length of the name of an app, a resource type, a group, a license or a reference, and of an
    /// account's text fields. Default 255 ([SPEC 2](crate::spec#2-commands),
    /// [3.3](crate::spec#33-fields)).
    text_chars_max: u32 = 255, at most 16_383;
    /// Length of a description. Default 4,096 ([SPEC 3.3](crate::spec#33-fields)).
    description_chars_max: u32 = 4_096, at most 16_383;
    /// Length of a slug. Default 100 ([SPEC 2](crate::spec#2-commands)).
    slug_chars_max: u32 = 100, at most 16_383;
    /// Length of the reason that a session failed for. Default 1,024 ([SPEC 2](crate::spec#2-commands)).
    reason_chars_max: u32 = 1_024, at most 1_048_576;
    /// Size of a task's payload, result, error code and error message each, in bytes. Default 65,536
    /// ([SPEC 6](crate::spec#6-tasks) for the payload; our decision for the rest).
    opaque_bytes_max: u32 = 65_536, at most 16_777_216;
    /// Size of a session's checkpoint, in bytes. Default 4,096 ([SPEC 2](crate::spec#2-save-checkpoint)).
    checkpoint_bytes_max: u32 = 4_096, at most 1_048_576;
    /// Attributes in one record, those that count as absent apart. Default 64
    /// ([SPEC 3.10](crate::spec#310-attributes)).
    attributes_per_record_max: u32 = 64, at most 1_024;
    /// Length of an attribute's name. Default 100 ([SPEC 3.10](crate::spec#310-attributes)).
    attribute_name_chars_max: u32 = 100, at most 16_383;
    /// Length of a text that is the value of an attribute, or in the list that is. Default 1,024
    /// ([SPEC 3.10](crate::spec#310-attributes)).
    attribute_text_chars_max: u32 = 1_024, at most 16_383;
    /// Texts in the list that is the value of an attribute. Default 100 ([SPEC 3.10](crate::spec#310-attributes)).
    attribute_texts_max: u32 = 100, at most 16_383;
    /// Bytes of the names and texts of one record's attributes. Default 16 KiB
    /// ([SPEC 3.10](crate::spec#310-attributes)).
    attribute_bytes_max: u32 = 16_384, at most 20_480;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULTS
    }
}

/// A limit that the engine cannot keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit}: found {found}, expected {min} to {max}")]
#[non_exhaustive]
pub struct LimitOutOfRange {
    /// Its field in [`Limits`], or that of the default guard.
    pub limit: &'static str,
    /// What it was to be.
    pub found: u64,
    /// The least that can be kept.
    pub min: u64,
    /// Its ceiling.
    pub max: u64,
}

/// What an [`Engine`](crate::Engine) is made with: its limits, its default guard and its hash key.
///
/// Replicas of one engine need the same limits and the same guard (they decide what is refused), not the same key.
/// Serialized, it holds the key: keep it as a secret.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "UncheckedConfig"))]
pub struct Config {
    limits: Limits,
    hash_key: [u8; 16],
    guard: Guard,
}

/// What a [`Config`] is parsed from.
#[cfg(feature = "serde")]
#[derive(Default, serde::Deserialize)]
#[serde(rename = "Config", default)]
struct UncheckedConfig {
    limits: Limits,
    hash_key: [u8; 16],
    guard: Guard,
}

#[cfg(feature = "serde")]
impl TryFrom<UncheckedConfig> for Config {
    type Error = LimitOutOfRange;

    fn try_from(unchecked: UncheckedConfig) -> Result<Self, LimitOutOfRange> {
        let UncheckedConfig { limits, hash_key, guard } = unchecked;
        Self::new().with_hash_key(hash_key).with_limits(limits)?.with_guard(guard)
    }
}

impl Config {
    /// The default limits, no guard, and a key of zeros.
    pub const fn new() -> Self {
        Self { limits: Limits::DEFAULTS, hash_key: [0; 16], guard: Guard::NONE }
    }

    /// With these limits.
    ///
    /// # Errors
    /// [`LimitOutOfRange`] for one that is zero or beyond its ceiling.
    pub fn with_limits(mut self, limits: Limits) -> Result<Self, LimitOutOfRange> {
        limits.validate()?;
        self.limits = limits;
        Ok(self)
    }

    /// With this guard for apps that are created, clones too: their default guard
    /// ([SPEC 2](crate::spec#2-create-app)). Those that there are keep theirs.
    ///
    /// # Errors
    /// [`LimitOutOfRange`] for a percentage beyond 100.
    pub fn with_guard(mut self, guard: Guard) -> Result<Self, LimitOutOfRange> {
        if let Some((limit, found)) = guard.percentage_out_of_range() {
            return Err(LimitOutOfRange { limit, found: u64::from(found), min: 0, max: 100 });
        }
        self.guard = guard;
        Ok(self)
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

    /// The guard that an app is created with.
    pub const fn guard(&self) -> Guard {
        self.guard
    }

    pub(crate) const fn hash_key(&self) -> &[u8; 16] {
        &self.hash_key
    }
}

impl fmt::Debug for Config {
    /// The key is a secret of the host's: it is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("limits", &self.limits)
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}
