//! A store that is a copy: what it would still send may have gone out after the copy was made.
//!
//! A message may be sent twice and is asked about. A reaction may have been changed since, and a read
//! mark is worth nobody's question: both end unsent, and a person may react or look again.

use super::attempt::Change;
use super::state::Event;
use super::{order, react};
use crate::meta::answered;
use crate::meta::ladder::Trouble;
use crate::meta::marks::Marks;
use crate::store::{StoreError, WriteTx, chats, sends, small_sends, texts};

/// Holds every message that is not over as R14: only a person's word sends one of them now, those
/// that were held for a person's decision included, for that decision may have been taken since.
/// Gives up the reactions and read marks that were on their way.
/// Returns how many there were.
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
    small_sends::end_marks(tx.sql())?;
    marks.write(tx)?;
    Ok(open.len())
}
