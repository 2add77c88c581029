//! How the business's lines stand (experience.md E8, S14): one banner over all of them, and the list under "Channels".

use super::{ChannelId, Millis};

/// How a line stands, in the server's words (docs/wire.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineState {
    /// Messages go in and out.
    Connected,
    /// It works; old messages come in.
    Importing,
    /// It is being set up.
    Connecting,
    /// It works, or waits, and somebody has to look.
    Attention,
    /// Nothing goes in or out.
    Down,
    /// What the server said cannot be read: this is not "well".
    Unknown,
}

/// Why a line is down or needs somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineCause {
    /// The owner chose to disconnect on the phone.
    OwnerDisconnected,
    /// The owner's phone was not used for too long.
    Inactive,
    /// The owner's app moved to another number.
    NumberChanged,
    /// The owner went back to the ordinary WhatsApp.
    Downgraded,
    /// The app was registered anew and did not come back.
    Reregistered,
    /// WhatsApp restricts the account.
    Restricted,
    /// WhatsApp has disabled the account.
    AccountDisabled,
    /// The account at WhatsApp is gone.
    AccountDeleted,
    /// Our access to the account was withdrawn.
    AccessWithdrawn,
    /// WhatsApp knows the number no more.
    NumberGone,
    /// The number is on no business app any more, and nobody said why.
    Unlinked,
    /// WhatsApp refuses the number's registration.
    NotRegistered,
    /// The app is being registered anew; usually minutes.
    Reregistering,
    /// WhatsApp slows the number down.
    Slowed,
    /// WhatsApp wants the payment put right.
    Payment,
    /// WhatsApp has not approved the number's name.
    NameNotApproved,
    /// WhatsApp forbids writing first; answers go.
    Limited,
    /// WhatsApp has named a day on which it disables the account.
    DisableScheduled,
    /// No sign of life of the owner's phone for days.
    Quiet,
    /// Nobody knows how the line is.
    Unknown,
    /// A word of a newer server (`LineRow::word`).
    Other,
}

/// Who can put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixer {
    /// It passes by itself.
    Nobody,
    /// The person at this phone.
    Me,
    /// Who has the number in the WhatsApp Business App.
    Owner,
    /// Who runs the team.
    Manager,
    /// Who runs the server.
    Operator,
}

/// One business number under "Channels".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// Stable key.
    pub key: ChannelId,
    /// The number, as the business shows it.
    pub name: String,
    /// How it stands, as last heard.
    pub state: LineState,
    /// Why, if it is not well.
    pub cause: Option<LineCause>,
    /// The server's own word for the cause, to be named where there is no text for it.
    pub word: Option<String>,
    /// Since when, server time. For `Quiet` and `Unknown` the last sign that was heard; nobody knows when a phone was opened.
    pub since: Option<Millis>,
    /// `Quiet`: whole days without a sign of life.
    pub quiet_days: Option<u32>,
    /// `Quiet`: the line may end then, server time.
    pub may_end_at: Option<Millis>,
    /// `Importing`: 0 to 100.
    pub percent: Option<u32>,
    /// My unsent replies that wait for this line.
    pub waiting: u32,
    /// Who can put it right.
    pub fixer: Fixer,
}

/// What the one line above the list and the conversation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BannerKind {
    /// A manager removed this device.
    Removed,
    /// The app is too old for the server.
    UpdateApp,
    /// Sign in again; nothing is lost.
    SignInAgain,
    /// A business number: `Banner::line`.
    Line,
    /// This phone has no network.
    NoNetwork,
    /// Our server does not answer.
    ServerTrouble,
    /// The line is well again and my replies have still to go: `Banner::line`.
    Returning,
}

/// The one line: the worst of all that is not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// What it is about.
    pub kind: BannerKind,
    /// Which business number, if it is about one.
    pub line: Option<LineRow>,
    /// Since when, server time.
    pub since: Option<Millis>,
    /// Nothing newer was heard since then, server time: the state is that old. Absent while the phone is up to date.
    pub as_of: Option<Millis>,
    /// My unsent replies that wait for it.
    pub waiting: u32,
    /// Who can put it right.
    pub fixer: Fixer,
    /// Other business numbers that are not well either.
    pub others: u32,
}

/// The health of everything between this phone and the customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthSnapshot {
    /// Pass it to `next` to wait for the one after.
    pub revision: u64,
    /// Nothing while all is well.
    pub banner: Option<Banner>,
    /// All business numbers, worst first.
    pub lines: Vec<LineRow>,
    /// The lines are as they were then, server time. Absent while the phone is up to date.
    pub as_of: Option<Millis>,
    /// True until the first download has drawn anything.
    pub loading: bool,
}
