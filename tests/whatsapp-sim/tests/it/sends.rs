//! Sends judged: the window, each error's shape, access, read marks.

use fieldline_whatsapp_sim::{
    Author, CustomerMessage, FaultOrder, OwnerMessage, SendFault, WINDOW_MS,
};
use serde_json::{Value, json};

use crate::world::{ANA, BEARER, BEN, Got, World, send_body};

const MESSAGES: &str = "/v25.0/106540352242922/messages";

pub(crate) fn error(got: Got) -> (u16, Value) {
    let (status, body) = got.expect("an answer");
    let error = body["error"].clone();
    for key in ["message", "type", "fbtrace_id"] {
        assert!(error[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    assert!(error["error_data"]["details"].is_string());
    (status, error["code"].clone())
}

#[tokio::test(start_paused = true)]
async fn free_text_goes_only_while_the_window_is_open() {
    let world = World::new();
    let send = send_body(ANA, "Hello", "c");
    assert_eq!(error(world.graph(&send).await), (400, json!(131_047)), "she never wrote");
    world.sim.owner(&OwnerMessage::text(ANA, "Hi")).unwrap();
    assert_eq!(error(world.graph(&send).await), (400, json!(131_047)), "an echo opens nothing");
    let window = u64::try_from(WINDOW_MS).unwrap();
    let old = CustomerMessage {
        age_ms: Some(window - 10_000),
        ..CustomerMessage::text(ANA, "Ten seconds left")
    };
    world.sim.customer(&old).unwrap();
    assert_eq!(world.graph(&send).await.unwrap().0, 200);
    world.pass(9_999).await;
    assert_eq!(world.graph(&send).await.unwrap().0, 200);
    world.pass(1).await;
    assert_eq!(error(world.graph(&send).await), (400, json!(131_047)));
    world.sim.customer(&CustomerMessage::text(ANA, "Again")).unwrap();
    let older = CustomerMessage { age_ms: Some(window), ..CustomerMessage::text(ANA, "Old") };
    world.sim.customer(&older).unwrap();
    assert_eq!(world.graph(&send).await.unwrap().0, 200, "an older date takes nothing away");
    assert_eq!(world.shown(ANA), ["Hi", "Hello", "Hello", "Hello"]);
}

#[tokio::test(start_paused = true)]
async fn each_ordered_error_has_its_shape_and_nothing_goes_out() {
    let world = World::new();
    world.sim.customer(&CustomerMessage::text(ANA, "Hi")).unwrap();
    for (fault, status, code) in [
        (429, 429, 130_429),
        (500, 500, 131_000),
        (503, 503, 131_016),
        (131_047, 400, 131_047),
        (131_056, 400, 131_056),
        (131_031, 403, 131_031),
        (190, 401, 190),
    ] {
        let order = FaultOrder {
            send: Some(SendFault::Error(fault)),
            times: Some(1),
            ..FaultOrder::default()
        };
        world.sim.faults(&order).unwrap();
        let got = world.graph(&send_body(ANA, "No", "c")).await;
        assert_eq!(error(got), (status, json!(code)), "{fault}");
        assert_eq!(world.graph(&send_body(ANA, "Yes", "c")).await.unwrap().0, 200, "{fault}");
    }
    assert_eq!(world.shown(ANA), ["Yes"; 7]);
    assert_eq!(world.sim.fault_counts().get("send_429"), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn without_times_a_fault_stays_until_it_is_changed() {
    let world = World::new();
    world.sim.customer(&CustomerMessage::text(ANA, "Hi")).unwrap();
    let order = |send| FaultOrder { send: Some(send), ..FaultOrder::default() };
    world.sim.faults(&order(SendFault::LostAnswer)).unwrap();
    for _ in 0..3 {
        assert_eq!(world.graph(&send_body(ANA, "x", "c")).await, None);
    }
    let now = world.sim.faults(&order(SendFault::Ok)).unwrap();
    assert_eq!(now.send, SendFault::Ok);
    assert!(world.graph(&send_body(ANA, "x", "c")).await.is_some());
    assert_eq!(world.shown(ANA).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refused_send_whose_answer_is_lost_is_still_refused() {
    let world = World::new();
    let order = FaultOrder { send: Some(SendFault::LostAnswer), ..FaultOrder::default() };
    world.sim.faults(&order).unwrap();
    assert_eq!(world.graph(&send_body(ANA, "x", "c")).await, None);
    assert!(world.shown(ANA).is_empty(), "the window is closed");
}

#[tokio::test(start_paused = true)]
async fn access_is_checked_as_told() {
    let open = World::new();
    open.sim.customer(&CustomerMessage::text(ANA, "Hi")).unwrap();
    let send = send_body(ANA, "x", "c").to_string();
    assert_eq!(error(open.request("POST", MESSAGES, &[], &send).await), (401, json!(190)));
    assert_eq!(open.request("POST", "/v99.1/7/messages", &[BEARER], &send).await.unwrap().0, 200);
    let by_query = format!("{MESSAGES}?access_token=canary-token");
    assert_eq!(open.request("POST", &by_query, &[], &send).await.unwrap().0, 200);
    let log = serde_json::to_string(&open.sim.log()).unwrap();
    assert!(!log.contains("canary-token") && !log.contains(BEARER.1));
    for (method, path) in [
        ("POST", "/v25.0/me/messages"),
        ("GET", MESSAGES),
        ("POST", "/v25.0/106540352242922/calls"),
        ("POST", "/"),
    ] {
        let got = open.request(method, path, &[BEARER], &send).await;
        assert_eq!(error(got), (400, json!(100)), "{method} {path}");
    }

    let strict = |settings: &mut fieldline_whatsapp_sim::SimSettings| {
        settings.token = Some("the-token".to_owned());
        settings.phone_number_id = Some("777".to_owned());
        settings.waba_id = Some("888".to_owned());
    };
    let told = World::with(1, strict, vec![], 0);
    told.sim.customer(&CustomerMessage::text(ANA, "Hi")).unwrap();
    let good = ("authorization", "Bearer the-token");
    let post = |path: &'static str, header| {
        let (told, send) = (&told, &send);
        async move { told.request("POST", path, &[header], send).await }
    };
    assert_eq!(error(post("/v25.0/777/messages", BEARER).await), (401, json!(190)));
    assert_eq!(error(post(MESSAGES, good).await), (400, json!(100)));
    assert_eq!(post("/v25.0/777/messages", good).await.unwrap().0, 200);
    told.pass(1).await;
    let webhook = &told.arrived()[0].body;
    assert_eq!(webhook["entry"][0]["id"], "888");
    let metadata = &webhook["entry"][0]["changes"][0]["value"]["metadata"];
    assert_eq!(metadata["phone_number_id"], "777");
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_wrong_get_metas_codes() {
    let world = World::new();
    world.sim.customer(&CustomerMessage::text(ANA, "Hi")).unwrap();
    let not_json = world.request("POST", MESSAGES, &[BEARER], "to=34600111222").await;
    assert_eq!(error(not_json), (400, json!(100)));
    let logged = &world.sim.log().calls[0];
    assert_eq!(logged.body, json!("to=34600111222"));
    let to = |to: &str| send_body(to, "x", "c");
    assert_eq!(error(world.graph(&to("not a number")).await), (400, json!(131_009)));
    assert_eq!(error(world.graph(&to("15550783881")).await), (400, json!(131_021)));
    assert_eq!(error(world.graph(&to("")).await), (400, json!(131_008)));
    let mut image = to(ANA);
    image["type"] = json!("image");
    assert_eq!(error(world.graph(&image).await), (400, json!(131_008)));
    image["type"] = json!("poll");
    assert_eq!(error(world.graph(&image).await), (400, json!(131_051)));
    assert!(world.shown(ANA).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_business_scoped_user_id_reaches_its_customer() {
    let world = World::new();
    world.sim.customer(&CustomerMessage::text(ANA, "Hi")).unwrap();
    world.pass(1).await;
    let webhook = &world.arrived()[0].body;
    let user = &webhook["entry"][0]["changes"][0]["value"]["contacts"][0]["user_id"];
    let mut send = send_body("", "To you", "c");
    send["recipient"] = user.clone();
    assert_eq!(world.graph(&send).await.unwrap().0, 200);
    assert_eq!(world.shown(ANA), ["To you"]);
    send["recipient"] = json!("US.1");
    assert_eq!(error(world.graph(&send).await), (400, json!(131_026)));
}

#[tokio::test(start_paused = true)]
async fn a_read_mark_reaches_back_in_that_chat_and_meets_no_send_fault() {
    let world = World::new();
    let write = |who: &str, text: &str| {
        world.sim.customer(&CustomerMessage::text(who, text)).unwrap().wamid
    };
    let (_, _) = (write(ANA, "one"), write(BEN, "other"));
    let two = write(ANA, "two");
    write(ANA, "three");
    let order = FaultOrder { send: Some(SendFault::LostRequest), ..FaultOrder::default() };
    world.sim.faults(&order).unwrap();
    let mark = |id: &str| {
        json!({"messaging_product": "whatsapp", "status": "read",
        "message_id": id, "typing_indicator": {"type": "text"}})
    };
    assert_eq!(world.graph(&mark(&two)).await, Some((200, json!({"success": true}))));
    assert_eq!(error(world.graph(&mark("wamid.unknown")).await), (400, json!(131_009)));
    let chats = world.sim.chats();
    let read = |at: usize| -> Vec<bool> {
        chats.customers[at].messages.iter().map(|m| m.status.is_some()).collect()
    };
    assert_eq!(read(0), [true, true, false]);
    assert_eq!(read(1), [false]);
    assert!(chats.customers[0].messages.iter().all(|m| m.author == Author::Customer));
}
