//! A store that is a copy: what it would still send may have gone out after the copy was made.

use super::attempt::Change;
use super::state::Event;
use super::{order, react};
use crate::meta::answered;
use crate::meta::ladder::Trouble;
use crate::meta::marks::Marks;
use crate::store::{StoreError, WriteTx, chats, sends, texts};

/// Holds every message that is not over as R14: only a person's word sends one of them now, those
/// that were held for a person's decision included, for that decision may have been taken since.
/// Reactions that wait are given up. Returns how many messages there were.
pub(crate) fn hold(tx: &mut WriteTx<'_>) -> Result<usize, StoreError> {
    let mut marks = Marks::default();
    let now = tx.now();
    let open = sends::open(tx.sql())?;
    for send in &open {
        let Some(chat) = chats::by_id(tx.sql(), &send.conversation)? else { continue };
        let Some(message) = texts::by_id(tx.sql(), &send.message)? else { continue };
        let mut change = Change { send: send.clone(), message };
        if !change.go(Event::Restored) {
            continue;
        }
        change.send.unknown_since = Some(now);
        change.message.ladder.trouble = Some(Trouble::new("R14", now));
        change.save(tx, &mut marks, &chat)?;
        let mut chat = chat;
        answered::recount_and_save(tx, &mut marks, &mut chat)?;
        order::show_waiting(tx, &mut marks, &chat)?;
    }
    react::restored(tx, &mut marks)?;
    marks.write(tx)?;
    Ok(open.len())
}
