//! The names of things: a newtype over [`Uuid`] for each noun that has one.
//!
//! The host makes the ids (the core has no randomness); one that is in use is a conflict (SPEC 2).

use core::fmt;

use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }
    };
}

id!(
    /// Names an app. Unique among the apps of an engine.
    AppId
);
id!(
    /// Names a resource type, whatever its slug becomes. Unique among the types of an engine.
    ResourceTypeId
);
id!(
    /// Names a session. Unique among the sessions that the apps of an engine remember.
    SessionId
);
id!(
    /// Names a provisioning task. Unique among the tasks of an engine.
    TaskId
);
