//! One write transaction, and the change line's numbers given inside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::Transaction;

use super::error::StoreError;
use crate::support::{Rng, rng};

/// Bytes of a commit's random tag: enough that a line restored from a copy never matches the one
/// it parted from.
const TAG_BYTES: usize = 8;

/// Who may see a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeScope {
    /// Every member.
    Workspace,
    /// Who has this conversation in scope when the page is made.
    Conversation(String),
    /// One member alone.
    Member(String),
}

impl ChangeScope {
    /// As stored.
    pub fn to_text(&self) -> String {
        match self {
            Self::Workspace => "workspace".to_owned(),
            Self::Conversation(id) => format!("conversation:{id}"),
            Self::Member(id) => format!("member:{id}"),
        }
    }

    /// Reads what is stored.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "workspace" => Some(Self::Workspace),
            Some(("conversation", id)) => Some(Self::Conversation(id.to_owned())),
            Some(("member", id)) => Some(Self::Member(id.to_owned())),
            _ => None,
        }
    }
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The workspace itself.
    Workspace,
    /// A member.
    Member,
    /// A business number.
    Channel,
    /// A contact.
    Contact,
    /// A conversation.
    Conversation,
    /// A message.
    Message,
    /// A conversation was made or moved: `entered` for whom it is in scope, `left` for others.
    Entered,
    /// A conversation left everybody's scope but the managers'.
    Left,
    /// A member's own read mark; the id is the conversation's.
    MyRead,
    /// A message template.
    Template,
    /// Old messages were added to a conversation; the id is the conversation's.
    Imported,
    /// A label that conversations and contacts may carry.
    Label,
    /// A text that people send often.
    QuickReply,
    /// A team.
    Team,
    /// Two contacts became one; the id is that of the one that is no more.
    Merged,
}

impl ChangeKind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Workspace,
        Self::Member,
        Self::Channel,
        Self::Contact,
        Self::Conversation,
        Self::Message,
        Self::Entered,
        Self::Left,
        Self::MyRead,
        Self::Template,
        Self::Imported,
        Self::Label,
        Self::QuickReply,
        Self::Team,
        Self::Merged,
    ];

    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Member => "member",
            Self::Channel => "channel",
            Self::Contact => "contact",
            Self::Conversation => "conversation",
            Self::Message => "message",
            Self::Entered => "entered",
            Self::Left => "left",
            Self::MyRead => "my_read",
            Self::Template => "template",
            Self::Imported => "imported",
            Self::Label => "label",
            Self::QuickReply => "quick_reply",
            Self::Team => "team",
            Self::Merged => "merged",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A running write transaction.
pub struct WriteTx<'c> {
    tx: Transaction<'c>,
    now: i64,
    rng: Arc<dyn Rng>,
    tag: Option<String>,
    /// The newest number of each line that got rows here. Written once, by the commit.
    heads: BTreeMap<String, i64>,
    /// Whose feeds are to be woken.
    moved: BTreeSet<String>,
    hooks: Vec<Hook>,
}

/// What is to be done once a transaction is committed.
pub(super) type Hook = Box<dyn FnOnce() + Send>;

impl<'c> WriteTx<'c> {
    pub(super) fn new(tx: Transaction<'c>, now: i64, rng: Arc<dyn Rng>) -> Self {
        Self {
            tx,
            now,
            rng,
            tag: None,
            heads: BTreeMap::new(),
            moved: BTreeSet::new(),
            hooks: Vec::new(),
        }
    }

    /// The transaction, for SQL.
    pub fn sql(&self) -> &Transaction<'c> {
        &self.tx
    }

    /// The time of this commit: milliseconds UTC, the same throughout.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// A random UUID.
    pub fn uuid(&mut self) -> String {
        rng::uuid(self.rng.as_ref())
    }

    /// The injected randomness.
    pub fn rng(&self) -> &dyn Rng {
        self.rng.as_ref()
    }

    /// Adds a row to the workspace's change line and gives its number, which the caller writes as
    /// the object's version.
    pub fn change(
        &mut self,
        workspace: &str,
        scope: &ChangeScope,
        kind: ChangeKind,
        id: &str,
    ) -> Result<i64, StoreError> {
        self.add(workspace, scope, kind, id, false, None)
    }

    /// As [`WriteTx::change`], for an object that is no more.
    pub fn gone(
        &mut self,
        workspace: &str,
        scope: &ChangeScope,
        kind: ChangeKind,
        id: &str,
    ) -> Result<i64, StoreError> {
        self.add(workspace, scope, kind, id, true, None)
    }

    /// As [`WriteTx::change`], for a change that no table holds: the row carries it.
    pub fn change_with(
        &mut self,
        workspace: &str,
        scope: &ChangeScope,
        kind: ChangeKind,
        id: &str,
        payload: &serde_json::Value,
    ) -> Result<i64, StoreError> {
        self.add(workspace, scope, kind, id, false, Some(&payload.to_string()))
    }

    /// The newest number of the workspace's line, this transaction's included.
    pub fn head(&self, workspace: &str) -> Result<i64, StoreError> {
        if let Some(head) = self.heads.get(workspace) {
            return Ok(*head);
        }
        Ok(self
            .tx
            .prepare_cached("SELECT head_seq FROM workspaces WHERE id = ?1")?
            .query_row([workspace], |row| row.get(0))?)
    }

    /// Wakes the workspace's feeds after the commit although nothing changed on its line (a
    /// session ended, say).
    pub fn wake(&mut self, workspace: &str) {
        self.moved.insert(workspace.to_owned());
    }

    /// Runs one part of the transaction that may fail alone: then the inner result says why, and
    /// nothing of that part stays in the file. It must add no change rows.
    pub(crate) fn part<T>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Result<T, StoreError>, StoreError> {
        self.tx.execute_batch("SAVEPOINT part")?;
        let done = f(self);
        if done.is_err() {
            self.tx.execute_batch("ROLLBACK TO part")?;
        }
        self.tx.execute_batch("RELEASE part")?;
        Ok(done)
    }

    /// Has `hook` run right after the commit, before the feeds are woken, and not at all without
    /// one. Unlike what stands behind [`Store::write`](super::Store::write) it runs even if nobody
    /// waits for the call any more: whoever must hear of a commit is woken here. It must be short.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.push(Box::new(hook));
    }

    fn add(
        &mut self,
        workspace: &str,
        scope: &ChangeScope,
        kind: ChangeKind,
        id: &str,
        gone: bool,
        payload: Option<&str>,
    ) -> Result<i64, StoreError> {
        let seq = self.head(workspace)?.saturating_add(1);
        let rng = &self.rng;
        let tag = self.tag.get_or_insert_with(|| rng::token(rng.as_ref(), TAG_BYTES));
        self.tx
            .prepare_cached(
                "INSERT INTO changes (workspace, seq, tag, scope, kind, id, gone, at, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(rusqlite::params![
                workspace,
                seq,
                &*tag,
                scope.to_text(),
                kind.as_str(),
                id,
                gone,
                self.now,
                payload,
            ])?;
        if let Some(head) = self.heads.get_mut(workspace) {
            *head = seq;
        } else {
            self.heads.insert(workspace.to_owned(), seq);
        }
        Ok(seq)
    }

    pub(super) fn commit(mut self) -> Result<(BTreeSet<String>, Vec<Hook>), StoreError> {
        for (workspace, seq) in std::mem::take(&mut self.heads) {
            self.tx
                .prepare_cached("UPDATE workspaces SET head_seq = ?2, head_tag = ?3 WHERE id = ?1")?
                .execute((&workspace, seq, &self.tag))?;
            self.moved.insert(workspace);
        }
        self.tx.commit()?;
        Ok((self.moved, self.hooks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for kind in ChangeKind::ALL {
            assert_eq!(ChangeKind::parse(kind.as_str()), Some(kind));
        }
        for scope in [
            ChangeScope::Workspace,
            ChangeScope::Conversation("v".into()),
            ChangeScope::Member("m".into()),
        ] {
            assert_eq!(ChangeScope::parse(&scope.to_text()), Some(scope));
        }
    }
}
