//! The parser against the shapes of whatsapp.md and against nonsense.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn body(field: &str, value: &Value) -> Vec<u8> {
    let body = json!({"object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}]});
    body.to_string().into_bytes()
}

fn one(field: &str, value: &Value) -> Thing {
    let things = read(&body(field, value)).expect("readable");
    assert_eq!(things.len(), 1, "{things:?}");
    things.into_iter().next().expect("one")
}

fn meta() -> Value {
    json!({"display_phone_number": "+34 600 000 000", "phone_number_id": "42"})
}

fn message(message: &Value) -> Thing {
    one("messages", &json!({"metadata": meta(), "messages": [message]}))
}

fn leftover_reason(thing: Thing) -> &'static str {
    match thing {
        Thing::Leftover(left) => left.reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_with_its_contact() {
    let value = json!({"metadata": meta(),
        "contacts": [{"profile": {"name": "Ana\u{0}", "username": "@ana"}, "wa_id": "34600111222", "user_id": "ES.x1"}],
        "messages": [{"from": "34600111222", "id": "wamid.1", "timestamp": "1700000000", "type": "text",
            "text": {"body": "ho\u{0}la"}, "context": {"from": "1", "id": "wamid.0"}}]});
    let Thing::Message(got) = one("messages", &value) else { panic!("no message") };
    assert_eq!(got.phone_number_id, "42");
    assert_eq!(got.at, Some(1_700_000_000_000));
    assert_eq!(got.content, Content::Text("hola".into()));
    assert_eq!(got.reply_to.as_deref(), Some("wamid.0"));
    assert_eq!(
        got.customer,
        Customer {
            phone: Some("34600111222".into()),
            user_id: Some("ES.x1".into()),
            name: Some("Ana".into()),
            username: Some("ana".into()),
        }
    );
}

#[test]
fn a_forward_is_no_reply_and_an_int_is_a_time() {
    let got = message(&json!({"from": "1", "id": "w", "timestamp": 5, "type": "text",
        "text": {"body": "x"}, "context": {"forwarded": true}}));
    let Thing::Message(got) = got else { panic!("no message") };
    assert_eq!((got.at, got.reply_to), (Some(5_000), None));
}

#[test]
fn a_user_id_in_the_place_of_a_number_is_a_user_id() {
    let got = message(&json!({"from": "ES.abc", "id": "w", "type": "text", "text": {"body": "x"}}));
    let Thing::Message(got) = got else { panic!("no message") };
    assert_eq!(got.customer.phone, None);
    assert_eq!(got.customer.user_id.as_deref(), Some("ES.abc"));
    assert_eq!(got.at, None);
}

#[test]
fn the_contact_is_found_among_many() {
    let value = json!({"metadata": meta(),
        "contacts": [{"wa_id": "1", "profile": {"name": "A"}}, {"wa_id": "2", "profile": {"name": "B"}}],
        "messages": [{"from": "2", "id": "w2", "type": "text", "text": {"body": "x"}},
                     {"from": "3", "id": "w3", "type": "text", "text": {"body": "x"}}]});
    let things = read(&body("messages", &value)).expect("readable");
    let names: Vec<_> = things
        .iter()
        .map(|thing| match thing {
            Thing::Message(m) => m.customer.name.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, [Some("B".into()), None]);
}

#[test]
fn other_kinds_keep_their_word() {
    for (given, kind) in [
        (json!({"type": "image"}), "image"),
        (json!({"type": "interactive"}), "interactive"),
        (json!({"type": "text"}), "text"),
        (json!({"type": "unsupported", "unsupported": {"type": "poll"}}), "poll"),
        (json!({"type": "unsupported", "errors": [{"code": 131_051}]}), "unsupported"),
        (json!({"type": "new kind!"}), "newkind"),
        (json!({}), "unknown"),
    ] {
        let mut given = given;
        given["id"] = json!("w");
        given["from"] = json!("1");
        let Thing::Message(got) = message(&given) else { panic!("no message") };
        assert_eq!(got.content, Content::Other(kind.into()));
    }
}

#[test]
fn an_echo_is_about_the_one_it_went_to() {
    let value = json!({"metadata": meta(), "contacts": [{"wa_id": "2", "user_id": "ES.b"}],
        "message_echoes": [{"from": "34600000000", "to": "2", "id": "w", "timestamp": "7", "type": "text",
            "text": {"body": "done"}}]});
    let Thing::Echo(got) = one("smb_message_echoes", &value) else { panic!("no echo") };
    assert_eq!(got.customer.phone.as_deref(), Some("2"));
    assert_eq!(got.customer.user_id.as_deref(), Some("ES.b"));
}

#[test]
fn statuses_by_wamid_by_callback_or_not_at_all() {
    let status = |s: Value| one("messages", &json!({"metadata": meta(), "statuses": [s]}));
    let Thing::Status(got) = status(json!({"id": "w", "status": "delivered", "timestamp": "9",
        "biz_opaque_callback_data": "ours"}))
    else {
        panic!("no status")
    };
    assert_eq!(got.word, StatusWord::Reached(Step::Delivered));
    assert_eq!((got.wamid.as_deref(), got.callback.as_deref()), (Some("w"), Some("ours")));
    let Thing::Status(got) =
        status(json!({"id": "w", "status": "failed", "errors": [{"code": 131_026}]}))
    else {
        panic!("no status")
    };
    assert_eq!(got.word, StatusWord::Failed(Some(131_026)));
    assert_eq!(leftover_reason(status(json!({"id": "w", "status": "warning"}))), "unknown_status");
    assert_eq!(leftover_reason(status(json!({"status": "read"}))), "no_id");
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(leftover_reason(message(&json!({"from": "1", "type": "text"}))), "no_id");
    assert_eq!(leftover_reason(message(&json!({"id": "w", "type": "text"}))), "nobody_named");
    assert_eq!(
        leftover_reason(message(&json!({"id": "w", "from": "1", "group_id": "g", "type": "text"}))),
        "group"
    );
    assert_eq!(leftover_reason(message(&json!({"type": "reaction"}))), "no_target");
    assert_eq!(leftover_reason(message(&json!({"type": "request_welcome"}))), "nothing_to_show");
    let value = json!({"messages": [{"id": "w", "from": "1", "type": "text"}]});
    assert_eq!(leftover_reason(one("messages", &value)), "no_phone_number_id");
    assert_eq!(leftover_reason(one("of_tomorrow", &json!({}))), "field_not_read_yet");
    assert_eq!(leftover_reason(one("messages", &json!({}))), "nothing_known_inside");
}

#[test]
fn what_is_no_object_is_unreadable() {
    assert_eq!(read(b"{"), Err(Unreadable { reason: "not_json" }));
    assert_eq!(read(b"\xff"), Err(Unreadable { reason: "not_json" }));
    assert_eq!(read(b"[1]"), Err(Unreadable { reason: "not_an_object" }));
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "entry",
        "changes",
        "field",
        "value",
        "messages",
        "statuses",
        "message_echoes",
        "metadata",
        "phone_number_id",
        "contacts",
        "id",
        "from",
        "to",
        "type",
        "text",
        "body",
        "timestamp",
        "status",
        "errors",
        "code",
        "context",
        "profile",
        "wa_id",
        "user_id",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| json!(f)),
        prop::sample::select(vec!["messages", "smb_message_echoes", "text", "sent", "1", "", "\0"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 64, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nonsense_of_the_right_words_never_crashes(value in any_json()) {
        for field in ["messages", "smb_message_echoes"] {
            prop_assert!(!read(&body(field, &value)).expect("readable").is_empty());
        }
        let _ = read(value.to_string().as_bytes());
    }
}
