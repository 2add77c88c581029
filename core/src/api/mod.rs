//! The types that may cross to a shell: plain data, no behaviour that needs a store or a network.

mod command;
mod config;
mod error;
mod ids;
mod report;
mod rows;
mod secrets;

pub use command::{Credentials, Discarded, Settlement, UnsentOnSignOut, Withdrawal};
pub use config::Config;
pub use error::{Error, SignInTrouble, StorageTrouble};
pub use ids::{
    ChannelId, CommandId, ContactId, ConversationId, DeviceId, MemberId, MessageId, Millis,
};
pub use report::{
    Account, BackgroundReason, BackgroundReport, LinkPreview, NetworkKind, StopCause,
};
pub use rows::{
    Author, AuthorKind, Body, Choice, InboxRow, InboxSnapshot, LadderStep, LinkState, OutboxRow,
    OutboxSnapshot, Preview, QueuePause, Reason, StatusSnapshot, StepTime, TimelineRow,
    TimelineSnapshot, Trouble, Unsent, WindowState,
};
pub use secrets::{SecretError, SecretStore};
