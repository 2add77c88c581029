//! Shapes of the wire (docs/wire.md). Unknown fields are ignored; unknown words stay words.

mod commands;
mod objects;
mod pages;
mod session;

pub(crate) use commands::{Answer, Answers, Command, CommandBody, TextBody, batch};
pub(crate) use objects::{Channel, Contact, Conversation, Member, Message, Workspace};
pub(crate) use pages::{Bootstrap, Change, Changes, Entered, Frame, History, Imported, Scope};
pub(crate) use session::{ErrorBody, PreviewBody, SessionBody, device_json};
