//! What the driver tells a phone's process, and what that process says on its standard output.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The variable that makes a process of the child a phone; without it the child is the platform's command line.
pub const VARIABLE: &str = "FIELDLINE_CRASH_PHONE";

/// The exit code of a phone that could not be opened.
pub const NOT_OPENED: i32 = 3;

/// One life of a phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Orders {
    /// The store's file.
    pub store: PathBuf,
    /// Folder of the secrets.
    pub secrets: PathBuf,
    /// The platform, or the relay before it.
    pub url: String,
    /// Used if nobody is signed in.
    pub sign_in: SignIn,
    /// Stands in every text of this life.
    pub life: u32,
    /// Replies to write as fast as it goes. More can be ordered by a number on a line of standard input.
    pub replies: u32,
    /// No reply is written before so many conversations are held.
    pub conversations: u32,
    /// Says [`Line::Drained`] once nothing is unsent and the phone is up to date.
    pub drain: bool,
    /// The planted fault: all replies are promised before the first is kept.
    pub promise_first: bool,
    /// The log of this process, everything from `debug` up; nothing is logged without it.
    pub log: Option<PathBuf>,
}

/// How a phone signs in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// By link code.
    LinkCode(String),
    /// By e-mail and password.
    Password {
        /// The e-mail.
        email: String,
        /// The password.
        password: String,
    },
}

/// One line of a phone's standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    /// The store is open.
    Opened,
    /// Signed in; later lives go on with what is kept.
    SignedIn,
    /// As many conversations as were asked for are held.
    Ready,
    /// `send_reply` has returned: this reply is promised to the person.
    Promised {
        /// What it returned; empty under `promise_first`.
        id: String,
        /// Where it belongs.
        conversation: String,
        /// Which reply of this life, from 1.
        number: u32,
    },
    /// Nothing is unsent any more, and the phone is up to date.
    Drained,
    /// Ended as asked, by the end of standard input.
    Closed,
    /// A call failed.
    Failed {
        /// Which.
        call: String,
        /// The stable code of the error.
        code: String,
    },
}

/// The text of a reply: no two replies of a run share one.
pub fn text(life: u32, number: u32) -> String {
    format!("reply {life}-{number}")
}
