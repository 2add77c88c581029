//! Inputs and outcomes of what a person does.

use fieldline_core::api::{Discarded, Settlement, UnsentOnSignOut, Withdrawal};

/// What `discard` found.
#[uniffi::remote(Enum)]
pub enum Discarded {
    /// It is gone and never went out.
    Removed,
    /// It may have left the phone: only `withdraw` can still stop it.
    AlreadySending,
    /// It is a message at the server or beyond.
    AlreadySent,
}

/// What `withdraw` did.
#[uniffi::remote(Enum)]
pub enum Withdrawal {
    /// It had not left the phone and is gone.
    Removed,
    /// The server is being asked; the bubble shows the outcome.
    Asked,
}

/// What a person found out about a message with an unknown outcome (R14).
#[uniffi::remote(Enum)]
pub enum Settlement {
    /// The customer has it.
    Arrived,
    /// The customer does not have it: send a copy.
    SendAgain {
        /// Number of the newest message the person has seen.
        seen_n: i64,
    },
}

/// What to do with unsent work when signing out.
#[uniffi::remote(Enum)]
pub enum UnsentOnSignOut {
    /// Do not sign out while something is unsent.
    Keep,
    /// Sign out and delete it. The shell has asked twice.
    Delete,
}
