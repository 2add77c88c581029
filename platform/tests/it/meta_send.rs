//! The queue towards WhatsApp: once, in order, and never without saying why not.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::meta_world::*;

const MINUTE: Duration = Duration::from_mins(1);

/// A world in which Ana has just written.
async fn asked() -> World {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_reply_goes_out_as_meta_wants_it_and_climbs() {
    let world = asked().await;
    let id = world.send(MARIA, "an answer", 1).await;
    world.quiet().await;
    assert_eq!(
        world.graph.calls(),
        [json!({"messaging_product": "whatsapp", "recipient_type": "individual",
            "to": format!("+{ANA}"), "type": "text",
            "text": {"preview_url": false, "body": "an answer"}, "biz_opaque_callback_data": id})]
    );
    assert_eq!(world.state(&id), "accepted sent -");
    assert_eq!(world.rows("SELECT unread, waiting_since FROM conversations"), ["0 -"]);
    let at = world.now_s();
    world.webhook(&[status_of("wamid.out.1", "read", at)]).await;
    assert_eq!(world.state(&id), "accepted read -");
    let times: String = world.one(&format!("SELECT times FROM messages WHERE id = '{id}'"));
    let times: serde_json::Value = serde_json::from_str(&times).unwrap();
    let steps: Vec<_> = times.as_object().unwrap().keys().cloned().collect();
    assert_eq!(steps.len(), 4, "{steps:?}");
    world.webhook(&[status_of("wamid.out.1", "delivered", at)]).await;
    assert_eq!(world.state(&id), "accepted read -");
}

#[tokio::test(start_paused = true)]
async fn a_quote_names_metas_id() {
    let world = asked().await;
    let quoted: String = world.one("SELECT id FROM messages");
    let mut command = world.sending(&world.uuid(), "b", 1);
    command["reply_to"] = quoted.into();
    assert_eq!(world.command(MARIA, command).await["outcome"], "done");
    world.quiet().await;
    assert_eq!(world.graph.calls()[0]["context"], json!({"message_id": "wamid.in"}));
}

#[tokio::test(start_paused = true)]
async fn order_holds_whatever_fails() {
    let world = asked().await;
    world.graph.then([
        Reply::NotSent,
        Reply::Code(500, 131_016),
        Reply::Slow(Duration::from_secs(9)),
        Reply::Code(400, 130_429),
    ]);
    for text in ["1", "2", "3"] {
        world.send(MARIA, text, 1).await;
    }
    sleep(5 * MINUTE).await;
    assert_eq!(world.graph.texts(), ["1", "1", "1", "2", "2", "3"]);
    assert_eq!(world.rows("SELECT DISTINCT state FROM sends"), ["accepted"]);
}

#[tokio::test(start_paused = true)]
async fn one_call_is_in_flight_a_conversation_and_others_do_not_wait() {
    let world = asked().await;
    world.graph.then([Reply::Never]);
    let first = world.send(MARIA, "1", 1).await;
    let second = world.send(MARIA, "2", 1).await;
    let chat = world.chat();
    world.webhook(&[customer("34600999", "wamid.b", "me too", world.now_s())]).await;
    let other: String = world.one(&format!("SELECT id FROM conversations WHERE id <> '{chat}'"));
    let mut command = world.sending(&world.uuid(), "3", 1);
    command["conversation"] = other.into();
    assert_eq!(world.command(MARIA, command).await["outcome"], "done");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(world.graph.texts(), ["1", "3"]);
    assert_eq!(world.state(&first), "attempted queued -");
    // Nothing is wrong yet, so nothing is shown.
    assert_eq!(world.state(&second), "waiting queued -");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_about_at_once_and_holds_for_two_minutes() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    let lost = world.send(MARIA, "1", 1).await;
    let next = world.send(MARIA, "2", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&lost), "unknown queued R14");
    assert_eq!(world.trouble(&lost)["final"], false);
    assert_eq!(world.state(&next), "waiting queued R4");
    sleep(Duration::from_secs(119)).await;
    assert_eq!(world.graph.texts(), ["1"]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(world.graph.texts(), ["1", "2"]);
    assert_eq!(world.state(&next), "accepted sent -");
    // The question stays, and nothing is sent again by itself.
    sleep(60 * MINUTE).await;
    assert_eq!(world.state(&lost), "unknown queued R14");
    assert_eq!(world.graph.texts().len(), 2);
    // A status settles it at any time, by our own id, and Meta's id is learnt from it.
    let news = json!({"id": "wamid.late", "status": "delivered", "timestamp": world.now_s(),
        "biz_opaque_callback_data": lost});
    world.webhook(&[status(&news)]).await;
    assert_eq!(world.state(&lost), "accepted delivered -");
    world.webhook(&[status_of("wamid.late", "read", world.now_s())]).await;
    assert_eq!(world.state(&lost), "accepted read -");
}

#[tokio::test(start_paused = true)]
async fn a_status_frees_what_waited_for_it() {
    let world = asked().await;
    world.graph.then([Reply::Code(500, 131_000)]);
    let lost = world.send(MARIA, "1", 1).await;
    let next = world.send(MARIA, "2", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&lost), "unknown queued R14");
    let news = json!({"id": "wamid.late", "status": "sent", "timestamp": world.now_s(),
        "biz_opaque_callback_data": lost});
    world.webhook(&[status(&news)]).await;
    assert_eq!(world.state(&lost), "accepted sent -");
    assert_eq!(world.state(&next), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_ends_is_a_lost_answer() {
    let world = asked().await;
    world.graph.then([Reply::Never]);
    let id = world.send(MARIA, "1", 1).await;
    sleep(MINUTE).await;
    assert_eq!(world.state(&id), "unknown queued R14");
}

#[tokio::test(start_paused = true)]
async fn killed_between_attempt_and_answer_it_is_never_sent_again() {
    let mut world = asked().await;
    world.graph.then([Reply::Never]);
    let id = world.send(MARIA, "1", 1).await;
    let next = world.send(MARIA, "2", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "attempted queued -");
    world.kill().await;
    world.start().await;
    assert_eq!(world.state(&id), "unknown queued R14");
    assert_eq!(world.state(&next), "waiting queued R4");
    sleep(5 * MINUTE).await;
    assert_eq!(world.graph.texts(), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_clean_stop_waits_for_the_answer() {
    let mut world = asked().await;
    world.graph.then([Reply::Slow(Duration::from_secs(3))]);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    world.stop().await;
    assert_eq!(world.state(&id), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn a_status_may_come_before_the_answer() {
    let world = asked().await;
    // Parked under Meta's id until the answer names it.
    world.webhook(&[status_of("wamid.out.1", "delivered", world.now_s())]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM parked_statuses"), 1);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "accepted delivered -");
    assert_eq!(world.one::<i64>("SELECT count(*) FROM parked_statuses"), 0);
    // By our own id while the call still runs; the loss of its answer then is none.
    world.graph.then([Reply::Never]);
    let id = world.send(MARIA, "2", 2).await;
    world.quiet().await;
    let news = json!({"id": "wamid.x", "status": "read", "timestamp": world.now_s(),
        "biz_opaque_callback_data": id});
    world.webhook(&[status(&news)]).await;
    assert_eq!(world.state(&id), "accepted read -");
    sleep(MINUTE).await;
    assert_eq!(world.state(&id), "accepted read -");
}

#[tokio::test(start_paused = true)]
async fn an_echo_of_our_own_is_news_and_no_second_message() {
    let world = asked().await;
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    world.owner("wamid.out.1", "1").await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 2);
    // And one that is quicker than the answer is emptied when its owner is known.
    world.graph.then([Reply::Slow(Duration::from_secs(2))]);
    let slow = world.send(MARIA, "2", 2).await;
    world.quiet().await;
    world.owner("wamid.out.2", "2").await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 4);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(world.state(&slow), "accepted sent -");
    assert_eq!(
        world.rows("SELECT n, author_kind, deleted IS NOT NULL, coalesce(wamid, '-') FROM messages ORDER BY n"),
        ["1 customer 0 wamid.in", "2 agent 0 wamid.out.1", "3 agent 0 wamid.out.2", "4 owner_app 1 -"]
    );
    assert_eq!(world.state(&id), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn limits_are_waited_for_and_shown() {
    let world = asked().await;
    let retry = json!({"error": {"code": 130_429}});
    world.graph.then([Reply::Answer(400, retry, Some(30_000)), Reply::Code(400, 131_056)]);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "waiting queued R6");
    let trouble = world.trouble(&id);
    assert_eq!(trouble["whatsapp_code"], 130_429);
    let (since, next) = (&trouble["since"], trouble["next_try"].as_i64().unwrap());
    assert!((30_000..=31_000).contains(&(next - since.as_i64().unwrap())));
    sleep(Duration::from_secs(32)).await;
    // The second try: 4^2 seconds for the pair limit, and the same beginning.
    let trouble = world.trouble(&id);
    assert_eq!(trouble["whatsapp_code"], 131_056);
    assert_eq!(&trouble["since"], since);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(world.graph.calls().len(), 2);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(world.state(&id), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_end_of_that_message_alone() {
    let world = asked().await;
    world.graph.then([Reply::Code(400, 131_026)]);
    let id = world.send(MARIA, "1", 1).await;
    let next = world.send(MARIA, "2", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "stopped queued R10");
    assert_eq!(world.trouble(&id)["final"], true);
    assert_eq!(world.trouble(&id)["whatsapp_code"], 131_026);
    assert_eq!(world.trouble(&id)["word"], "not_reachable");
    assert_eq!(world.state(&next), "accepted sent -");
    // A failure by webhook does not lower the step, and a delivery belies it.
    let failed = |at| {
        status(&json!({"id": "wamid.out.2", "status": "failed", "timestamp": at,
        "errors": [{"code": 131_049}]}))
    };
    let at = world.now_s();
    world.webhook(&[failed(at)]).await;
    assert_eq!(world.state(&next), "stopped sent R16");
    // Nobody has answered the customer now.
    assert!(world.one::<i64>("SELECT ifnull(waiting_since, 0) FROM conversations") > 0);
    world.webhook(&[status_of("wamid.out.2", "delivered", at), failed(at)]).await;
    assert_eq!(world.state(&next), "accepted delivered -");
    assert_eq!(world.rows("SELECT waiting_since FROM conversations"), ["-"]);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_closes_while_it_waits_holds_it() {
    let world = World::new().await;
    let late = world.now_s() - 24 * 3_600 + 10;
    world.webhook(&[customer(ANA, "wamid.in", "a question", late)]).await;
    world.graph.then([Reply::Answer(503, json!({"error": {"code": 2}}), Some(20_000))]);
    let id = world.send(MARIA, "1", 1).await;
    let next = world.send(MARIA, "2", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "waiting queued R6");
    assert_eq!(world.state(&next), "waiting queued R4");
    sleep(Duration::from_secs(30)).await;
    assert_eq!(world.state(&id), "held queued R7");
    assert_eq!(world.state(&next), "waiting queued R4");
    assert_eq!(world.graph.texts(), ["1"]);
    // Asked again when the customer has written, it goes, and the other behind it.
    let refused =
        world.command(MARIA, json!({"kind": "release", "message": id, "based_on_n": 3})).await;
    assert_eq!(refused["code"], "window_closed");
    world.ana("wamid.in2", "well?").await;
    let done =
        world.command(MARIA, json!({"kind": "release", "message": id, "based_on_n": 4})).await;
    assert_eq!(done["outcome"], "done");
    world.quiet().await;
    assert_eq!(world.graph.texts(), ["1", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn whatsapp_itself_may_say_that_the_window_is_closed() {
    let world = asked().await;
    world.graph.then([Reply::Code(400, 131_047)]);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "held queued R7");
    assert_eq!(world.trouble(&id)["whatsapp_code"], 131_047);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_before_the_attempt_holds_it() {
    let world = asked().await;
    world.graph.then([Reply::Answer(503, json!({"error": {"code": 2}}), Some(20_000))]);
    let id = world.send(MARIA, "1", 1).await;
    let next = world.send(MARIA, "2", 1).await;
    world.quiet().await;
    // The raw body lies there when the time comes; it is worked off first.
    world.owner("wamid.e", "I told her").await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(world.state(&id), "held queued R8");
    let trouble = world.trouble(&id);
    assert_eq!((&trouble["by"], &trouble["n"]), (&json!({"kind": "owner_app"}), &json!(4)));
    assert_eq!(world.state(&next), "waiting queued R4");
    assert_eq!(world.graph.texts(), ["1"]);
    // Let the other one first: it is judged by itself and held too.
    assert_eq!(
        world.command(MARIA, json!({"kind": "pass", "message": id})).await["outcome"],
        "done"
    );
    world.quiet().await;
    assert_eq!(world.state(&next), "held queued R8");
    for message in [&next, &id] {
        let command = json!({"kind": "release", "message": message, "based_on_n": 4});
        assert_eq!(world.command(MARIA, command).await["outcome"], "done");
    }
    world.quiet().await;
    assert_eq!(world.graph.texts(), ["1", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_during_the_call_changes_nothing() {
    let world = asked().await;
    world.graph.then([Reply::Slow(Duration::from_secs(2))]);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    world.owner("wamid.e", "I told her").await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(world.state(&id), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn raw_webhooks_are_worked_off_before_an_attempt_but_not_for_ever() {
    let world = asked().await;
    world
        .sql()
        .execute_batch(
            "CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.wamid = 'wamid.e'
             BEGIN SELECT RAISE(ABORT, 'poison'); END",
        )
        .unwrap();
    world.raw(envelope(&[echo(ANA, "wamid.e", "I told her", world.now_s())])).await;
    let id = world.send(MARIA, "1", 1).await;
    // Two failed tries later the trouble is over, still before the attempt.
    sleep(Duration::from_millis(300)).await;
    world.sql().execute_batch("DROP TRIGGER poison").unwrap();
    sleep(Duration::from_secs(6)).await;
    assert_eq!(world.state(&id), "held queued R8");
    assert!(world.graph.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_waits_five_seconds_for_webhooks_and_no_longer() {
    let world = World::asleep().await;
    world.raw(envelope(&[customer(ANA, "wamid.1", "a", world.now_s())])).await;
    let state = world.platform().state();
    let (began, limit) = (tokio::time::Instant::now(), Duration::from_secs(5));
    state.webhooks.settled(&state.store, limit).await;
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn calls_that_hang_delay_nobody_else() {
    let world = asked().await;
    let chats = crowd(&world, 40).await;
    // The first 30 never get an answer.
    world.graph.then((0..30).map(|_| Reply::Never));
    let commands = chats.iter().map(|chat| {
        let mut command = world.sending(&world.uuid(), "b", 1);
        command["conversation"] = chat.as_str().into();
        command
    });
    world.commands(MARIA, commands.collect()).await;
    // 20 a second and a burst of 20: forty are out within two seconds, whatever hangs.
    sleep(Duration::from_secs(2)).await;
    assert_eq!(world.graph.calls().len(), 40);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM sends WHERE state = 'accepted'"), 10);
}

#[tokio::test(start_paused = true)]
async fn a_number_sends_twenty_a_second() {
    let world = asked().await;
    let chats = crowd(&world, 60).await;
    let commands = chats.iter().map(|chat| {
        let mut command = world.sending(&world.uuid(), "b", 1);
        command["conversation"] = chat.as_str().into();
        command
    });
    world.commands(MARIA, commands.collect()).await;
    world.quiet().await;
    let burst = world.graph.calls().len();
    assert_eq!(burst, 20);
    // In no second more than twenty, wherever it begins.
    sleep(Duration::from_millis(950)).await;
    assert_eq!(world.graph.calls().len(), 20);
    sleep(Duration::from_millis(150)).await;
    assert_eq!(world.graph.calls().len(), 40);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(world.rows("SELECT DISTINCT state FROM sends"), ["accepted"]);
}

/// Conversations of so many people who have just written.
async fn crowd(world: &World, count: usize) -> Vec<String> {
    let people: Vec<_> = (0..count)
        .map(|i| customer(&format!("3461{i:02}"), &format!("wamid.{i}"), "a", world.now_s()))
        .collect();
    world.webhook(&people).await;
    world.rows(
        "SELECT v.id FROM conversations v JOIN contacts k ON k.id = v.contact
         WHERE k.phone LIKE '3461%' ORDER BY v.id",
    )
}

#[tokio::test(start_paused = true)]
async fn a_token_sealed_with_another_key_waits_for_the_operator() {
    let world = asked().await;
    let sealed: Vec<u8> = world.one("SELECT token_sealed FROM channels");
    world.sql().execute("UPDATE channels SET token_sealed = x'00'", []).unwrap();
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "waiting queued R5");
    world.sql().execute("UPDATE channels SET token_sealed = ?1", [sealed]).unwrap();
    sleep(2 * MINUTE).await;
    assert_eq!(world.state(&id), "accepted sent -");
}

fn permutations(words: &[&'static str]) -> Vec<Vec<&'static str>> {
    if words.is_empty() {
        return vec![Vec::new()];
    }
    (0..words.len())
        .flat_map(|i| {
            let mut rest = words.to_vec();
            let first = rest.remove(i);
            permutations(&rest).into_iter().map(move |tail| [vec![first], tail].concat())
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn statuses_say_the_same_in_any_order_before_and_after_the_answer() {
    for (words, end) in [
        (&["sent", "failed"][..], "stopped sent R10"),
        (&["sent", "delivered", "read"], "accepted read -"),
        (&["failed", "read", "sent"], "accepted read -"),
        (&["failed", "delivered", "failed"], "accepted delivered -"),
    ] {
        for order in permutations(words) {
            for before in [true, false] {
                let world = asked().await;
                let news: Vec<_> = order
                    .iter()
                    .map(|word| {
                        status(&json!({"id": "wamid.out.1", "status": word,
                            "timestamp": world.now_s(), "errors": [{"code": 131_026}]}))
                    })
                    .collect();
                if before {
                    world.webhook(&news).await;
                }
                let id = world.send(MARIA, "1", 1).await;
                world.quiet().await;
                if !before {
                    world.webhook(&news).await;
                }
                assert_eq!(world.state(&id), end, "{order:?} {before}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_raw_body_that_came_just_before_the_attempt_is_heard() {
    let world = asked().await;
    // The command wakes the queue, and the body lies there raw, before either worker has run.
    let id = world.send(MARIA, "1", 1).await;
    world.raw(envelope(&[echo(ANA, "wamid.e", "I told her", world.now_s())])).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "held queued R8");
    assert!(world.graph.calls().is_empty());
}
