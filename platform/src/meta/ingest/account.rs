//! The life of a business account: which lines it stops and lifts, in the order of its own time.

use super::{Body, Left};
use crate::meta::line::{self, causes, events, events::Effect, state::Held, worker};
use crate::meta::payload::{AccountNews, number_key};
use crate::store::accounts::{self, Concerned};
use crate::store::{StoreError, WriteTx, alerts, lines};

impl Body<'_> {
    /// An `account_update`, for each channel that it is about.
    pub(super) fn account(
        &mut self,
        tx: &mut WriteTx<'_>,
        news: &AccountNews,
    ) -> Result<Option<Left>, StoreError> {
        let concerned = match concerned(tx, &news.waba_id, news.number.as_deref())? {
            Ok(concerned) => concerned,
            Err(left) => {
                // It may be about a number of ours that Meta prints otherwise: the phone node knows.
                for channel in accounts::channels(tx.sql(), &news.waba_id)? {
                    line::look_soon(tx, &channel.channel)?;
                }
                return Ok(Some(left));
            }
        };
        let at = self.at(news.at);
        let (topic, effects) = events::effects(news);
        let word = events::told(news);
        let mut newer = false;
        for channel in concerned {
            if !accounts::note_news(tx.sql(), &channel.channel, topic.word(), &word, at)? {
                continue;
            }
            newer = true;
            for effect in &effects {
                self.effect(tx, &channel, effect, at)?;
            }
        }
        if effects.is_empty() {
            let known = events::INFORMATIONAL.contains(&news.event.as_str());
            return Ok(Some(if known { "account_event_noted" } else { "unknown_account_event" }));
        }
        Ok((!newer).then_some("older_account_event"))
    }

    fn effect(
        &mut self,
        tx: &mut WriteTx<'_>,
        channel: &Concerned,
        effect: &Effect,
        at: i64,
    ) -> Result<(), StoreError> {
        let id = channel.channel.as_str();
        match effect {
            Effect::Hold { cause, reason, ends_at } => {
                let held = Held {
                    cause: (*cause).to_owned(),
                    reason: reason.map(str::to_owned),
                    code: None,
                    since: at,
                    ends_at: *ends_at,
                };
                line::hold(tx, self.marks, id, &held)
            }
            Effect::Lift(causes) => {
                for cause in *causes {
                    line::lift(tx, self.marks, id, Some(cause))?;
                }
                Ok(())
            }
            Effect::Reconnected => {
                line::alive(tx, self.marks, id, at)?;
                // What Meta's node or a refused message has shown since then is newer than this.
                let overtaken = lines::held(tx.sql(), id)?.into_iter().any(|held| {
                    causes::OF_CONNECTION.contains(&held.cause.as_str())
                        && held.since > at.saturating_add(worker::LAG_MS)
                });
                if overtaken { Ok(()) } else { line::connected(tx, self.marks, id, at) }
            }
            Effect::Look => line::look_soon(tx, id),
            Effect::Tell(kind) => {
                alerts::tell(tx, &channel.workspace, id, kind, 0, at, false)?;
                Ok(())
            }
        }
    }
}

/// The channels that news of an account is about: by number where it names one.
pub(super) fn concerned(
    tx: &WriteTx<'_>,
    waba_id: &str,
    number: Option<&str>,
) -> Result<Result<Vec<Concerned>, Left>, StoreError> {
    let all = accounts::channels(tx.sql(), waba_id)?;
    if all.is_empty() {
        return Ok(Err("unknown_waba_id"));
    }
    let Some(number) = number else { return Ok(Ok(all)) };
    let (mine, mut others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|channel| channel.digits == number);
    if !mine.is_empty() {
        return Ok(Ok(mine));
    }
    // The printed number may lack a digit (whatsapp.md 8.2). Another number of the account is
    // another line: what ends it must not stop ours.
    others.retain(|channel| is_spelled_alike(&channel.digits, number));
    Ok(if others.len() == 1 { Ok(others) } else { Err("unknown_number") })
}

/// Whether two numbers may be two spellings of one: the same country, and the same end.
fn is_spelled_alike(one: &str, other: &str) -> bool {
    const END: usize = 8;
    let end =
        |digits: &str| digits.len().checked_sub(END).map(|at| digits.split_at(at).1.to_owned());
    number_key(one) == number_key(other)
        || (end(one).is_some() && end(one) == end(other) && one.get(..2) == other.get(..2))
}
