//! kill -9 in the middle of many webhooks at once, while agents' replies go out: each 200 is on the disk, each message is there
//! once, and no reply is called a second time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fieldline_core::api::{ConversationId, Credentials};
use fieldline_crash::autopsy::PlatformStore;
use fieldline_crash::check;
use fieldline_crash::dice::Dice;
use fieldline_crash::office::{APP_SECRET, PHONE_NUMBER_ID};
use fieldline_crash::wait::{before_kill, bounded, until};
use fieldline_whatsapp_sim::{WebhookPort as _, sign};
use serde_json::json;
use tokio::task::JoinSet;

use crate::report::say;
use crate::stage::{Stage, lock};

/// Deaths of the platform.
const DEATHS: u64 = 50;
/// Posters that work side by side.
const POSTERS: u64 = 12;

fn body(number: u64) -> Vec<u8> {
    let from = format!("3460033{:04}", number % 60);
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": PHONE_NUMBER_ID},
        "contacts": [{"profile": {"name": "C"}, "wa_id": from}],
        "messages": [{"from": from, "id": format!("wamid.load.{number}"), "timestamp": "1700000000", "type": "text",
            "text": {"body": format!("load {number}")}}]}}]}]})
    .to_string()
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_under_many_webhooks_lose_none_and_call_none_twice() {
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let stage = Stage::build().await;
    let next = Arc::new(AtomicU64::new(0));

    // The first life: customers whom the phone can answer. It ends by a kill at rest.
    let (running, mut lines) = stage.start();
    stage.lead_to(&bounded("the platform", lines.recv()).await.unwrap());
    for number in 0..10 {
        stage.customer_writes(&format!("3460044{number:04}"), "good morning".into());
    }
    let client = stage.phone().await;
    client.sign_in(Credentials::LinkCode { code: stage.link_code.clone() }).await.unwrap();
    let inbox = client.inbox();
    let mut revision = 0;
    bounded("all conversations", async {
        loop {
            let snapshot = inbox.next(revision).await.unwrap().unwrap();
            if snapshot.total == 10 {
                return;
            }
            revision = snapshot.revision;
        }
    })
    .await;
    client.shutdown().await.unwrap();
    running.kill();
    running.ended().await;
    let conversations: Vec<String> =
        PlatformStore::beside(&stage.data()).chats().keys().cloned().collect();

    let mut in_flight = 0;
    for life in 1..=DEATHS {
        let (running, mut lines) = stage.start();
        let address = bounded("the platform", lines.recv()).await.unwrap();
        stage.lead_to(&address);
        let client = stage.phone().await;
        for number in 0..2 {
            let id = ConversationId(dice.pick(&conversations).clone());
            let seen = client.timeline(&id).next(0).await.unwrap().map_or(0, |it| it.last_n);
            client.send_reply(&id, &format!("reply {life}.{number}"), seen).await.unwrap();
        }
        let mut posters = JoinSet::new();
        for _ in 0..POSTERS {
            let (port, next) = (stage.webhooks(), Arc::clone(&next));
            posters.spawn(async move {
                loop {
                    let body = body(next.fetch_add(1, Ordering::SeqCst));
                    let signature = sign(APP_SECRET, &body);
                    if port.post(body, signature).await != Ok(200) {
                        return;
                    }
                }
            });
        }
        before_kill(20_000 + dice.below(150_000)).await;
        running.kill();
        running.ended().await;
        bounded("the posters", async { while posters.join_next().await.is_some() {} }).await;
        stage.scene.lead_to(None);
        client.shutdown().await.unwrap();
        let corpse = PlatformStore::corpse(&stage.data()).unwrap();
        assert_eq!(corpse.complaints(), [] as [String; 0], "seed {seed} life {life}");
        let answered = lock(&stage.scene.answered).clone();
        let lost = check::kept(&answered, &corpse.bodies());
        assert_eq!(lost, BTreeSet::new(), "seed {seed} life {life}");
        in_flight += corpse.sends().values().filter(|state| *state == "attempted").count();
    }

    // A last life works off what is on the disk.
    let (running, mut lines) = stage.start();
    bounded("the platform", lines.recv()).await.unwrap();
    until("every webhook worked off", || {
        (PlatformStore::beside(&stage.data()).webhooks_waiting() == 0).then_some(())
    })
    .await;
    let store = PlatformStore::beside(&stage.data());
    assert_eq!(store.webhooks_refused(), [] as [String; 0], "seed {seed}");
    let answered = lock(&stage.scene.answered).clone();
    let wamids: Vec<String> = answered
        .iter()
        .filter_map(|body| {
            let body: serde_json::Value = serde_json::from_slice(body).ok()?;
            let id = body["entry"][0]["changes"][0]["value"]["messages"][0]["id"].as_str()?;
            id.starts_with("wamid.load.").then(|| id.to_owned())
        })
        .collect();
    assert_eq!(check::messages(&wamids, &store.wamids()), BTreeSet::new(), "seed {seed}");
    let calls = lock(&stage.scene.calls).clone();
    assert_eq!(check::calls(&calls), BTreeSet::new(), "seed {seed}");
    say(&format!(
        "webhooks killed: seed {seed}, deaths {DEATHS}, answered {}, Graph calls {}, died with a call out {in_flight}",
        wamids.len(),
        calls.len(),
    ));
    assert!(wamids.len() > 500, "seed {seed}: no load");
    running.kill();
    running.ended().await;
    stage.sim.stop().await;
}
