//! What a webhook body does to the store: one transaction a body, every thing of it in order.

mod account;
mod amend;
mod customers;
mod history;
mod incoming;
mod management;
mod persons;
mod phonebook;
mod statuses;

use super::marks::Marks;
use super::payload::{self, Handover, Leftover, Thing, Trouble, Unreadable};
use crate::store::chats::ChannelRow;
use crate::store::webhooks::{Lane, Pending};
use crate::store::{StoreError, WriteTx, chats, reports, webhooks};

pub(crate) use amend::forget_waiting;
pub(crate) use statuses::{learn_wamid, news};

/// One body being worked off.
struct Body<'b> {
    received_at: i64,
    marks: &'b mut Marks,
}

/// Why a thing had no place, a stable word.
type Left = &'static str;

/// A body that was read and waits for the store.
pub(crate) struct Prepared {
    /// Number in order of arrival.
    pub(crate) id: i64,
    /// How often working it off has failed.
    pub(crate) tries: i64,
    /// When it came, ms UTC.
    pub(crate) received_at: i64,
    position: usize,
    things: Result<Vec<Thing>, Unreadable>,
}

impl Prepared {
    /// Reads a body. No store, no clock: it runs beside the writer.
    pub(crate) fn read(pending: &Pending) -> Self {
        Self {
            id: pending.id,
            tries: pending.tries,
            received_at: pending.received_at,
            position: pending.position,
            things: payload::read(&pending.body),
        }
    }

    /// Takes out what had no place when it was worked off first, for no channel was known for it then.
    pub(crate) fn leave_out(&mut self, indexes: &[usize]) {
        let Ok(things) = &mut self.things else { return };
        for index in indexes {
            if let Some(thing) = things.get_mut(*index) {
                let (field, kind) = thing.name();
                let (field, kind) = (field.to_owned(), kind.to_owned());
                *thing = Thing::Leftover(Leftover { field, kind, reason: "of_nobody_then" });
            }
        }
    }

    /// Where it waits. What holds anything live is live.
    pub(crate) fn lane(&self) -> Lane {
        let imports = |things: &Vec<Thing>| {
            !things.is_empty() && things.iter().all(|thing| thing.lane() == Lane::Import)
        };
        if self.things.as_ref().is_ok_and(imports) { Lane::Import } else { Lane::Live }
    }

    /// How many of its things are done.
    pub(crate) fn set_position(&mut self, position: usize) {
        self.position = position;
    }
}

/// What a transaction came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Worked {
    /// So many bodies are over.
    pub(crate) bodies: usize,
    /// So many things of the one behind them are done.
    pub(crate) position: usize,
}

/// Works bodies off, in order, until things of the weight `budget` are done, and notes how far it came. Run
/// twice, the second time changes nothing.
pub(crate) fn work_off(
    tx: &mut WriteTx<'_>,
    bodies: &[Prepared],
    budget: usize,
) -> Result<Worked, StoreError> {
    let mut marks = Marks::default();
    let (mut worked, mut left) = (Worked::default(), budget);
    for prepared in bodies {
        let things = match &prepared.things {
            Ok(things) => things,
            Err(unreadable) => {
                webhooks::unreadable(tx.sql(), prepared.id, unreadable.reason)?;
                worked.bodies += 1;
                continue;
            }
        };
        let mut body = Body { received_at: prepared.received_at, marks: &mut marks };
        let mut position = prepared.position;
        for (index, thing) in things.iter().enumerate().skip(position) {
            if left == 0 {
                break;
            }
            let reason = body.thing(tx, thing)?;
            leave(tx, prepared.id, index, thing, reason)?;
            left = left.saturating_sub(thing.weight());
            position = index + 1;
        }
        if position < things.len() {
            webhooks::set_position(tx.sql(), prepared.id, position)?;
            worked.position = position;
            break;
        }
        webhooks::done(tx.sql(), prepared.id)?;
        worked.bodies += 1;
        if left == 0 {
            break;
        }
    }
    marks.write(tx)?;
    Ok(worked)
}

/// Works the rest of one body off, leaving and marking each thing that fails: one bad row must not
/// cost the thousand messages beside it. Such a body is set aside, not done.
pub(crate) fn work_off_good(tx: &mut WriteTx<'_>, prepared: &Prepared) -> Result<(), StoreError> {
    let things = match &prepared.things {
        Ok(things) => things,
        Err(unreadable) => return webhooks::unreadable(tx.sql(), prepared.id, unreadable.reason),
    };
    let mut failed = None;
    let mut marks = Marks::default();
    for (index, thing) in things.iter().enumerate().skip(prepared.position) {
        let mut touched = marks.clone();
        let mut body = Body { received_at: prepared.received_at, marks: &mut touched };
        let reason = match tx.part(|tx| body.thing(tx, thing))? {
            Ok(reason) => {
                marks = touched;
                reason
            }
            // The store's trouble is no thing's fault.
            Err(error @ (StoreError::Full | StoreError::Busy)) => return Err(error),
            Err(error) => {
                log::error!("webhook_thing_left id={} cause=\"{error}\"", prepared.id);
                failed = Some(error);
                Some("failed")
            }
        };
        leave(tx, prepared.id, index, thing, reason)?;
    }
    marks.write(tx)?;
    match failed {
        None => webhooks::done(tx.sql(), prepared.id),
        Some(error) => webhooks::failed(tx.sql(), prepared.id, &error.to_string(), true),
    }
}

/// Marks a thing that had no place.
fn leave(
    tx: &WriteTx<'_>,
    webhook: i64,
    index: usize,
    thing: &Thing,
    reason: Option<Left>,
) -> Result<(), StoreError> {
    let Some(reason) = reason else { return Ok(()) };
    let (field, kind) = thing.name();
    log::info!("webhook_leftover id={webhook} field={field} kind={kind} reason={reason}");
    webhooks::leave(tx.sql(), webhook, index, field, kind, reason)
}

impl Body<'_> {
    /// Does what one thing asks for, or says why it has no place.
    fn thing(&mut self, tx: &mut WriteTx<'_>, thing: &Thing) -> Result<Option<Left>, StoreError> {
        match thing {
            Thing::Leftover(leftover) => Ok(Some(leftover.reason)),
            Thing::Message(message) => self.message(tx, message),
            Thing::Echo(echo) => self.echo(tx, echo),
            Thing::Status(status) => self.status(tx, status),
            Thing::Amendment(amendment) => self.amendment(tx, amendment),
            Thing::Person(person) => self.person(tx, person),
            Thing::Handover(handover) => self.handover(tx, handover),
            Thing::Trouble(trouble) => self.trouble(tx, trouble),
            Thing::Old(old) => self.old(tx, old),
            Thing::Progress(progress) => self.progress(tx, progress),
            Thing::PhoneBook(entry) => self.phone_book(tx, entry),
            Thing::Account(news) => self.account(tx, news),
            Thing::Fact(fact) => self.fact(tx, fact),
        }
    }

    /// Who answers a chat beside us. Nothing is shown: our next message takes it back by itself.
    fn handover(&self, tx: &WriteTx<'_>, handover: &Handover) -> Result<Option<Left>, StoreError> {
        let channel = match Self::channel(tx, &handover.phone_number_id)? {
            Ok(channel) => channel,
            Err(left) => return Ok(Some(left)),
        };
        let who = &handover.customer;
        let person = who.user_id.as_ref().or(who.phone.as_ref()).map_or("", String::as_str);
        reports::handover(tx.sql(), &channel.id, person, &handover.kind, self.at(handover.at))?;
        Ok(None)
    }

    /// An error that belongs to no message.
    fn trouble(&self, tx: &WriteTx<'_>, trouble: &Trouble) -> Result<Option<Left>, StoreError> {
        log::warn!("whatsapp_reports_error code={}", trouble.code);
        let number = trouble.phone_number_id.as_deref().unwrap_or_default();
        reports::error(tx.sql(), number, trouble.code, self.received_at)?;
        Ok(None)
    }

    /// When a thing happened: Meta's time, but never later than we heard of it, so that a wild
    /// date neither holds a window open nor stands on top of the list for ever.
    fn at(&self, said: Option<i64>) -> i64 {
        said.unwrap_or(self.received_at).min(self.received_at)
    }

    fn channel(
        tx: &WriteTx<'_>,
        phone_number_id: &str,
    ) -> Result<Result<ChannelRow, Left>, StoreError> {
        Ok(chats::channel(tx.sql(), phone_number_id)?.ok_or(webhooks::NO_CHANNEL))
    }
}
