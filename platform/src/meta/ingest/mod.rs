//! What a webhook body does to the store: one transaction a body, every thing of it in order.

mod customers;
mod incoming;
mod statuses;

use super::marks::Marks;
use super::payload::{self, Leftover, Thing};
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
pub(crate) fn work_off(tx: &mut WriteTx<'_>, pending: &Pending) -> Result<(), StoreError> {
    let things = match payload::read(&pending.body) {
        Ok(things) => things,
        Err(unreadable) => return webhooks::unreadable(tx.sql(), pending.id, unreadable.reason),
    };
    let mut marks = Marks::default();
    let mut body = Body { received_at: pending.received_at, marks: &mut marks };
    for (index, thing) in things.into_iter().enumerate() {
        let (field, kind, left) = match thing {
            Thing::Leftover(Leftover { field, kind, reason }) => (field, kind, Some(reason)),
            Thing::Message(message) => {
                ("messages".into(), "message".into(), body.message(tx, &message)?)
            }
            Thing::Echo(echo) => {
                ("smb_message_echoes".into(), "message".into(), body.echo(tx, &echo)?)
            }
            Thing::Status(status) => {
                ("messages".into(), "status".into(), body.status(tx, &status)?)
            }
        };
        if let Some(reason) = left {
            log::info!(
                "webhook_leftover id={} field={field} kind={kind} reason={reason}",
                pending.id
            );
            webhooks::leave(tx.sql(), pending.id, index, &field, &kind, reason)?;
        }
    }
    marks.write(tx)?;
    webhooks::done(tx.sql(), pending.id)
}

impl Body<'_> {
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
