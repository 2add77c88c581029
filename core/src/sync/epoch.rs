//! Another life of the server: it was set back, or another copy of it runs.
//!
//! Versions and numbers count from anew, and what had left for the old server is unknown to the new one. Nothing that calls
//! WhatsApp goes by itself: neither what may have gone out already, nor what was written for another state of things.

use crate::api::Reason;
use crate::model::body;
use crate::model::queue::{Event, State};
use crate::model::records::{Message, Queued};
use crate::outbox::row;
use crate::store::{Key, StoreError, Stored, Tx};
use crate::transport::wire::{CommandBody, TextBody};

/// The code of a reply that asks because the server was set back.
const RESTORED: &str = "restored";

/// Takes note of the epoch that an answer names, whichever answer names a new one first.
pub(super) fn see_epoch(tx: &Tx<'_>, epoch: &str, now: i64) -> Stored<()> {
    if tx.read().meta(Key::Epoch)?.is_some_and(|held| held != epoch) {
        enter_epoch(tx, now)?;
    }
    tx.set_meta(Key::Epoch, epoch)
}

/// Another epoch.
pub(super) fn enter_epoch(tx: &Tx<'_>, now: i64) -> Stored<()> {
    tx.forget_versions()?;
    tx.clear_marks()?;
    tx.set_meta(Key::AskKnown, "1")?;
    for it in tx.read().outbox()? {
        match it.kind.as_str() {
            "send" => enter_send(tx, &it, now)?,
            "release" => ask_again(tx, &it, now)?,
            "settle" if it.payload.contains("\"send_again\"") => ask_again(tx, &it, now)?,
            // What the old server did is over; what it did not answer is asked of the new one.
            _ => drop(tx.step_command(&it, Event::CaughtUp)?),
        }
    }
    Ok(())
}

/// What may have left is R14; what never left waits for a yes: somebody may have answered in what the server lost.
fn enter_send(tx: &Tx<'_>, it: &Queued, now: i64) -> Stored<()> {
    match tx.step_command(it, Event::NewEpoch)? {
        Some(State::Unknown) => {
            tx.await_seq(&it.id, None)?;
            tx.explain_command(&it.id, Some(Reason::UnknownOutcome.id()), None, None, now)
        }
        Some(_) => {
            let reason = Reason::AnsweredMeanwhile.id();
            tx.explain_command(&it.id, Some(reason), Some(RESTORED), None, now)
        }
        None => Ok(()),
    }
}

/// A yes of the old life: whether WhatsApp was called for it nobody knows. The reply itself becomes R14 on this phone, unless
/// the new server brings it and asks.
fn ask_again(tx: &Tx<'_>, it: &Queued, now: i64) -> Stored<()> {
    if let Some(state) = tx.step_command(it, Event::NewEpoch)? {
        tx.step_command(&Queued { state, ..it.clone() }, Event::Dropped)?;
    }
    it.target.as_deref().map_or(Ok(()), |id| ask_about(tx, id, now))
}

/// A reply of this phone's that the old server had becomes R14 on this phone, as long as its text is still here. Should the new
/// server bring it after all, that is the end of the question.
pub(super) fn ask_about(tx: &Tx<'_>, id: &str, now: i64) -> Stored<()> {
    // Of what had reached WhatsApp it is known that it went out.
    let open = |message: &Message| !message.deleted && message.step == "queued";
    let Some(message) = tx.read().message(id)?.filter(open) else { return Ok(()) };
    let Some(text) = body::written(body::read(&message.body, None)) else { return Ok(()) };
    if tx.read().queued(id)?.is_some() {
        return Ok(());
    }
    let (body, reply_to) = (TextBody::new(&text), message.reply_to.as_deref());
    let conversation = message.conversation_id.as_str();
    let body = CommandBody::Send { conversation, body, reply_to, based_on_n: message.n };
    let at = message.written_at.unwrap_or(message.sent_at);
    let reply = row(id, at, conversation, None, body, None)
        .map_err(|_| StoreError::Broken("a reply that cannot be written"))?;
    tx.enqueue(&Queued { state: State::Unknown, ..reply })?;
    tx.explain_command(id, Some(Reason::UnknownOutcome.id()), None, None, now)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::Store;
    use crate::support::Inline;

    async fn state(store: &Store, id: &'static str) -> Option<(State, Option<String>)> {
        let found = store.read(move |read| Ok(read.queued(id)?.map(|it| (it.state, it.reason))));
        found.await.unwrap()
    }

    fn held(id: &str) -> Message {
        Message {
            id: id.into(),
            conversation_id: "a".into(),
            version: 4,
            n: 2,
            sent_at: 1,
            written_at: None,
            author_kind: "agent".into(),
            author_id: None,
            body: r#"{"kind":"text","text":"on my way"}"#.into(),
            reply_to: None,
            deleted: false,
            step: "queued".into(),
            times: "{}".into(),
            trouble: None,
            extras: None,
        }
    }

    /// Three sends: waiting, gone without an answer, done at the old server.
    async fn at_the_old_server() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("s.db"), Arc::new(Inline)).await.unwrap();
        let filled = store.write(|tx| {
            see_epoch(tx, "old", 1)?;
            for id in ["waiting", "gone", "done"] {
                let body = TextBody::new("hi");
                let (conversation, reply_to, based_on_n) = ("a", None, 1);
                let body = CommandBody::Send { conversation, body, reply_to, based_on_n };
                tx.enqueue(&row(id, 1, "a", None, body, None).unwrap())?;
            }
            for id in ["gone", "done"] {
                tx.step_command(&tx.read().queued(id)?.unwrap(), Event::Attempt)?;
            }
            tx.step_command(&tx.read().queued("done")?.unwrap(), Event::Done)?;
            tx.await_seq("done", Some(500))
        });
        filled.await.unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn whichever_answer_names_a_new_epoch_nothing_is_sent_twice_by_itself() {
        let (_folder, store) = at_the_old_server().await;
        store.write(|tx| see_epoch(tx, "old", 2)).await.unwrap();
        assert_eq!(state(&store, "gone").await, Some((State::Sent, None)));
        store.write(|tx| see_epoch(tx, "new", 3)).await.unwrap();
        let unknown = Some((State::Unknown, Some(Reason::UnknownOutcome.id().to_owned())));
        assert_eq!(state(&store, "gone").await, unknown);
        assert_eq!(state(&store, "done").await, unknown, "the new server may lack it");
        let asks = Some((State::Held, Some(Reason::AnsweredMeanwhile.id().to_owned())));
        assert_eq!(state(&store, "waiting").await, asks, "a person looks before it goes");
        let code = store.read(|read| Ok(read.queued("waiting")?.and_then(|it| it.code)));
        assert_eq!(code.await.unwrap().as_deref(), Some(RESTORED));
        // The old server's numbers end nothing.
        store.write(|tx| tx.finish_up_to(1_000)).await.unwrap();
        assert_eq!(state(&store, "done").await, unknown);
    }

    #[tokio::test]
    async fn a_message_that_the_new_server_has_settles_itself() {
        let (_folder, store) = at_the_old_server().await;
        store.write(|tx| see_epoch(tx, "new", 3)).await.unwrap();
        let message = held("gone");
        store.write(move |tx| tx.put_message(&message).map(|_| ())).await.unwrap();
        assert_eq!(state(&store, "gone").await, None);
    }

    /// Acts on `m`, of which the old server may or may not have called WhatsApp.
    async fn acted(act: CommandBody<'static>, sent: bool) -> (tempfile::TempDir, Store) {
        let (folder, store) = at_the_old_server().await;
        let acting = store.write(move |tx| {
            tx.put_message(&held("m"))?;
            tx.enqueue(&row("act", 1, "a", Some("m"), act, None).unwrap())?;
            if sent {
                tx.step_command(&tx.read().queued("act")?.unwrap(), Event::Attempt)?;
            }
            see_epoch(tx, "new", 3)
        });
        acting.await.unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn a_yes_that_may_have_gone_out_is_asked_for_again() {
        let (message, based_on_n, new_id) = ("m", 1, Some("copy"));
        let again = || {
            let (result, based_on_n) = ("send_again", Some(1));
            CommandBody::Settle { message, result, new_id, based_on_n }
        };
        for (act, sent) in [
            (CommandBody::Release { message, based_on_n }, true),
            (CommandBody::Release { message, based_on_n }, false),
            (again(), true),
            (again(), false),
        ] {
            let (_folder, store) = acted(act, sent).await;
            assert_eq!(state(&store, "act").await, None);
            let unknown = Some((State::Unknown, Some(Reason::UnknownOutcome.id().to_owned())));
            assert_eq!(state(&store, "m").await, unknown);
            let text = store.read(|read| Ok(read.queued("m")?.and_then(|it| it.text)));
            assert_eq!(text.await.unwrap().as_deref(), Some("on my way"));
        }
    }

    #[tokio::test]
    async fn what_calls_nobody_goes_on() {
        let message = "m";
        for act in [
            CommandBody::Withdraw { message },
            CommandBody::Pass { message },
            CommandBody::Settle { message, result: "arrived", new_id: None, based_on_n: None },
            CommandBody::Read { conversation: "a", up_to_n: 1 },
        ] {
            let (_folder, store) = acted(act, true).await;
            assert_eq!(state(&store, "act").await, Some((State::Sent, None)));
            assert_eq!(state(&store, "m").await, None);
        }
    }

    #[tokio::test]
    async fn an_edited_reply_behind_its_withdrawal_asks_too() {
        let (_folder, store) = at_the_old_server().await;
        let body = TextBody::new("better");
        let body = CommandBody::Send { conversation: "a", body, reply_to: None, based_on_n: 1 };
        let edited = row("edited", 1, "a", None, body, Some("w")).unwrap();
        store.write(move |tx| tx.enqueue(&edited)).await.unwrap();
        store.write(|tx| see_epoch(tx, "new", 3)).await.unwrap();
        let asks = Some((State::Held, Some(Reason::AnsweredMeanwhile.id().to_owned())));
        assert_eq!(state(&store, "edited").await, asks);
    }
}
