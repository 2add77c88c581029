//! Two processes on one store: the second is told so by name, and nothing is damaged.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fieldline_crash::autopsy::{Corpse, PlatformStore};
use fieldline_crash::check::{self, Written};
use fieldline_crash::child::{self, PlatformEnv};
use fieldline_crash::office::{self, APP_SECRET, VERIFY_TOKEN};
use fieldline_crash::orders::{Line, NOT_OPENED, Orders, text};
use fieldline_crash::wait::{bounded, until};
use fieldline_whatsapp_sim::{HttpWebhooks, WebhookPort as _, sign};

use crate::binary;
use crate::world::{World, arrived};

/// What phones say, in one list.
fn notes() -> (Arc<Mutex<Vec<Line>>>, impl FnMut(Line) + Send + Clone + 'static) {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let pen = Arc::clone(&notes);
    (notes, move |line| pen.lock().unwrap().push(line))
}

async fn promise(said: &Mutex<Vec<Line>>, wanted: u32) -> Written {
    until("a promise", || {
        said.lock().unwrap().iter().find_map(|line| match line {
            Line::Promised { id, number, .. } if *number == wanted => Some(Written {
                chat: "34600111333".to_owned(),
                text: text(1, wanted),
                promised: Some(id.clone()),
            }),
            _ => None,
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_phone_process_on_a_store_is_refused_and_the_first_goes_on() {
    let world = World::open(&["34600111333".to_owned()]).await;
    let orders = Orders { replies: 1, ..world.orders(1) };
    let (first_said, hear) = notes();
    let (first, _) = child::phone(binary(), &orders, hear);
    let mut written = vec![promise(&first_said, 1).await];

    let (second_said, hear) = notes();
    let (second, ears) = child::phone(binary(), &world.orders(2), hear);
    assert_eq!(second.ended().await.code(), Some(NOT_OPENED));
    bounded("its last words", ears).await.unwrap();
    let refused = Line::Failed { call: "open".into(), code: "already_open".into() };
    assert_eq!(*second_said.lock().unwrap(), [refused]);

    first.write("1\n").await;
    written.push(promise(&first_said, 2).await);
    first.kill();
    first.ended().await;

    // The lock went with the process: the next one opens at once.
    let (third_said, hear) = notes();
    let (third, _) = child::phone(binary(), &Orders { drain: true, ..world.orders(3) }, hear);
    until("the third to send everything", || {
        third_said.lock().unwrap().contains(&Line::Drained).then_some(())
    })
    .await;
    third.close_stdin();
    assert!(third.ended().await.success());
    world.calm().await;
    assert_eq!(check::replies(&written, &arrived(&world.sim)), BTreeSet::new());
    let corpse = Corpse::of(&world.phone_store()).unwrap();
    assert_eq!(corpse.complaints(), [] as [String; 0]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_serve_on_a_data_folder_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("platform");
    let graph_url = "http://127.0.0.1:1/v25.0";
    office::found(&data, graph_url).await;
    let log = folder.path().join("log");
    let env = PlatformEnv {
        data: &data,
        graph_url,
        app_secret: APP_SECRET,
        verify_token: VERIFY_TOKEN,
        log: &log,
    };
    let (first, mut lines) = env.serve(binary());
    let address = bounded("the platform", lines.recv()).await.unwrap();
    let (code, complaint) = env.operate(binary(), &["serve"], "").await.unwrap_err();
    assert_eq!(code, Some(1));
    assert_eq!(complaint["error"]["code"], "already_serving");

    let webhooks = HttpWebhooks::new(&format!("http://{address}/webhooks/meta")).unwrap();
    let body = br#"{"object":"whatsapp_business_account","entry":[]}"#.to_vec();
    let signature = sign(APP_SECRET, &body);
    assert_eq!(webhooks.post(body.clone(), signature).await, Ok(200));
    // Commands of the operator work beside it.
    let status = env.operate(binary(), &["status"], "").await.unwrap();
    assert_eq!(status["serving"], true);
    first.kill();
    first.ended().await;
    assert_eq!(corpse_of(&data), BTreeSet::from([body]));
    let status = env.operate(binary(), &["status"], "").await.unwrap();
    assert_eq!(status["serving"], false);
}

fn corpse_of(data: &Path) -> BTreeSet<Vec<u8>> {
    let corpse = PlatformStore::corpse(data).unwrap();
    assert_eq!(corpse.complaints(), [] as [String; 0]);
    corpse.bodies()
}
