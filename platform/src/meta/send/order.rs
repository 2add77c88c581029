//! Order within a conversation: who may go next, and who shows that it waits for another (R4).
//!
//! Calls to Meta go out in the order of the messages' numbers, one at a time. A message that is
//! held (R7, R8) or tried again later (R6) keeps later ones back; one whose outcome is unknown
//! (R14) keeps them back for two minutes; one that a person passed keeps nobody back.

use super::backoff;
use super::state::State;
use crate::meta::ladder::Trouble;
use crate::meta::marks::Marks;
use crate::store::chats::ConversationRow;
use crate::store::sends::SendRow;
use crate::store::{StoreError, WriteTx, sends, texts};

/// How long an unknown outcome keeps later messages back, ms (whatsapp.md 7).
pub(crate) const UNKNOWN_HOLD_MS: i64 = 2 * 60 * 1_000;

/// What one conversation's queue would do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next<'r> {
    /// This one goes.
    Send(&'r SendRow),
    /// Nothing before this time, ms UTC.
    At(i64),
    /// Nothing until news or a person comes.
    Idle,
}

/// Who may go next; `rows` are the open sends of one conversation in order.
pub(crate) fn next(rows: &[SendRow], now: i64) -> Next<'_> {
    if rows.iter().any(|row| row.state == State::Attempted) {
        return Next::Idle;
    }
    let mut wake: Option<i64> = None;
    for row in rows {
        if row.state == State::Waiting {
            if is_due(row, now) {
                return Next::Send(row);
            }
            wake = Some(wake.map_or(row.next_try_at, |at| at.min(row.next_try_at)));
        }
        if let Some(until) = holds_until(row, now) {
            if row.state == State::Unknown {
                wake = Some(wake.map_or(until, |at| at.min(until)));
            }
            break;
        }
    }
    wake.map_or(Next::Idle, Next::At)
}

/// Whether its time has come. After an attempt that is still to come, and where the wait is longer
/// than any that is ever set, the clock has been set back since: that must hold nobody back.
fn is_due(row: &SendRow, now: i64) -> bool {
    row.next_try_at <= now
        || row.next_try_at.saturating_sub(now) > backoff::LONGEST_MS
        || row.attempted_at.is_some_and(|at| at > now)
}

/// Until when a row keeps later ones back (`i64::MAX`: until something happens), or not at all.
fn holds_until(row: &SendRow, now: i64) -> Option<i64> {
    match row.state {
        _ if row.passed => None,
        State::Waiting | State::Attempted | State::Held => Some(i64::MAX),
        State::Unknown => {
            let since = row.unknown_since.unwrap_or(0);
            let until = since.saturating_add(UNKNOWN_HOLD_MS);
            // Since a time that is still to come: there the clock was set back, and a little longer
            // than promised is the most that this may cost.
            (now < until && until.saturating_sub(now) <= 2 * UNKNOWN_HOLD_MS).then_some(until)
        }
        State::Accepted | State::Stopped | State::Withdrawn => None,
    }
}

/// Which of `rows` wait for a troubled one before them. A message that merely stands in line
/// behind one that is on its way shows nothing.
pub(crate) fn waiting_for_another(rows: &[SendRow], now: i64) -> Vec<&SendRow> {
    let mut behind = false;
    let mut waiting = Vec::new();
    for row in rows {
        if behind && row.state == State::Waiting {
            waiting.push(row);
        }
        let troubled = match row.state {
            State::Waiting => !is_due(row, now),
            State::Held | State::Unknown => true,
            _ => false,
        };
        behind |= troubled && holds_until(row, now).is_some();
    }
    waiting
}

/// Writes R4 on messages that wait for a troubled one before them, and takes it from those that
/// do not any more. To be called in every commit that changes the queue of a conversation.
pub(crate) fn show_waiting(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    chat: &ConversationRow,
) -> Result<(), StoreError> {
    let now = tx.now();
    let rows = sends::open_of(tx.sql(), &chat.id)?;
    let waiting = waiting_for_another(&rows, now);
    for row in rows.iter().filter(|row| row.state == State::Waiting) {
        let Some(mut message) = texts::by_id(tx.sql(), &row.message)? else { continue };
        let is_behind = waiting.iter().any(|w| w.message == row.message);
        let trouble = match &message.ladder.trouble {
            None if is_behind => Some(Trouble::new("R4", now)),
            Some(trouble) if trouble.reason == "R4" && !is_behind => None,
            _ => continue,
        };
        message.ladder.trouble = trouble;
        texts::set_ladder(tx.sql(), &message)?;
        marks.message(&chat.workspace, &chat.id, message.n, &message.id);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: i64, state: State) -> SendRow {
        SendRow {
            message: format!("m{n}"),
            conversation: "v".into(),
            channel: "h".into(),
            n,
            device: None,
            based_on_n: 0,
            state,
            attempts: 0,
            attempted_at: None,
            next_try_at: 0,
            unknown_since: None,
            passed: false,
            line: None,
            upload_tries: 0,
        }
    }

    fn going(rows: &[SendRow], now: i64) -> Result<i64, Option<i64>> {
        match next(rows, now) {
            Next::Send(row) => Ok(row.n),
            Next::At(at) => Err(Some(at)),
            Next::Idle => Err(None),
        }
    }

    fn behind(rows: &[SendRow], now: i64) -> Vec<i64> {
        waiting_for_another(rows, now).iter().map(|row| row.n).collect()
    }

    #[test]
    fn the_first_goes_first_and_alone() {
        assert_eq!(going(&[], 0), Err(None));
        let mut rows = [row(1, State::Waiting), row(2, State::Waiting)];
        assert_eq!(going(&rows, 0), Ok(1));
        assert!(behind(&rows, 0).is_empty());
        rows[0].state = State::Attempted;
        assert_eq!(going(&rows, 0), Err(None));
        assert!(behind(&rows, 0).is_empty());
        // Passed or not: one call at a time.
        rows[0].passed = true;
        assert_eq!(going(&rows, 0), Err(None));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_for_years() {
        let years = 10 * 365 * 24 * 60 * 60 * 1_000;
        let mut rows = [row(1, State::Waiting), row(2, State::Waiting)];
        rows[0].next_try_at = years;
        assert_eq!(going(&rows, 0), Ok(1));
        rows[0].next_try_at = backoff::LONGEST_MS;
        assert_eq!(going(&rows, 0), Err(Some(backoff::LONGEST_MS)));
        // By so little that the wait alone does not show it.
        rows[0].attempted_at = Some(backoff::LONGEST_MS - 1_000);
        assert_eq!(going(&rows, 0), Ok(1));
        for since in [years, 60 * 60 * 1_000] {
            rows[0].state = State::Unknown;
            rows[0].unknown_since = Some(since);
            assert_eq!(going(&rows, 0), Ok(2));
        }
        rows[0].unknown_since = Some(1_000);
        assert_eq!(going(&rows, 0), Err(Some(1_000 + UNKNOWN_HOLD_MS)));
    }

    #[test]
    fn a_later_try_keeps_the_order() {
        let mut rows = [row(1, State::Waiting), row(2, State::Waiting)];
        rows[0].next_try_at = 50;
        assert_eq!(going(&rows, 0), Err(Some(50)));
        assert_eq!(behind(&rows, 0), [2]);
        assert_eq!(going(&rows, 50), Ok(1));
        rows[0].passed = true;
        assert_eq!(going(&rows, 0), Ok(2));
        rows[1].next_try_at = 40;
        assert_eq!(going(&rows, 0), Err(Some(40)));
    }

    #[test]
    fn a_held_one_holds_until_it_is_passed() {
        let mut rows = [row(1, State::Held), row(2, State::Waiting), row(3, State::Waiting)];
        assert_eq!(going(&rows, i64::MAX), Err(None));
        assert_eq!(behind(&rows, 0), [2, 3]);
        rows[0].passed = true;
        assert_eq!(going(&rows, 0), Ok(2));
        assert!(behind(&rows, 0).is_empty());
    }

    #[test]
    fn an_unknown_one_holds_for_two_minutes() {
        let mut rows = [row(1, State::Unknown), row(2, State::Waiting)];
        rows[0].unknown_since = Some(1_000);
        let end = 1_000 + UNKNOWN_HOLD_MS;
        assert_eq!(going(&rows, end - 1), Err(Some(end)));
        assert_eq!(behind(&rows, end - 1), [2]);
        assert_eq!(going(&rows, end), Ok(2));
        assert!(behind(&rows, end).is_empty());
        rows[0].passed = true;
        assert_eq!(going(&rows, 1_000), Ok(2));
    }
}
