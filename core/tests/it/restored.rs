//! A server that was set back: what this phone had sent there is asked for, and what is missing becomes a question.

use fieldline_core::api::{Choice, ConversationId, LadderStep, NetworkKind, Reason};

use crate::scripted::{Server, Sockets, phone, seconds};

/// A first download of one conversation with that message, in that epoch.
fn bootstrap(epoch: &str, messages: &str) -> String {
    let member = r#"{"id":"m","version":1,"name":"Ana","role":"employee"}"#;
    format!(
        r#"{{"epoch":"{epoch}","cursor":"c","as_of":5,"me":{member},"workspace":{{"name":"W"}},
            "conversations":[{{"id":"v","version":1,"contact_id":"k","channel_id":"h","window":{{"closes_at":{}}}}}],
            "messages":[{messages}]}}"#,
        i64::MAX
    )
}

fn changes(epoch: &str, rows: &str) -> String {
    format!(
        r#"{{"kind":"changes","epoch":"{epoch}","from":1,"to":9,"cursor":"c","as_of":9,"changes":[{rows}]}}"#
    )
}

fn mine(id: &str, n: i64, step: &str) -> String {
    format!(
        r#"{{"id":"{id}","version":{n},"conversation_id":"v","n":{n},"sent_at":{n}000,"author":{{"kind":"agent","id":"m"}},
            "body":{{"kind":"text","text":"reply {n}"}},"ladder":{{"step":"{step}"}}}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn what_the_server_lacks_becomes_a_question() {
    let server = Server::new(Sockets::Close);
    server.answer("/v1/bootstrap", 200, None, &bootstrap("e", ""));
    let (_folder, client) = phone(&server).await;
    let v = ConversationId("v".into());
    // Two were done there: one waits there still, one is known to have reached WhatsApp.
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(client.send_reply(&v, "hi", 0).await.unwrap().0);
    }
    seconds(2).await;
    let [waiting, sent] = &ids[..] else { panic!("two replies") };
    let row = |seq: i64, message: String| {
        format!(r#"{{"seq":{seq},"kind":"message","id":"x","object":{message}}}"#)
    };
    let rows = [row(8, mine(waiting, 1, "queued")), row(9, mine(sent, 2, "sent"))].join(",");
    server.answer("/v1/changes", 200, None, &changes("e", &rows));
    client.network_changed(NetworkKind::Unmetered);
    seconds(20).await;
    let drawn = async || client.timeline(&v).next(0).await.unwrap().unwrap().rows;
    let steps: Vec<LadderStep> = drawn().await.iter().map(|row| row.step).collect();
    assert_eq!(steps, [LadderStep::AtServer, LadderStep::Sent]);

    let reset = r#"{"error":{"code":"reset","details":{"cause":"epoch","epoch":"new"}}}"#;
    let scope = r#"{"epoch":"new","conversations":["v"],"cursor":"c","as_of":5}"#;
    server.answer("/v1/changes?since=c&limit=500", 410, None, reset);
    server.answer("/v1/scope", 200, None, scope);
    server.answer("/v1/bootstrap", 200, None, &bootstrap("new", ""));
    let missing = format!(r#"{{"missing":["{waiting}","{sent}"]}}"#);
    server.answer("/v1/messages/known", 200, None, &missing);
    client.network_changed(NetworkKind::Unmetered);
    seconds(1).await;
    server.answer("/v1/changes?since=c&limit=500", 200, None, &changes("new", ""));
    seconds(60).await;
    assert_eq!(server.calls("/v1/messages/known"), 1);
    let asked: Vec<_> = drawn().await.into_iter().filter(|row| row.trouble.is_some()).collect();
    let [asked] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(&asked.key.0, waiting);
    assert_eq!(asked.trouble.as_ref().map(|trouble| trouble.reason), Some(Reason::UnknownOutcome));
    assert_eq!(asked.choices, [Choice::ItArrived, Choice::SendAgain]);
    let outbox = client.outbox().next(0).await.unwrap().unwrap();
    assert_eq!((outbox.total, outbox.needs_me), (1, 1));
    assert_eq!(outbox.rows[0].text.as_deref(), Some("reply 1"));
}
