//! Every kind of message that goes out, from a command to the call that Meta gets.

use serde_json::{Value, json};

use crate::meta_world::*;

async fn asked() -> World {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world
}

/// Gives a `send` with this body; its answer.
async fn send(world: &World, body: Value) -> Value {
    let command =
        json!({"kind": "send", "conversation": world.chat(), "body": body, "based_on_n": 1});
    let answer = world.command(MARIA, command).await;
    world.quiet().await;
    answer
}

#[tokio::test(start_paused = true)]
async fn each_body_reaches_meta_as_it_documents_it() {
    let rows = json!([{"rows": [{"id": "r", "title": "Row"}]}]);
    for (body, kind, object) in [
        (
            json!({"kind": "text", "text": "https://a.example\0", "preview_url": true}),
            "text",
            json!({"preview_url": true, "body": "https://a.example"}),
        ),
        (
            json!({"kind": "location", "latitude": 4.5, "longitude": -7.25, "name": "Shop"}),
            "location",
            json!({"latitude": 4.5, "longitude": -7.25, "name": "Shop"}),
        ),
        (
            json!({"kind": "contacts", "contacts": [{"name": "Bo", "phones": [{"phone": "+1 2"}]}]}),
            "contacts",
            json!([{"name": {"formatted_name": "Bo", "first_name": "Bo"}, "phones": [{"phone": "+1 2"}]}]),
        ),
        (
            json!({"kind": "interactive", "type": "button", "text": "T",
                "buttons": [{"id": "y", "title": "Yes"}]}),
            "interactive",
            json!({"type": "button", "body": {"text": "T"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]}}),
        ),
        (
            json!({"kind": "interactive", "type": "list", "text": "T", "button": "B", "sections": rows}),
            "interactive",
            json!({"type": "list", "body": {"text": "T"}, "action": {"button": "B", "sections": rows}}),
        ),
        (
            json!({"kind": "interactive", "type": "location_request", "text": "T"}),
            "interactive",
            json!({"type": "location_request_message", "body": {"text": "T"},
                "action": {"name": "send_location"}}),
        ),
    ] {
        let world = asked().await;
        let answer = send(&world, body.clone()).await;
        assert_eq!(answer["outcome"], "done", "{answer}");
        let call = world.graph.calls().remove(0);
        assert_eq!((&call["type"], &call[kind]), (&json!(kind), &object));
        assert_eq!(call["biz_opaque_callback_data"], answer["id"]);
        // Phones see what was sent, and it is an answer like any other.
        let kept: String = world.one("SELECT body FROM messages WHERE n = 2");
        let kept: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept["kind"], body["kind"]);
        assert_eq!(world.one::<i64>("SELECT unread FROM conversations"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_over_a_limit_is_refused_at_once_with_the_limit() {
    let world = asked().await;
    for (body, code, limit) in [
        (json!({"kind": "text", "text": "x".repeat(4097)}), "too_long", json!(4096)),
        (
            json!({"kind": "media", "mime": "image/png", "size": 6 << 20, "sha256": "a".repeat(64)}),
            "media_too_large",
            json!(5 << 20),
        ),
        (
            json!({"kind": "contacts", "contacts": vec![json!({"name": "a"}); 258]}),
            "too_many_items",
            json!(257),
        ),
        (
            json!({"kind": "interactive", "type": "cta_url", "text": "T", "button": "x".repeat(21),
                "url": "https://a.example"}),
            "too_long",
            json!(20),
        ),
    ] {
        let answer = send(&world, body).await;
        assert_eq!((&answer["outcome"], &answer["code"]), (&json!("refused"), &json!(code)));
        assert_eq!(answer["details"]["limit"], limit, "{answer}");
    }
    let heic = json!({"kind": "media", "mime": "image/heic", "size": 9, "sha256": "a".repeat(64)});
    let answer = send(&world, heic).await;
    assert_eq!((&answer["code"], &answer["reason"]), (&json!("media_kind"), &json!("R13")));
    assert!(world.graph.calls().is_empty());
    assert_eq!(world.one::<i64>("SELECT count(*) FROM sends"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_window_names_the_templates_that_are_left() {
    let world = asked().await;
    world
        .sql()
        .execute_batch(
            "INSERT INTO templates (id, workspace, version, waba_id, meta_id, name, language, category,
                 status, components, updated_at) VALUES
             ('t1', 'w', 1, 'b', '1', 'hello', 'en', 'utility', 'approved', '[]', 0),
             ('t2', 'w', 1, 'b', '2', 'later', 'en', 'utility', 'paused', '[]', 0),
             ('t3', 'w', 1, 'other', '3', 'far', 'en', 'utility', 'approved', '[]', 0);
             UPDATE conversations SET window_closes_at = 5;",
        )
        .unwrap();
    let answer = send(&world, json!({"kind": "text", "text": "late"})).await;
    assert_eq!(answer["code"], "window_closed");
    assert_eq!(answer["details"], json!({"closed_at": 5, "templates": ["t1"]}));
}
