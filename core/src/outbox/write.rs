//! How a command comes into the queue: its id and its bytes are made once, here.

use crate::model::queue::State;
use crate::model::records::Queued;
use crate::transport::wire::{Command, CommandBody};

/// A new row for the queue, in state `Queued`, or `Dependent` if it waits for `after`.
pub(crate) fn row(
    id: &str,
    at: i64,
    conversation: &str,
    target: Option<&str>,
    body: CommandBody<'_>,
    after: Option<&str>,
) -> Result<Queued, serde_json::Error> {
    let (text, based_on_n) = match &body {
        CommandBody::Send { body, based_on_n, .. } => (Some(body.text().to_owned()), *based_on_n),
        CommandBody::Release { based_on_n, .. } => (None, *based_on_n),
        CommandBody::Read { up_to_n, .. } => (None, *up_to_n),
        _ => (None, 0),
    };
    let kind = body.kind().to_owned();
    let payload = serde_json::to_string(&Command { id, at, body })?;
    Ok(Queued {
        position: 0,
        id: id.to_owned(),
        kind,
        conversation: conversation.to_owned(),
        target: target.map(str::to_owned),
        payload,
        text,
        based_on_n,
        written_at: at,
        state: if after.is_some() { State::Dependent } else { State::Queued },
        attempts: 0,
        reason: None,
        code: None,
        details: None,
        since: None,
        not_before: 0,
        done_seq: None,
        after: after.map(str::to_owned),
        passed: false,
    })
}
