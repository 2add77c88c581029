//! Identifiers and times as newtypes, so that one cannot be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value)
            }
        }
    };
}

id!(
    /// A conversation: one per contact and channel, for ever.
    ConversationId
);
id!(
    /// A message. One made by a send has the id of its command.
    MessageId
);
id!(
    /// A command: a UUIDv7 made once on this phone, the idempotency key of what it does.
    CommandId
);
id!(
    /// A member of the workplace.
    MemberId
);
id!(
    /// A customer.
    ContactId
);
id!(
    /// One business number.
    ChannelId
);
id!(
    /// This installation, a UUID made on the phone.
    DeviceId
);

impl From<CommandId> for MessageId {
    fn from(value: CommandId) -> Self {
        Self(value.0)
    }
}

/// Milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);
