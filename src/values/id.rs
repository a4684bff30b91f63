//! The names of things: a newtype over [`Uuid`] for each noun that has one.
//!
//! The host makes the ids, since the core has no randomness.

use core::fmt;
use core::str::FromStr;

use uuid::Uuid;

use super::words::ParseError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// Prints itself as a UUID in lower case with hyphens, and is parsed from any usual spelling.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id of this number: a random one of the host's, or a small one in a test.
            pub const fn from_u128(number: u128) -> Self {
                Self(Uuid::from_u128(number))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                Uuid::parse_str(text).map(Self).map_err(|_| ParseError::new($what, text, "a UUID"))
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// Names an app. Unique among the apps of an engine.
    AppId,
    "app id"
);
id!(
    /// Names a resource type, whatever its slug becomes. Unique among the types of an engine.
    ResourceTypeId,
    "resource type id"
);
id!(
    /// Names a session. Unique among the sessions that the apps of an engine keep.
    SessionId,
    "session id"
);
id!(
    /// Names a provisioning task. Unique among the tasks that the apps of an engine keep.
    TaskId,
    "task id"
);
