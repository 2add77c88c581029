//! Templates: listed from Meta, told to phones, changed by webhooks and by the office.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::meta_world::*;

fn listed(id: &str, name: &str, status: &str) -> Value {
    json!({"id": id, "name": name, "language": "en_US", "status": status, "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Hello {{1}}"}]})
}

fn page(rows: &[Value], after: Option<&str>) -> Reply {
    let mut page = json!({"data": rows});
    if let Some(after) = after {
        page["paging"] = json!({"cursors": {"after": after}, "next": "https://graph.example/next"});
    }
    Reply::Answer(200, page, None)
}

/// Names of the templates that a phone holds after a start: they come whole, on its last page.
async fn held(world: &World) -> Vec<String> {
    let mut path = "/v1/bootstrap".to_owned();
    loop {
        let (_, _, page) = world.ask(MARIA, "GET", &path, &[], Vec::new()).await;
        let page: Value = serde_json::from_slice(&page).unwrap();
        let Some(next) = page["next_page"].as_str() else {
            let templates = page["templates"].as_array().unwrap();
            return templates.iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect();
        };
        assert!(page.get("templates").is_none());
        path = format!("/v1/bootstrap?page={next}");
    }
}

fn told(world: &World) -> Vec<String> {
    world.rows(
        "SELECT coalesce(t.name, '?'), c.gone FROM changes c LEFT JOIN templates t ON t.id = c.id
         WHERE c.kind = 'template' ORDER BY c.seq",
    )
}

const LIST: &str = "GET /b/message_templates";

#[tokio::test(start_paused = true)]
async fn the_list_is_fetched_whole_and_phones_hold_the_approved_ones() {
    let world = World::new().await;
    world.graph.on(
        LIST,
        [
            page(&[listed("1", "hello", "APPROVED")], Some("c1")),
            page(&[listed("2", "later", "PENDING"), listed("3", "third", "APPROVED")], None),
        ],
    );
    // At once: the account is new.
    sleep(Duration::from_secs(1)).await;
    let asked = world.graph.questions();
    let asked: Vec<_> = asked.iter().filter(|q| q.starts_with(LIST)).collect();
    assert!(asked.len() == 2 && asked[1].contains("after=c1"), "{asked:?}");
    assert_eq!(held(&world).await, ["hello", "third"]);
    assert_eq!(told(&world), ["hello 0", "third 0"]);
    // An hour later one is gone and one is approved; what stayed as it was is told no second time.
    world.graph.on(
        LIST,
        [page(&[listed("1", "hello", "APPROVED"), listed("2", "later", "APPROVED")], None)],
    );
    world.later(Duration::from_hours(1)).await;
    assert_eq!(held(&world).await, ["hello", "later"]);
    assert_eq!(told(&world), ["hello 0", "? 0", "later 0", "? 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_many_pages_is_taken_whole_and_a_new_account_waits_for_nothing() {
    let world = World::new().await;
    world.graph.on(LIST, [page(&[listed("0", "first", "APPROVED")], None)]);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(held(&world).await, ["first"]);
    world.graph.questions();
    // The operator adds a number of another account while the platform runs.
    let pages = (0..5).map(|number| {
        let rows: Vec<_> = (0..100)
            .map(|row| listed(&format!("{number}{row}"), &format!("t{number}_{row}"), "APPROVED"))
            .collect();
        let next = (number < 4).then(|| format!("c{number}"));
        page(&rows, next.as_deref())
    });
    world.graph.on("GET /c/message_templates", pages);
    world
        .sql()
        .execute(
            "INSERT INTO channels (id, workspace, phone_number_id, waba_id, display, display_digits,
                 token_sealed, created_at)
             SELECT 'i', workspace, '4343', 'c', '+34 601', '34601', token_sealed, 0 FROM channels",
            [],
        )
        .unwrap();
    sleep(Duration::from_secs(1)).await;
    let asked = world.graph.questions();
    assert_eq!(asked.len(), 5, "{asked:?}");
    for (number, question) in asked.iter().enumerate().skip(1) {
        assert!(question.contains(&format!("after=c{}", number - 1)), "{question}");
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM templates WHERE waba_id = 'c'"), 500);
    // The other account's stay as they were.
    assert_eq!(world.one::<i64>("SELECT count(*) FROM templates WHERE waba_id = 'b'"), 1);
    // A list that was here before is not asked for at every start.
    let mut world = world;
    world.stop().await;
    world.sql().execute("UPDATE template_lists SET due_at = 0", []).unwrap();
    world.start().await;
    sleep(Duration::from_secs(20)).await;
    assert!(world.graph.questions().iter().all(|q| !q.contains("message_templates")));
    sleep(Duration::from_secs(20)).await;
    assert!(world.graph.questions().iter().any(|q| q.contains("message_templates")));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_changes_nothing() {
    let world = World::new().await;
    world.graph.on(LIST, [page(&[listed("1", "hello", "APPROVED")], None)]);
    sleep(Duration::from_mins(1)).await;
    world.graph.on(LIST, [page(&[], Some("c1")), Reply::Lost, Reply::Answer(500, json!({}), None)]);
    world.later(Duration::from_hours(5)).await;
    assert_eq!(held(&world).await, ["hello"]);
    // Nor one that says that more follows, and leads nowhere or back.
    let mut nowhere = json!({"data": [], "paging": {"next": "https://graph.example/next"}});
    world.graph.on(LIST, [Reply::Answer(200, nowhere.clone(), None)]);
    world.later(Duration::from_hours(5)).await;
    assert_eq!(held(&world).await, ["hello"]);
    nowhere["paging"]["cursors"] = json!({"after": "c1"});
    world.graph.on(LIST, [Reply::Answer(200, nowhere, None)]);
    world.later(Duration::from_hours(5)).await;
    assert_eq!(held(&world).await, ["hello"]);
}

fn news(field: &str, value: &Value) -> Value {
    json!({"field": field, "value": value})
}

#[tokio::test(start_paused = true)]
async fn a_webhook_takes_a_paused_template_from_phones_at_once() {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world.graph.on(LIST, [page(&[listed("11", "hello", "APPROVED")], None)]);
    sleep(Duration::from_mins(1)).await;
    let id: String = world.one("SELECT id FROM templates");
    // One waits in the queue when it is paused: it stops with R12 instead of going out.
    world.graph.then([Reply::NotSent]);
    let body = json!({"kind": "template", "template": id, "fields": {"body.1": "Ana"}});
    let send = json!({"kind": "send", "conversation": world.chat(), "body": body, "based_on_n": 1});
    let waiting = world.command(MARIA, send).await["id"].as_str().unwrap().to_owned();
    world.graph.on(LIST, [page(&[listed("11", "hello", "PAUSED")], None)]);
    let paused = news(
        "message_template_status_update",
        &json!({"event": "PAUSED", "message_template_id": 11, "message_template_name": "hello",
            "message_template_language": "en_US", "reason": "NONE", "other_info": {"title": "FIRST_PAUSE"}}),
    );
    world.webhook(&[paused]).await;
    assert_eq!(held(&world).await, Vec::<String>::new());
    assert_eq!(told(&world).last().unwrap(), "hello 1");
    sleep(Duration::from_secs(5)).await;
    assert_eq!(world.state(&waiting), "stopped queued R12");
    // Reinstated: it is there again, and the list, fetched anew, agrees.
    world.graph.on(LIST, [page(&[listed("11", "hello", "APPROVED")], None)]);
    let again = news(
        "message_template_status_update",
        &json!({"event": "APPROVED", "message_template_id": "11", "reason": null}),
    );
    sleep(Duration::from_secs(2)).await;
    world.webhook(&[again]).await;
    assert_eq!(held(&world).await, ["hello"]);
    world.graph.questions();
    sleep(Duration::from_mins(1)).await;
    assert!(world.graph.questions().iter().any(|q| q.starts_with(LIST)));
    assert_eq!(held(&world).await, ["hello"]);
}

#[tokio::test(start_paused = true)]
async fn the_office_submits_changes_and_deletes() {
    let world = World::new().await;
    world.graph.on(
        "POST /b/message_templates",
        [Reply::Answer(200, json!({"id": "21", "status": "PENDING", "category": "UTILITY"}), None)],
    );
    let new = json!({"name": "order_ready", "language": "en_US", "kind": "utility",
        "components": [{"type": "BODY", "text": "Ready"}]});
    let (status, made) = world.as_owner("POST", "/v1/office/templates", &new).await;
    assert_eq!((status, &made["status"]), (200, &json!("pending")), "{made}");
    let asked = world.graph.questions();
    let submitted = asked.iter().find(|q| q.starts_with("POST /b/message_templates")).unwrap();
    assert!(submitted.contains("\"category\":\"UTILITY\"") && submitted.contains("positional"));
    let path = format!("/v1/office/templates/{}", made["id"].as_str().unwrap());
    // Meta's refusal, in its code: an approved one takes so many changes and no more.
    world.graph.on(
        "POST /21",
        [
            Reply::Answer(400, json!({"error": {"code": 100, "error_subcode": 2_388_003}}), None),
            Reply::Answer(200, json!({"success": true}), None),
        ],
    );
    let change = json!({"components": [{"type": "BODY", "text": "It is ready"}]});
    let (status, refused) = world.as_owner("POST", &path, &change).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("meta_refused")));
    assert_eq!(
        refused["error"]["details"],
        json!({"whatsapp_code": 100, "whatsapp_subcode": 2_388_003})
    );
    let (status, changed) = world.as_owner("POST", &path, &change).await;
    assert_eq!((status, &changed["parts"][0]["text"]), (200, &json!("It is ready")));
    let long = json!({"components": [{"type": "BODY", "text": "x".repeat(1025)}]});
    let (status, refused) = world.as_owner("POST", &path, &long).await;
    assert_eq!((status, &refused["error"]["details"]["limit"]), (400, &json!(1024)));
    let (status, list) = world.as_owner("GET", "/v1/office/templates", &json!({})).await;
    assert_eq!((status, &list["templates"][0]["name"]), (200, &json!("order_ready")));
    world
        .graph
        .on("DELETE /b/message_templates", [Reply::Answer(200, json!({"success": true}), None)]);
    assert_eq!(world.as_owner("DELETE", &path, &json!({})).await.0, 204);
    let asked = world.graph.questions();
    assert!(asked.iter().any(|q| q.contains("hsm_id=21&name=order_ready")), "{asked:?}");
    assert_eq!(world.as_owner("DELETE", &path, &json!({})).await.0, 404);
    // Who did it can be read (experience.md D8); what was refused is no deed.
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        world.rows("SELECT member, what, object_kind, object FROM audit WHERE what <> 'signed_in' ORDER BY id"),
        ["submitted", "changed", "deleted"].map(|what| format!("olga template_{what} template {id}"))
    );
    // An employee has no say in it.
    let (status, _, _) = world.ask(MARIA, "GET", "/v1/office/templates", &[], Vec::new()).await;
    assert_eq!(status, 403);
}

#[tokio::test(start_paused = true)]
async fn the_office_has_the_list_fetched_now() {
    let world = World::new().await;
    world.graph.on(LIST, [page(&[listed("1", "hello", "REJECTED")], None)]);
    let (status, list) = world.as_owner("POST", "/v1/office/templates/refresh", &json!({})).await;
    assert_eq!((status, &list["templates"][0]["status"]), (200, &json!("rejected")), "{list}");
    assert!(list["accounts"][0]["fetched_at"].as_i64().is_some());
    world.graph.on(LIST, [Reply::Lost]);
    let (status, answer) = world.as_owner("POST", "/v1/office/templates/refresh", &json!({})).await;
    assert_eq!((status, &answer["error"]["code"]), (503, &json!("meta_unavailable")));
}
