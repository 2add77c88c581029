//! Guard and window together, over what this phone holds: may a waiting reply leave?

use crate::api::Reason;
use crate::model::records::Queued;
use crate::store::{Key, Read, Stored};

use super::{guard, window};

/// Why a reply must not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Miss {
    pub reason: Reason,
    /// JSON, as the platform gives with the same refusal.
    pub details: String,
}

/// Judges a send that has not left. Only what somebody wrote since is looked at, so the question is cheap.
pub(crate) fn judge(read: &Read<'_>, it: &Queued, now: i64) -> Stored<Option<Miss>> {
    let Some(conversation) = read.conversation(&it.conversation)? else { return Ok(None) };
    let greetings = greetings(read)?;
    for message in read.messages_after(&it.conversation, it.based_on_n)? {
        let own = read.is_own_send(&message.id)?;
        if guard::counts(&message, own, &greetings) {
            let by = serde_json::json!({ "kind": message.author_kind, "id": message.author_id });
            let details = serde_json::json!({ "by": by, "n": message.n }).to_string();
            return Ok(Some(Miss { reason: Reason::AnsweredMeanwhile, details }));
        }
    }
    let closes_at = conversation.record.window_closes_at;
    if !window::is_open(closes_at, now) {
        let details = serde_json::json!({ "closed_at": closes_at }).to_string();
        return Ok(Some(Miss { reason: Reason::WindowClosed, details }));
    }
    Ok(None)
}

fn greetings(read: &Read<'_>) -> Stored<Vec<String>> {
    let kept = read.meta(Key::GreetingTexts)?;
    Ok(kept.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default())
}
