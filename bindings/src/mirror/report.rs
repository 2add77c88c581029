//! Answers to life-cycle calls and sign-in.

use fieldline_core::api::{
    Account, BackgroundReason, BackgroundReport, DeviceId, LinkPreview, MemberId, NetworkKind,
    StopCause,
};

/// Who is signed in on this store.
#[uniffi::remote(Record)]
pub struct Account {
    /// The member.
    pub member_id: MemberId,
    /// First name as colleagues see it.
    pub member_name: String,
    /// `owner`, `manager`, `employee` or a newer word.
    pub role: String,
    /// The business's name.
    pub workspace_name: String,
    /// This phone.
    pub device_id: DeviceId,
}

/// What a link code stands for; shown before the person says yes.
#[uniffi::remote(Record)]
pub struct LinkPreview {
    /// The business's name.
    pub workspace_name: String,
    /// The member who would be signed in.
    pub member_name: String,
}

/// The kind of network the phone reports.
#[uniffi::remote(Enum)]
pub enum NetworkKind {
    /// None.
    None,
    /// Wi-Fi or cable.
    Unmetered,
    /// Mobile data.
    Metered,
}

/// Why the system gave the app time in the background.
#[uniffi::remote(Enum)]
pub enum BackgroundReason {
    /// A push woke it.
    Push,
    /// Scheduled work.
    Scheduled,
}

/// Why a background run ended.
#[uniffi::remote(Enum)]
pub enum StopCause {
    /// Nothing was left to do.
    Finished,
    /// The budget was used up.
    Budget,
    /// No network, or the server cannot be reached.
    Offline,
    /// Nobody is signed in, or the session ended.
    SignIn,
}

/// What a run in the background did. The file is closed when this is returned.
#[uniffi::remote(Record)]
pub struct BackgroundReport {
    /// Commands that the server answered in this run.
    pub answered: u32,
    /// Commands still on this phone that can go by themselves.
    pub still_waiting: u32,
    /// Commands that wait for a person.
    pub needs_me: u32,
    /// Customers' messages that came in this run.
    pub new_messages: u32,
    /// When the core would like to run again, in milliseconds from now.
    pub next_wanted_in_ms: Option<u64>,
    /// Why it ended.
    pub why_stopped: StopCause,
}
