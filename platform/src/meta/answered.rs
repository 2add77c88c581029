//! Which customer messages still wait for an answer.
//!
//! An answer of ours (agent, AI) answers what was committed before it. A message of the owner's
//! phone answers what was written before it *there*: webhooks come late and out of order, so its
//! time decides, in whole seconds as Meta counts them, and within one second the order of arrival.
//! A greeting that the owner's phone sends by itself answers nothing.

use serde_json::Value;

use super::marks::Marks;
use crate::store::chats::ConversationRow;
use crate::store::{StoreError, WriteTx, chats, sends};

/// Whether a body (JSON text) is one of the workspace's greetings.
pub(crate) fn is_greeting(greetings: &[String], body: &str) -> bool {
    if greetings.is_empty() {
        return false;
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let text = body.get("text").and_then(Value::as_str).map(str::trim);
    text.is_some_and(|text| greetings.iter().any(|greeting| greeting.trim() == text))
}

/// Whether the owner already answered, by time, what a customer wrote at `sent_at` (ms UTC).
pub(crate) fn owner_answered_after(
    tx: &WriteTx<'_>,
    chat: &ConversationRow,
    sent_at: i64,
) -> Result<bool, StoreError> {
    let greetings = chats::greetings(tx.sql(), &chat.workspace)?;
    let answer = sends::owner_since(tx.sql(), &chat.id, sent_at.div_euclid(1_000) + 1, |body| {
        !is_greeting(&greetings, body)
    })?;
    Ok(answer.is_some())
}

/// Counts anew, and writes the conversation if that changed it.
pub(crate) fn recount_and_save(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    chat: &mut ConversationRow,
) -> Result<(), StoreError> {
    let before = chat.clone();
    recount(tx, chat)?;
    if *chat != before {
        chats::update(tx.sql(), chat)?;
        marks.conversation(&chat.workspace, &chat.id);
    }
    Ok(())
}

/// Counts anew what is unread and since when the customer waits. The caller writes the row.
pub(crate) fn recount(tx: &WriteTx<'_>, chat: &mut ConversationRow) -> Result<(), StoreError> {
    let greetings = chats::greetings(tx.sql(), &chat.workspace)?;
    let own = sends::last_own_answer(tx.sql(), &chat.id)?;
    let owner =
        sends::owner_since(tx.sql(), &chat.id, i64::MIN, |body| !is_greeting(&greetings, body))?;
    let (since, unread) = sends::unanswered(tx.sql(), &chat.id, own, owner, chat.read_up_to_n)?;
    chat.waiting_since = since;
    chat.unread = unread;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_told_by_their_whole_text() {
        let known = ["We are closed.".to_owned()];
        assert!(is_greeting(&known, r#"{"kind":"text","text":" We are closed. "}"#));
        assert!(!is_greeting(&known, r#"{"kind":"text","text":"We are closed. Sorry"}"#));
        assert!(!is_greeting(&known, r#"{"kind":"unsupported","type":"image"}"#));
        assert!(!is_greeting(&[], r#"{"kind":"text","text":""}"#));
    }
}
