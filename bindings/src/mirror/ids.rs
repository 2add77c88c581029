//! Identifiers, times and paths: plain strings and numbers in the languages that have no cheap newtypes.

use std::path::PathBuf;

use fieldline_core::api::{CommandId, ConversationId, DeviceId, MemberId, MessageId, Millis};

uniffi::custom_type!(
    /// A conversation: one per contact and channel, for ever.
    ConversationId, String, { remote, lower: |id| id.0, try_lift: |id| Ok(ConversationId(id)) }
);
uniffi::custom_type!(
    /// A message. One made by a send has the id of its command.
    MessageId, String, { remote, lower: |id| id.0, try_lift: |id| Ok(MessageId(id)) }
);
uniffi::custom_type!(
    /// A command: a UUIDv7 made once on this phone, the idempotency key of what it does.
    CommandId, String, { remote, lower: |id| id.0, try_lift: |id| Ok(CommandId(id)) }
);
uniffi::custom_type!(
    /// A member of the workplace.
    MemberId, String, { remote, lower: |id| id.0, try_lift: |id| Ok(MemberId(id)) }
);
uniffi::custom_type!(
    /// This installation, a UUID made on the phone.
    DeviceId, String, { remote, lower: |id| id.0, try_lift: |id| Ok(DeviceId(id)) }
);
uniffi::custom_type!(
    /// Milliseconds since 1970 UTC.
    Millis, i64, { remote, lower: |time| time.0, try_lift: |time| Ok(Millis(time)) }
);
uniffi::custom_type!(
    /// A path of the file system, as text.
    PathBuf, String, {
        remote,
        lower: |path| path.to_string_lossy().into_owned(),
        try_lift: |path| Ok(PathBuf::from(path))
    }
);
