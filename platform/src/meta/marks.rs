//! What a commit has touched, turned into rows of the change line at its end.
//!
//! Collected first and written once, so that one object appears once in a commit, whatever
//! happened to it there, and in the order that phones count on: channels, messages, contacts,
//! conversations. A conversation that is new is one row, `entered`, which brings its contact and
//! its messages with it; they take that row's number as their version.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::imports::{self, Batch};
use crate::store::objects::Place;
use crate::store::{ChangeKind, ChangeScope, StoreError, WriteTx, chats, people, texts};

/// The touched objects of one workspace.
#[derive(Debug, Clone, Default)]
struct Touched {
    channels: BTreeSet<String>,
    messages: BTreeMap<(String, i64), String>,
    contacts: BTreeSet<String>,
    conversations: BTreeSet<String>,
    /// Conversation id -> contact id.
    entered: BTreeMap<String, String>,
    /// Conversation id -> the old messages that were added to it.
    imported: BTreeMap<String, Batch>,
}

/// The touched objects of a commit, by workspace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks(BTreeMap<String, Touched>);

impl Marks {
    fn of(&mut self, workspace: &str) -> &mut Touched {
        self.0.entry(workspace.to_owned()).or_default()
    }

    /// A channel changed.
    pub(crate) fn channel(&mut self, workspace: &str, id: &str) {
        self.of(workspace).channels.insert(id.to_owned());
    }

    /// A message is new or changed.
    pub(crate) fn message(&mut self, workspace: &str, conversation: &str, n: i64, id: &str) {
        self.of(workspace).messages.insert((conversation.to_owned(), n), id.to_owned());
    }

    /// A contact changed.
    pub(crate) fn contact(&mut self, workspace: &str, id: &str) {
        self.of(workspace).contacts.insert(id.to_owned());
    }

    /// A conversation changed.
    pub(crate) fn conversation(&mut self, workspace: &str, id: &str) {
        self.of(workspace).conversations.insert(id.to_owned());
    }

    /// A conversation is new.
    pub(crate) fn entered(&mut self, workspace: &str, id: &str, contact: &str) {
        self.of(workspace).entered.insert(id.to_owned(), contact.to_owned());
    }

    /// An old message was added.
    pub(crate) fn imported(&mut self, workspace: &str, conversation: &str, place: Place) {
        self.of(workspace)
            .imported
            .entry(conversation.to_owned())
            .and_modify(|batch| *batch = batch.and(place))
            .or_insert_with(|| Batch::of(place));
    }

    /// Writes the change rows and the versions. Nothing touched, nothing written.
    pub(crate) fn write(self, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        for (workspace, touched) in self.0 {
            touched.write(tx, &workspace)?;
        }
        Ok(())
    }
}

impl Touched {
    fn write(self, tx: &mut WriteTx<'_>, workspace: &str) -> Result<(), StoreError> {
        for id in &self.channels {
            let seq = tx.change(workspace, &ChangeScope::Workspace, ChangeKind::Channel, id)?;
            chats::set_channel_version(tx.sql(), id, seq)?;
        }
        for ((conversation, n), id) in &self.messages {
            if !self.entered.contains_key(conversation) {
                let scope = ChangeScope::Conversation(conversation.clone());
                let seq = tx.change(workspace, &scope, ChangeKind::Message, id)?;
                texts::set_version(tx.sql(), conversation, *n, seq)?;
            }
        }
        for id in &self.contacts {
            for conversation in people::conversations(tx.sql(), id)? {
                if !self.entered.contains_key(&conversation) {
                    let scope = ChangeScope::Conversation(conversation);
                    let seq = tx.change(workspace, &scope, ChangeKind::Contact, id)?;
                    people::set_version(tx.sql(), id, seq)?;
                }
            }
        }
        for (id, contact) in &self.entered {
            let scope = ChangeScope::Conversation(id.clone());
            let seq = tx.change(workspace, &scope, ChangeKind::Entered, id)?;
            chats::set_version(tx.sql(), id, seq)?;
            people::set_version(tx.sql(), contact, seq)?;
            let all = (id.clone(), i64::MIN)..=(id.clone(), i64::MAX);
            for ((conversation, n), _) in self.messages.range(all) {
                texts::set_version(tx.sql(), conversation, *n, seq)?;
            }
            // Its page of newest messages tells enough.
            if let Some(batch) = self.imported.get(id) {
                imports::seal(tx.sql(), id, batch, seq)?;
            }
        }
        for (id, batch) in &self.imported {
            if !self.entered.contains_key(id) {
                let scope = ChangeScope::Conversation(id.clone());
                let kind = ChangeKind::Imported;
                let seq = tx.change_with(workspace, &scope, kind, id, &batch.payload())?;
                imports::seal(tx.sql(), id, batch, seq)?;
            }
        }
        for id in self.conversations.iter().filter(|id| !self.entered.contains_key(*id)) {
            let scope = ChangeScope::Conversation(id.clone());
            let seq = tx.change(workspace, &scope, ChangeKind::Conversation, id)?;
            chats::set_version(tx.sql(), id, seq)?;
        }
        Ok(())
    }
}
