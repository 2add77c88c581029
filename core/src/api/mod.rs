//! The types that may cross to a shell: plain data, no behaviour that needs a store or a network.

mod body;
mod command;
mod config;
mod credentials;
mod error;
mod health;
mod ids;
mod report;
mod rows;
mod secrets;

pub use body::{Body, MediaKind, SharedContact};
pub use command::{Discarded, Settlement, UnsentOnSignOut, Withdrawal};
pub use config::Config;
pub use credentials::Credentials;
pub use error::{Error, SignInTrouble, StorageTrouble};
pub use health::{Banner, BannerKind, Fixer, HealthSnapshot, LineCause, LineRow, LineState};
pub use ids::{
    ChannelId, CommandId, ContactId, ConversationId, DeviceId, MemberId, MessageId, Millis,
};
pub use report::{
    Account, BackgroundReason, BackgroundReport, LinkPreview, NetworkKind, StopCause,
};
pub use rows::{
    Attention, Author, AuthorKind, Choice, Forwarded, InboxRow, InboxSnapshot, LadderStep,
    LinkState, OutboxRow, OutboxSnapshot, Preview, QueuePause, Reaction, Reason, StatusSnapshot,
    StepTime, TimelineRow, TimelineSnapshot, Trouble, Unsent, WindowState,
};
pub use secrets::{SecretError, SecretStore};
