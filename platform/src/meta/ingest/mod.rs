//! What a webhook body does to the store: one transaction a body, every thing of it in order.

mod customers;
mod incoming;
mod statuses;

use super::marks::Marks;
use super::payload::{self, Thing};
use crate::store::chats::ChannelRow;
use crate::store::webhooks::Pending;
use crate::store::{StoreError, WriteTx, chats, webhooks};

pub(crate) use statuses::{learn_wamid, news};

/// One body being worked off.
struct Body<'b> {
    received_at: i64,
    marks: &'b mut Marks,
}

/// Why a thing had no place, a stable word.
type Left = &'static str;

/// Works a body off and marks it done. Run twice, the second time changes nothing.
///
/// With `leave_bad`, a thing that fails is left and marked, and the others are done without it:
/// one bad row must not cost the thousand messages beside it. Such a body is set aside, not done.
pub(crate) fn work_off(
    tx: &mut WriteTx<'_>,
    pending: &Pending,
    leave_bad: bool,
) -> Result<(), StoreError> {
    let things = match payload::read(&pending.body) {
        Ok(things) => things,
        Err(unreadable) => return webhooks::unreadable(tx.sql(), pending.id, unreadable.reason),
    };
    let mut failed = None;
    let mut marks = Marks::default();
    let mut body = Body { received_at: pending.received_at, marks: &mut marks };
    for (index, thing) in things.into_iter().enumerate() {
        let left = if leave_bad {
            let marks = body.marks.clone();
            match tx.part(|tx| body.thing(tx, &thing))? {
                Ok(left) => left,
                // The store's trouble is no thing's fault.
                Err(error @ (StoreError::Full | StoreError::Busy)) => return Err(error),
                Err(error) => {
                    *body.marks = marks;
                    log::error!("webhook_thing_left id={} cause=\"{error}\"", pending.id);
                    failed = Some(error);
                    Some("failed")
                }
            }
        } else {
            body.thing(tx, &thing)?
        };
        if let Some(reason) = left {
            let (field, kind) = thing.name();
            log::info!(
                "webhook_leftover id={} field={field} kind={kind} reason={reason}",
                pending.id
            );
            webhooks::leave(tx.sql(), pending.id, index, field, kind, reason)?;
        }
    }
    marks.write(tx)?;
    match failed {
        None => webhooks::done(tx.sql(), pending.id),
        Some(error) => webhooks::failed(tx.sql(), pending.id, &error.to_string(), true),
    }
}

impl Body<'_> {
    /// Does what one thing asks for, or says why it has no place.
    fn thing(&mut self, tx: &mut WriteTx<'_>, thing: &Thing) -> Result<Option<Left>, StoreError> {
        match thing {
            Thing::Leftover(leftover) => Ok(Some(leftover.reason)),
            Thing::Message(message) => self.message(tx, message),
            Thing::Echo(echo) => self.echo(tx, echo),
            Thing::Status(status) => self.status(tx, status),
        }
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
        Ok(chats::channel(tx.sql(), phone_number_id)?.ok_or("unknown_phone_number_id"))
    }
}
