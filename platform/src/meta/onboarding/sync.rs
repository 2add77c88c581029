//! The two calls that bring a number's phone book and old messages: each works once a connection, and
//! only in its first 24 hours (whatsapp.md 0.7, 5.5).

use serde_json::json;

use super::refusals;
use crate::meta::ask::{Refusal, ask};
use crate::meta::graph::GraphRequest;
use crate::meta::line::{self, worker};
use crate::meta::marks::Marks;
use crate::state::AppState;
use crate::store::{StoreError, WriteTx, imports, lines, onboardings};

/// How long after a connection Meta takes the calls, ms.
pub(crate) const WITHIN_MS: i64 = 24 * 60 * 60 * 1_000;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The phone book. Meta advises it first.
    Contacts,
    /// Old messages.
    History,
}

impl Kind {
    /// As stored and on the wire.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::History => "history",
        }
    }

    /// Meta's word.
    const fn of_meta(self) -> &'static str {
        match self {
            Self::Contacts => "smb_app_state_sync",
            Self::History => "history",
        }
    }

    /// Reads the word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Contacts, Self::History].into_iter().find(|kind| kind.word() == word)
    }
}

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Meta has queued it. That anything comes is not promised.
    Accepted,
    /// Not accepted.
    Refused {
        /// A word of [`refusals`].
        cause: &'static str,
        /// Meta's code.
        code: Option<i64>,
    },
}

/// Makes the call for a channel whose connection stands since `connected_at` (ms UTC); nothing if
/// there is no such channel. One that was accepted for this connection is not made again.
///
/// The try is written down before the call. So if the answer was lost and Meta then says "already
/// called", it was we who called, and it counts as accepted.
pub(crate) async fn call(
    state: &AppState,
    channel: &str,
    kind: Kind,
    connected_at: i64,
) -> Result<Option<Asked>, StoreError> {
    let now = state.ports.clock.now_ms();
    let id = channel.to_owned();
    let found = state.store.read(move |sql| lines::address(sql, &id)).await?;
    let Some(address) = found else { return Ok(None) };
    let Some(token) = worker::open(state, &address.token_sealed) else {
        return Ok(Some(refused(refusals::TOKEN, None)));
    };
    let id = channel.to_owned();
    let claim = state.store.write(move |tx| claim(tx, &id, kind, connected_at, now)).await?;
    let (first, again) = match claim {
        Claim::Ours { first, again } => (first, again),
        Claim::Not(asked) => return Ok(Some(asked)),
    };
    let body = json!({"messaging_product": "whatsapp", "sync_type": kind.of_meta()});
    let path = format!("/{}/smb_app_data", address.phone_number_id);
    let answer = ask(state.ports.graph.as_ref(), GraphRequest::post(path, token, body)).await;
    let asked = judge(answer.map(|_| ()), again);
    let id = channel.to_owned();
    state
        .store
        .write(move |tx| -> Result<(), StoreError> {
            match asked {
                Asked::Accepted => onboardings::sync_accepted(tx.sql(), &id, kind, tx.now())?,
                Asked::Refused { code, .. } => {
                    onboardings::sync_refused(tx.sql(), &id, kind, code)?;
                }
            }
            if kind == Kind::History {
                match asked {
                    Asked::Accepted => imports::asked(tx.sql(), &id, now, first)?,
                    Asked::Refused { cause: refusals::HISTORY_DECLINED, .. } => {
                        imports::declined(tx.sql(), &id, now)?;
                    }
                    Asked::Refused { .. } => return Ok(()),
                }
                let mut marks = Marks::default();
                line::refresh(tx, &mut marks, &id)?;
                marks.write(tx)?;
            }
            Ok(())
        })
        .await?;
    Ok(Some(asked))
}

/// Whether a call may be made.
enum Claim {
    /// It is written down that it is made now.
    Ours {
        /// When it was first tried for this connection, ms UTC: what came since is of this import.
        first: i64,
        /// It was tried before, and its answer was lost.
        again: bool,
    },
    /// It is not to be made.
    Not(Asked),
}

/// Writes the try down before the call, in one commit with the look at what was tried before: of two
/// that come together the second knows of the first, whose call Meta then names to it.
fn claim(
    tx: &mut WriteTx<'_>,
    channel: &str,
    kind: Kind,
    connected_at: i64,
    now: i64,
) -> Result<Claim, StoreError> {
    let before = onboardings::sync_call(tx.sql(), channel, kind)?;
    let before = before.filter(|before| before.tried_at >= connected_at);
    if before.as_ref().is_some_and(|before| before.accepted_at.is_some()) {
        return Ok(Claim::Not(refused(refusals::SYNC_USED, None)));
    }
    if now >= connected_at.saturating_add(WITHIN_MS) {
        return Ok(Claim::Not(refused(refusals::SYNC_TOO_LATE, None)));
    }
    let first = before.as_ref().map_or(now, |before| before.tried_at);
    onboardings::try_sync(tx.sql(), channel, kind, first)?;
    Ok(Claim::Ours { first, again: before.is_some() })
}

fn judge(answer: Result<(), Refusal>, again: bool) -> Asked {
    match answer {
        Ok(()) => Asked::Accepted,
        Err(refusal) => {
            let (cause, code) = refusals::of(refusal);
            if cause == refusals::SYNC_USED && again {
                Asked::Accepted
            } else {
                refused(cause, code)
            }
        }
    }
}

const fn refused(cause: &'static str, code: Option<i64>) -> Asked {
    Asked::Refused { cause, code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn already_called_is_a_refusal_only_if_it_was_not_we_who_called() {
        let used = Err(Refusal::Refused { status: 400, code: Some(2_593_107), subcode: None });
        assert_eq!(judge(used, true), Asked::Accepted);
        assert_eq!(judge(used, false), refused("sync_used", Some(2_593_107)));
        let late = Err(Refusal::Refused { status: 400, code: Some(2_593_108), subcode: None });
        assert_eq!(judge(late, true), refused("sync_too_late", Some(2_593_108)));
        assert_eq!(judge(Ok(()), false), Asked::Accepted);
        for kind in [Kind::Contacts, Kind::History] {
            assert_eq!(Kind::of(kind.word()), Some(kind));
        }
    }
}
