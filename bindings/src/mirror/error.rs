//! The one public error. `Error` alone would hide the languages' own types of that name.

use fieldline_core::api::{Error as FieldlineError, SignInTrouble, StorageTrouble};

/// Why signing in, or going on as signed in, did not work.
#[uniffi::remote(Enum)]
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
#[uniffi::remote(Enum)]
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

/// What a call of the client can answer with. No variant holds personal data.
#[uniffi::remote(Error)]
pub enum FieldlineError {
    /// No network, or the server cannot be reached. What was queued goes by itself.
    Offline,
    /// Somebody has to sign in.
    SignIn {
        /// Which text to show.
        trouble: SignInTrouble,
    },
    /// Not permitted for this member.
    NotAllowed,
    /// The server refused; `code` is a stable word of the wire.
    Refused {
        /// Stable snake_case code.
        code: String,
    },
    /// The caller's input is not usable; nothing was stored.
    Invalid {
        /// Which input.
        field: String,
        /// The limit it breaks, in the unit of that field; 0 if it is no matter of size.
        limit: u64,
    },
    /// Nothing with that id is on this phone.
    NotFound,
    /// The local store is in trouble.
    Storage {
        /// What kind.
        trouble: StorageTrouble,
    },
    /// Another process or `Client` has this store open.
    AlreadyOpen,
    /// The store was written by a newer app; it was not touched.
    IncompatibleVersion,
    /// The app is suspended; call again after `enter_foreground`.
    Suspended,
    /// The client was shut down, or the wait was cancelled.
    Cancelled,
    /// A fault of ours. `reason` names a place, never content.
    Internal {
        /// Which part failed.
        reason: String,
    },
}
