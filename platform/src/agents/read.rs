//! `read`: how far a conversation, or one member in it, has been read.

use super::command::ReadCommand;
use super::outcome::{Actor, Outcome, RefusedCode};
use crate::desk::rights::{Right, Rights};
use crate::feed::scope::Reader;
use crate::meta::reads;
use crate::store::conversations::{self, Marks};
use crate::store::objects::touch_conversation;
use crate::store::{ChangeKind, ChangeScope, StoreError, WriteTx, workspaces};

/// Which marks a look moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moves {
    /// The conversation's: the reader is its assignee, or it has none and they may answer.
    Conversation,
    /// The reader's own.
    Mine,
}

fn moves(marks: &Marks, member: &str, may_answer: bool) -> Moves {
    match marks.assignee.as_deref() {
        Some(assignee) if assignee == member => Moves::Conversation,
        None if may_answer => Moves::Conversation,
        _ => Moves::Mine,
    }
}

/// Moves the mark forward; a mark that is further already stays, and the command is done.
pub(crate) fn read(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &ReadCommand,
) -> Result<Outcome, StoreError> {
    let workspace = workspaces::get(tx.sql(), &actor.workspace)?;
    let reader = Reader::new(tx.sql(), actor.clone(), &workspace)?;
    let marks = conversations::marks(tx.sql(), &actor.workspace, &command.conversation)?;
    let Some(marks) = marks.filter(|marks| reader.may_see(&marks.scope)) else {
        return Ok(Outcome::refused(RefusedCode::NotYours));
    };
    let (id, n) = (&command.conversation, command.up_to_n.min(marks.last_n));
    let may_answer = Rights::of(&workspace)?.allow(actor.role, Right::Answer);
    let moves = moves(&marks, &actor.member, may_answer);
    if moves == Moves::Conversation {
        // Also where the mark stands further already: an answer moves it, and only a look shows
        // that the message was on a screen.
        reads::wanted(tx, &actor.workspace, id, n)?;
    }
    match moves {
        Moves::Conversation if n > marks.read_up_to_n => {
            let left = conversations::customer_messages_after(tx.sql(), id, n)?;
            conversations::set_read(tx, id, n, left.min(marks.unread))?;
            Ok(Outcome::done(touch_conversation(tx, id)?))
        }
        Moves::Mine if n > my_mark(tx, actor, id, &marks)? => {
            conversations::set_my_read(tx, &actor.member, id, n)?;
            let scope = ChangeScope::Member(actor.member.clone());
            Ok(Outcome::done(tx.change(&actor.workspace, &scope, ChangeKind::MyRead, id)?))
        }
        _ => Ok(Outcome::done(tx.head(&actor.workspace)?)),
    }
}

/// How far the member has looked: the conversation's mark counts for everybody.
fn my_mark(tx: &WriteTx<'_>, actor: &Actor, id: &str, marks: &Marks) -> Result<i64, StoreError> {
    let mine = conversations::my_read(tx.sql(), &actor.member, id)?.unwrap_or(0);
    Ok(mine.max(marks.read_up_to_n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_by_others_moves_only_their_own_mark() {
        let marks = |assignee: Option<&str>| Marks {
            scope: "unassigned".into(),
            assignee: assignee.map(str::to_owned),
            unread: 0,
            last_n: 0,
            read_up_to_n: 0,
        };
        for may_answer in [true, false] {
            assert_eq!(moves(&marks(Some("m")), "m", may_answer), Moves::Conversation);
            assert_eq!(moves(&marks(Some("x")), "m", may_answer), Moves::Mine);
        }
        assert_eq!(moves(&marks(None), "m", true), Moves::Conversation);
        assert_eq!(moves(&marks(None), "m", false), Moves::Mine);
    }
}
