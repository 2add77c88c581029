//! Rows and snapshots.

use fieldline_core::api::{
    Attention, Author, AuthorKind, Body, Choice, CommandId, ConversationId, Forwarded, InboxRow,
    InboxSnapshot, LadderStep, LinkState, MessageId, Millis, OutboxRow, OutboxSnapshot, Preview,
    QueuePause, Reaction, Reason, StatusSnapshot, StepTime, TimelineRow, TimelineSnapshot, Trouble,
    Unsent, WindowState,
};

/// Who wrote a message.
#[uniffi::remote(Enum)]
pub enum AuthorKind {
    /// The customer.
    Customer,
    /// Typed on the owner's phone.
    OwnerApp,
    /// This member, from this or another device.
    Me,
    /// Another member.
    Colleague,
    /// The AI agent.
    Ai,
    /// A fixed automatic text.
    Automation,
    /// Lines made by the system.
    System,
    /// A kind that this version does not know.
    Unknown,
}

/// An author with the name to show, if there is one.
#[uniffi::remote(Record)]
pub struct Author {
    /// Which badge.
    pub kind: AuthorKind,
    /// A member's first name. Absent for everybody else: the customer's stands at the head of the conversation.
    pub name: Option<String>,
}

/// The five steps of a reply, and none for messages without a ladder. Ordered: it only climbs.
#[uniffi::remote(Enum)]
pub enum LadderStep {
    /// No ladder: customers' messages, the owner's phone, notes.
    None,
    /// 1: kept on this phone.
    OnPhone,
    /// 2: at our server.
    AtServer,
    /// 3: at WhatsApp.
    Sent,
    /// 4: delivered to the customer.
    Delivered,
    /// 5: read.
    Read,
    /// 5: a voice note was played.
    Played,
}

/// When a step was reached.
#[uniffi::remote(Record)]
pub struct StepTime {
    /// Which step.
    pub step: LadderStep,
    /// When.
    pub at: Millis,
}

/// Why a message is not further, as experience.md numbers the reasons.
#[uniffi::remote(Enum)]
pub enum Reason {
    /// R1: no network. Goes by itself.
    NoNetwork,
    /// R2: our server cannot be reached.
    ServerUnreachable,
    /// R3: sign in again; nothing is lost.
    SignInAgain,
    /// R4: waits for the message before it.
    BehindEarlier,
    /// R5: the business's line is down.
    LineDown,
    /// R6: WhatsApp does not answer or asks to slow down.
    WhatsAppBusy,
    /// R7: the customer service window closed.
    WindowClosed,
    /// R8: somebody answered after it had been written.
    AnsweredMeanwhile,
    /// R9: not this member's conversation any more.
    NotYours,
    /// R10: the customer cannot be reached on WhatsApp.
    Unreachable,
    /// R11: payment or account problem at WhatsApp.
    AccountTrouble,
    /// R12: template paused, changed or refused.
    TemplateRefused,
    /// R13: file too large or of a refused kind.
    FileRefused,
    /// R14: nobody knows whether it went out.
    UnknownOutcome,
    /// R15: waited seven days, stopped.
    TooOld,
    /// R16: refused for good.
    Refused,
}

/// Whose turn it is: what a screen makes of a reason, and how loud it says it.
#[uniffi::remote(Enum)]
pub enum Attention {
    /// It waits and goes on by itself, or when somebody else has acted.
    Waits,
    /// It asks the person who wrote it.
    Asks,
    /// It has stopped: it goes no further unless somebody begins anew.
    Stopped,
}

/// A reason with what belongs to it.
#[uniffi::remote(Record)]
pub struct Trouble {
    /// Which text.
    pub reason: Reason,
    /// Whose turn it is.
    pub attention: Attention,
    /// WhatsApp's own number, for R16 and R6.
    pub whatsapp_code: Option<i64>,
    /// The wire's stable code, when the server refused a command; `restored` when R8 asks because the server was set back.
    pub code: Option<String>,
    /// Since when, server time.
    pub since: Option<Millis>,
    /// Next try by itself, server time. Absent if none is planned.
    pub next_try: Option<Millis>,
    /// R8: who answered.
    pub by: Option<Author>,
    /// R8: the answer's text, to be shown beside the waiting one.
    pub answer: Option<String>,
    /// R7: when the window closed.
    pub closed_at: Option<Millis>,
    /// It stopped for good: neither time nor a yes carries this one further.
    pub is_final: bool,
}

/// What a person can do about a message now. A screen offers exactly these.
#[uniffi::remote(Enum)]
pub enum Choice {
    /// Try the network at once (`try_now`).
    TryNow,
    /// Change the text (`edit`).
    Edit,
    /// Throw it away (`discard`).
    Discard,
    /// Send it although somebody answered, or now that the window is open (`send_anyway`).
    SendAnyway,
    /// Take it back from the server (`withdraw`).
    Withdraw,
    /// Let later messages of this conversation go first (`let_pass`).
    LetPass,
    /// R14: the customer has it (`settle`).
    ItArrived,
    /// R14: the customer does not have it (`settle`).
    SendAgain,
}

/// The customer service window: 24 hours from the customer's last message, in server time.
#[uniffi::remote(Enum)]
pub enum WindowState {
    /// Free text may go out until `closes_at`.
    Open {
        /// Server time.
        closes_at: Millis,
        /// Milliseconds left at the moment of the snapshot.
        left_ms: i64,
    },
    /// Only templates, or the owner's phone.
    Closed {
        /// Server time; absent if it was never open.
        closed_at: Option<Millis>,
    },
}

/// The last message of a conversation, shortened.
#[uniffi::remote(Record)]
pub struct Preview {
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub body: Body,
}

/// This phone's unsent work in one conversation.
#[uniffi::remote(Record)]
pub struct Unsent {
    /// Replies kept on this phone that go by themselves.
    pub waiting: u32,
    /// Replies that wait for a person, here or at the server.
    pub needs_me: u32,
}

/// One conversation in the list.
#[uniffi::remote(Record)]
pub struct InboxRow {
    /// Stable key.
    pub key: ConversationId,
    /// Name, else number, else username.
    pub name: String,
    /// Last message, a waiting reply of this phone included.
    pub preview: Option<Preview>,
    /// Time of that message.
    pub at: Option<Millis>,
    /// Unread customers' messages.
    pub unread: u32,
    /// Time left to answer.
    pub window: WindowState,
    /// First unanswered customer's message.
    pub waiting_since: Option<Millis>,
    /// My own unsent work here.
    pub unsent: Unsent,
    /// Which business number.
    pub channel: String,
}

/// The list, or a window of it.
#[uniffi::remote(Record)]
pub struct InboxSnapshot {
    /// Pass it to `next` to wait for the one after.
    pub revision: u64,
    /// Newest activity first.
    pub rows: Vec<InboxRow>,
    /// All conversations held.
    pub total: u32,
    /// Always false: the window starts at the newest.
    pub has_more_before: bool,
    /// More rows below the window.
    pub has_more_after: bool,
    /// True until the first download has drawn anything.
    pub loading: bool,
}

/// Whether a message was passed on, as WhatsApp marks it.
#[uniffi::remote(Enum)]
pub enum Forwarded {
    /// It was written here.
    No,
    /// It was passed on.
    Once,
    /// It has gone through many hands.
    Often,
}

/// An emoji under a message.
#[uniffi::remote(Record)]
pub struct Reaction {
    /// Who.
    pub author: Author,
    /// Which.
    pub emoji: String,
}

/// One bubble.
#[uniffi::remote(Record)]
pub struct TimelineRow {
    /// Stable key: the same before and after it is sent.
    pub key: MessageId,
    /// Number in the conversation; absent until the server gave one.
    pub n: Option<i64>,
    /// Who.
    pub author: Author,
    /// What.
    pub body: Body,
    /// Meta's or the server's time; for an unsent one, when it was written.
    pub at: Millis,
    /// How far it got.
    pub step: LadderStep,
    /// Times of the steps reached, in order.
    pub times: Vec<StepTime>,
    /// Why it is not further.
    pub trouble: Option<Trouble>,
    /// What can be done about it.
    pub choices: Vec<Choice>,
    /// The quoted message.
    pub reply_to: Option<MessageId>,
    /// In the order in which they came.
    pub reactions: Vec<Reaction>,
    /// When its text was changed last.
    pub edited_at: Option<Millis>,
    /// Whether its author wrote it or passed it on.
    pub forwarded: Forwarded,
    /// It stands at `Sent` for more than 30 days: nobody ever confirmed that it arrived.
    pub never_confirmed: bool,
    /// Messages between the one before and this one are not on this phone yet.
    pub hole_before: bool,
    /// A customer's message came after this waiting one was written.
    pub customer_wrote_since: bool,
}

/// A conversation's bubbles with its head.
#[uniffi::remote(Record)]
pub struct TimelineSnapshot {
    /// Pass it to `next` to wait for the one after.
    pub revision: u64,
    /// Oldest first; unsent ones last, in the order they were written.
    pub rows: Vec<TimelineRow>,
    /// Messages held plus unsent ones.
    pub total: u32,
    /// Older messages exist, here or at the server (`load_older`).
    pub has_more_before: bool,
    /// Always false: the window ends at the newest.
    pub has_more_after: bool,
    /// Name of the customer.
    pub name: String,
    /// The window.
    pub window: WindowState,
    /// Newest number held: what a send passes as `seen_n`.
    pub last_n: i64,
    /// False once the conversation left this phone.
    pub held: bool,
}

/// One command that is not finished.
#[uniffi::remote(Record)]
pub struct OutboxRow {
    /// Stable key.
    pub key: CommandId,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// Name of the customer.
    pub name: String,
    /// `send`, `withdraw`, `read`, ...
    pub kind: String,
    /// The reply's text, if it is one; none once its conversation left, unless the workplace allows copying it.
    pub text: Option<String>,
    /// When it was written, server time.
    pub written_at: Millis,
    /// `OnPhone`, or `AtServer` for what waits there.
    pub step: LadderStep,
    /// Why it is still here.
    pub trouble: Option<Trouble>,
    /// What can be done.
    pub choices: Vec<Choice>,
}

/// Trouble of the whole queue (R1, R2, R3): it pauses, it marks no message.
#[uniffi::remote(Record)]
pub struct QueuePause {
    /// R1, R2 or R3.
    pub reason: Reason,
    /// The app is too old for the server: update it (a form of R2's pause with its own text).
    pub update_app: bool,
    /// Since when, server time.
    pub since: Millis,
    /// Next try, server time.
    pub next_try: Option<Millis>,
}

/// All unsent work.
#[uniffi::remote(Record)]
pub struct OutboxSnapshot {
    /// Pass it to `next` to wait for the one after.
    pub revision: u64,
    /// "Needs me" first, then by conversation in order of writing.
    pub rows: Vec<OutboxRow>,
    /// Rows.
    pub total: u32,
    /// Always false.
    pub has_more_before: bool,
    /// Always false.
    pub has_more_after: bool,
    /// Rows that wait for a person.
    pub needs_me: u32,
    /// One line instead of one reason each.
    pub pause: Option<QueuePause>,
}

/// The link to the server.
#[uniffi::remote(Enum)]
pub enum LinkState {
    /// Nobody is signed in.
    SignedOut,
    /// Not asked yet.
    Idle,
    /// Catching up.
    Connecting,
    /// Up to date and listening.
    Online,
    /// No network (R1).
    NoNetwork,
    /// The server does not answer (R2).
    ServerTrouble,
    /// The session ended (R3).
    SignInAgain,
    /// The app is too old for the server.
    UpdateApp,
    /// A manager removed this device, and everything of the account is gone here. Until somebody signs in.
    Removed,
}

/// The head line of every screen.
#[uniffi::remote(Record)]
pub struct StatusSnapshot {
    /// Pass it to `next` to wait for the one after.
    pub revision: u64,
    /// The link.
    pub link: LinkState,
    /// Since when, server time.
    pub since: Millis,
    /// When this phone was last known to be up to date, server time.
    pub up_to_date_at: Option<Millis>,
}
