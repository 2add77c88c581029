//! Guard and window: may this text go out now? Judged at acceptance, and again in the commit that
//! records the attempt.

use serde_json::{Value, json};

use crate::desk::options::{Guard, Options};
use crate::meta::answered::is_greeting;
use crate::store::chats::ConversationRow;
use crate::store::sends::Answer;
use crate::store::{StoreError, WriteTx, chats, sends, workspaces};

/// The judgement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// It may go.
    Go,
    /// Somebody answered after what the writer had seen (R8): the newest such answer.
    Answered {
        /// Author, as in a message.
        by: Value,
        /// Number of the answer.
        n: i64,
    },
    /// The customer service window is closed (R7).
    Closed {
        /// When it closed, ms UTC; absent if it was never open.
        closed_at: Option<i64>,
    },
}

/// Whose message is judged, and by what its writer had seen.
pub(crate) struct Case<'c> {
    /// Message id; it never counts against itself.
    pub(crate) message: &'c str,
    /// The newest message its writer had seen.
    pub(crate) based_on_n: i64,
    /// The writer's device; its own messages do not count.
    pub(crate) device: Option<&'c str>,
    /// Whether it may go in an open window only: everything but a template.
    pub(crate) needs_window: bool,
}

/// Judges a message of `chat`. The guard comes first: a person who sees "closed" would look for a
/// template without knowing that the customer has an answer already.
pub(crate) fn judge(
    tx: &WriteTx<'_>,
    chat: &ConversationRow,
    case: &Case<'_>,
) -> Result<Verdict, StoreError> {
    let greetings = chats::greetings(tx.sql(), &chat.workspace)?;
    let answers =
        sends::answers_since(tx.sql(), &chat.id, case.based_on_n, case.message, case.device)?;
    let guard = Options::of(&workspaces::get(tx.sql(), &chat.workspace)?)?.guard;
    let counts = |a: &&Answer| match a.author_kind.as_str() {
        "owner_app" => !is_greeting(&greetings, &a.body),
        // The workplace chooses whether the AI's answers hold people's back (experience.md D9).
        "ai" => guard == Guard::Everybody,
        _ => true,
    };
    if let Some(answer) = answers.iter().find(counts) {
        return Ok(Verdict::Answered { by: author(answer), n: answer.n });
    }
    match chat.window_closes_at {
        _ if !case.needs_window => Ok(Verdict::Go),
        Some(closes_at) if tx.now() < closes_at => Ok(Verdict::Go),
        closed_at => Ok(Verdict::Closed { closed_at }),
    }
}

fn author(answer: &Answer) -> Value {
    match &answer.author_member {
        Some(member) => json!({"kind": answer.author_kind, "id": member}),
        None => json!({"kind": answer.author_kind}),
    }
}
