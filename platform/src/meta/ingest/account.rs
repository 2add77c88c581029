//! The life of a business account: which lines it stops and lifts, in the order of its own time.

use super::{Body, Left};
use crate::meta::line::{self, events, events::Effect, state::Held};
use crate::meta::payload::AccountNews;
use crate::store::accounts::{self, Concerned};
use crate::store::{StoreError, WriteTx, alerts};

impl Body<'_> {
    /// An `account_update`, for each channel that it is about.
    pub(super) fn account(
        &mut self,
        tx: &mut WriteTx<'_>,
        news: &AccountNews,
    ) -> Result<Option<Left>, StoreError> {
        let concerned = match concerned(tx, &news.waba_id, news.number.as_deref())? {
            Ok(concerned) => concerned,
            Err(left) => return Ok(Some(left)),
        };
        let at = self.at(news.at);
        let (topic, effects) = events::effects(news);
        let mut newer = false;
        for channel in concerned {
            if !accounts::note_news(tx.sql(), &channel.channel, topic.word(), &news.event, at)? {
                continue;
            }
            newer = true;
            for effect in &effects {
                self.effect(tx, &channel, effect, at)?;
            }
        }
        if effects.is_empty() {
            return Ok(Some("account_event_noted"));
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
                line::connected(tx, self.marks, id, at)
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
    let (mine, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|channel| channel.digits == number);
    Ok(match (mine.is_empty(), others.len()) {
        (false, _) => Ok(mine),
        // The printed number may lack a digit (whatsapp.md 8.2); with one number there is no doubt.
        (true, 1) => Ok(others),
        (true, _) => Err("unknown_number"),
    })
}
