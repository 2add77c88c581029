//! Over real HTTP, as a platform and a person meet it.

use serde_json::{Value, json};

use crate::world::{ANA, Ports, send_body};

fn value(webhook: &Value) -> &Value {
    &webhook["entry"][0]["changes"][0]["value"]
}

async fn ana_writes(ports: &mut Ports) -> String {
    let order = json!({"wa_id": ANA, "name": "Ana", "text": "Are you open?"});
    let (status, answer) = ports.control("customer", &order).await;
    assert_eq!(status, 200);
    let webhook = ports.webhook().await;
    let wamid = answer["wamid"].as_str().unwrap().to_owned();
    assert_eq!(webhook["object"], "whatsapp_business_account");
    assert_eq!(webhook["entry"][0]["changes"][0]["field"], "messages");
    assert_eq!(value(&webhook)["metadata"]["phone_number_id"], "106540352242922");
    assert_eq!(value(&webhook)["contacts"][0]["profile"]["name"], "Ana");
    assert_eq!(value(&webhook)["contacts"][0]["wa_id"], ANA);
    let message = &value(&webhook)["messages"][0];
    assert_eq!(message["from"], ANA);
    assert_eq!(message["id"], wamid.as_str());
    assert_eq!(message["type"], "text");
    assert_eq!(message["text"]["body"], "Are you open?");
    assert!(message["timestamp"].is_string());
    wamid
}

#[tokio::test]
async fn a_send_reaches_the_customer_once_and_its_statuses_come_signed() {
    let mut ports = Ports::open().await;
    ana_writes(&mut ports).await;
    let (status, answer) = ports.graph(&send_body("+34600111222", "Yes", "c1")).await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(answer["messaging_product"], "whatsapp");
    assert_eq!(answer["contacts"][0], json!({"input": "+34600111222", "wa_id": ANA}));
    let wamid = answer["messages"][0]["id"].clone();
    for word in ["sent", "delivered"] {
        let webhook = ports.webhook().await;
        let status = &value(&webhook)["statuses"][0];
        assert_eq!(status["status"], word);
        assert_eq!(status["id"], wamid);
        assert_eq!(status["recipient_id"], ANA);
        assert_eq!(status["biz_opaque_callback_data"], "c1");
    }
    assert_eq!(ports.control("customer/read", &json!({"wa_id": ANA})).await.0, 200);
    assert_eq!(value(&ports.webhook().await)["statuses"][0]["status"], "read");

    let chats = ports.get("chats").await;
    let typed: fieldline_whatsapp_sim::Chats = serde_json::from_value(chats.clone()).unwrap();
    assert_eq!(typed, ports.sim.chats(), "what travels is what the types hold");
    let messages = chats["customers"][0]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1]["wamid"], wamid);
    assert_eq!(messages[1]["author"], "api");
    assert_eq!(messages[1]["text"], "Yes");
    assert_eq!(messages[1]["deliveries"], 1);
    assert_eq!(messages[1]["status"], "read");
    let mirror = &chats["owner"][0]["messages"][1];
    assert_eq!(mirror["text"], "Yes", "the owner's phone shows what the API sent");

    let log = ports.get("log").await;
    let typed: fieldline_whatsapp_sim::Log = serde_json::from_value(log.clone()).unwrap();
    assert_eq!(typed.calls, ports.sim.log().calls);
    assert_eq!(log["calls"].as_array().unwrap().len(), 1);
    assert_eq!(log["calls"][0]["path"], "/v25.0/106540352242922/messages");
    assert_eq!(log["calls"][0]["method"], "POST");
    assert_eq!(log["calls"][0]["body"]["text"]["body"], "Yes");
    assert_eq!(log["calls"][0]["answer"]["status"], 200);
    assert_eq!(log["calls"][0]["answer"]["body"]["messages"][0]["id"], wamid);
    // The answer to the last webhook may still be on its way into the log.
    let answered: Vec<_> =
        log["webhooks"].as_array().unwrap().iter().map(|w| w["answered"].clone()).collect();
    assert_eq!(answered[..3], [json!(200), json!(200), json!(200)]);
}

#[tokio::test]
async fn the_owners_text_comes_as_an_echo() {
    let mut ports = Ports::open().await;
    let (status, answer) =
        ports.control("owner", &json!({"to": ANA, "text": "I am on my way"})).await;
    assert_eq!(status, 200);
    let webhook = ports.webhook().await;
    assert_eq!(webhook["entry"][0]["changes"][0]["field"], "smb_message_echoes");
    let echo = &value(&webhook)["message_echoes"][0];
    assert_eq!(echo["id"], answer["wamid"]);
    assert_eq!(echo["from"], value(&webhook)["metadata"]["display_phone_number"]);
    assert_eq!(echo["to"], ANA);
    assert_eq!(echo["text"]["body"], "I am on my way");
    assert!(value(&webhook)["contacts"][0].get("profile").is_none());
    let chats = ports.get("chats").await;
    assert_eq!(chats["customers"][0]["messages"][0]["author"], "owner");
}

#[tokio::test]
async fn a_lost_answer_is_at_the_customer_and_the_caller_sees_a_cut_connection() {
    let mut ports = Ports::open().await;
    ana_writes(&mut ports).await;
    ports.control("faults", &json!({"send": "lost_answer", "times": 1})).await;
    let error = ports.graph(&send_body(ANA, "Lost", "c1")).await.unwrap_err();
    assert!(error.is_request() && !error.is_connect() && !error.is_timeout(), "{error:?}");
    let webhook = ports.webhook().await;
    assert_eq!(value(&webhook)["statuses"][0]["biz_opaque_callback_data"], "c1");
    let chats = ports.get("chats").await;
    assert_eq!(chats["customers"][0]["messages"].as_array().unwrap().len(), 2);
    let log = ports.get("log").await;
    assert_eq!(log["calls"].as_array().unwrap().len(), 1, "no client sent it again");
    assert_eq!(log["calls"][0]["answer"], json!({"cut": "answer"}));
    assert_eq!(ports.graph(&send_body(ANA, "Next", "c2")).await.unwrap().0, 200);
}

#[tokio::test]
async fn a_lost_request_is_nowhere() {
    let mut ports = Ports::open().await;
    ana_writes(&mut ports).await;
    ports.control("faults", &json!({"send": "lost_request", "times": 1})).await;
    assert!(ports.graph(&send_body(ANA, "Lost", "c1")).await.is_err());
    let chats = ports.get("chats").await;
    assert_eq!(chats["customers"][0]["messages"].as_array().unwrap().len(), 1);
    assert_eq!(chats["owner"][0]["messages"].as_array().unwrap().len(), 1);
    assert_eq!(ports.get("log").await["calls"][0]["answer"], json!({"cut": "request"}));
}

#[tokio::test]
async fn a_foreign_host_name_and_other_content_types_do_not_reach_the_control() {
    let ports = Ports::open().await;
    let url = format!("http://{}/sim/log", ports.addr);
    let foreign = ports.client.get(&url).header("host", "rebound.example").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    let url = format!("http://{}/sim/owner", ports.addr);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let request = ports.client.post(&url).header("content-type", kind);
        let order = json!({"to": ANA, "text": "x"}).to_string();
        assert_eq!(request.body(order).send().await.unwrap().status(), 415, "{kind}");
    }
    assert!(ports.sim.chats().owner.is_empty());
    let request = ports.client.post(&url).header("content-type", "application/json; charset=utf-8");
    let order = json!({"to": ANA, "text": "x"}).to_string();
    assert_eq!(request.body(order).send().await.unwrap().status(), 200);
}
