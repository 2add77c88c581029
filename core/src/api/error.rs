//! The one public error: few variants, each something a screen can act on, each with a stable code.

use thiserror::Error as ThisError;

/// Why signing in, or going on as signed in, did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInTrouble {
    /// Wrong e-mail or password; never which.
    WrongCredentials,
    /// The link code was used before.
    CodeUsed,
    /// The link code is older than ten minutes.
    CodeExpired,
    /// No such link code on this server.
    CodeUnknown,
    /// Too many tries; wait some minutes.
    TooManyTries,
    /// This phone's id belongs to another member on that server.
    DeviceTaken,
    /// Nobody is signed in on this phone.
    SignedOut,
    /// The session ended: ask for the password. Nothing is lost.
    SessionEnded,
    /// A manager removed this device.
    DeviceRevoked,
}

/// What is wrong with the local store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageTrouble {
    /// The disk is full. Reading goes on.
    Full,
    /// File or secrets cannot be read now, after a reboot before the first unlock for example.
    Locked,
    /// The file is damaged.
    Damaged,
    /// The secret store refused or lost a secret.
    Key,
}

/// What a call of [`crate::Client`] can answer with. No variant holds personal data.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Error {
    /// No network, or the server cannot be reached. What was queued goes by itself.
    #[error("the server cannot be reached")]
    Offline,
    /// Somebody has to sign in.
    #[error("sign-in needed: {trouble:?}")]
    SignIn {
        /// Which text to show.
        trouble: SignInTrouble,
    },
    /// Not permitted for this member.
    #[error("not allowed")]
    NotAllowed,
    /// The server refused; `code` is a stable word of the wire.
    #[error("refused: {code}")]
    Refused {
        /// Stable snake_case code.
        code: String,
    },
    /// The caller's input is not usable; nothing was stored.
    #[error("invalid {field} (limit {limit})")]
    Invalid {
        /// Which input.
        field: String,
        /// The limit it breaks, in the unit of that field; 0 if it is no matter of size.
        limit: u64,
    },
    /// Nothing with that id is on this phone.
    #[error("not found")]
    NotFound,
    /// The local store is in trouble.
    #[error("storage: {trouble:?}")]
    Storage {
        /// What kind.
        trouble: StorageTrouble,
    },
    /// Another process or `Client` has this store open.
    #[error("the store is already open")]
    AlreadyOpen,
    /// The store was written by a newer app; it was not touched.
    #[error("the store is of a newer version")]
    IncompatibleVersion,
    /// The app is suspended; call again after `enter_foreground`.
    #[error("suspended")]
    Suspended,
    /// The client was shut down, or the wait was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A fault of ours. `reason` names a place, never content.
    #[error("internal: {reason}")]
    Internal {
        /// Which part failed.
        reason: String,
    },
}

impl Error {
    /// The stable code of this error, for words, logs and scenarios.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::SignIn { .. } => "sign_in",
            Self::NotAllowed => "not_allowed",
            Self::Refused { .. } => "refused",
            Self::Invalid { .. } => "invalid",
            Self::NotFound => "not_found",
            Self::Storage { .. } => "storage",
            Self::AlreadyOpen => "already_open",
            Self::IncompatibleVersion => "incompatible_version",
            Self::Suspended => "suspended",
            Self::Cancelled => "cancelled",
            Self::Internal { .. } => "internal",
        }
    }

    /// A fault of ours at `place`.
    pub(crate) fn internal(place: &str) -> Self {
        Self::Internal { reason: place.to_owned() }
    }
}
