//! Six months of a busy shop, imported: how long it takes, and what memory.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::bodies::{Bodies, PHONE_NUMBER_ID, now_s};
use crate::load::Connection;
use crate::server::{Server, Which};
use crate::world;

/// Chats of one body: about 2 MB of Meta's 3.
const CHATS_A_BODY: usize = 200;

/// Messages of a chat.
const MESSAGES_A_CHAT: usize = 40;

/// What an import came to.
pub(crate) struct Imported {
    /// From the first body to the last message, s.
    pub(crate) seconds: f64,
    /// Messages a second.
    pub(crate) rate: f64,
    /// The most resident memory on the way, MiB.
    pub(crate) memory_mib: f64,
    /// Messages that were stored; all, if nothing is wrong.
    pub(crate) stored: usize,
    /// Messages that were sent.
    pub(crate) sent: usize,
}

/// Imports so many chats.
pub(crate) async fn measure(chats: usize) -> Imported {
    let business = world::make(0).await;
    let server = Server::start(Which::Platform, business.folder.path()).await;
    let bodies = Bodies::of("history");
    let parts = chats.div_ceil(CHATS_A_BODY);
    let mut http = Connection::open(server.address).await.expect("a connection");
    let begun = Instant::now();
    let mut most = 0;
    for part in 0..parts {
        let request = bodies.signed(&body(part, parts, chats));
        let (status, _) = http.exchange(&request).await.expect("an answer");
        assert_eq!(status, 200);
        most = most.max(server.memory_kib());
    }
    let pending = "SELECT count(*) FROM webhooks WHERE state = 'pending'";
    while world::one(business.folder.path(), pending) > 0 {
        assert!(begun.elapsed() < Duration::from_mins(30), "the import does not end");
        most = most.max(server.memory_kib());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let stored =
        world::one(business.folder.path(), "SELECT count(*) FROM messages WHERE imported = 1");
    server.kill().await;
    let stored = usize::try_from(stored).unwrap_or(0);
    Imported {
        seconds,
        rate: crate::figures::float(stored) / seconds,
        memory_mib: f64::from(u32::try_from(most).unwrap_or(u32::MAX)) / 1024.0,
        stored,
        sent: chats * MESSAGES_A_CHAT,
    }
}

fn body(part: usize, parts: usize, chats: usize) -> String {
    let first = part * CHATS_A_BODY;
    let threads: Vec<String> =
        (first..chats.min(first + CHATS_A_BODY)).map(|chat| thread(chat, now_s())).collect();
    let progress = (part + 1) * 100 / parts;
    format!(
        "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"id\":\"77\",\"changes\":[{{\"field\":\"history\",\"value\":{{\
         \"messaging_product\":\"whatsapp\",\"metadata\":{{\"display_phone_number\":\"34600\",\"phone_number_id\":\"{PHONE_NUMBER_ID}\"}},\
         \"history\":[{{\"metadata\":{{\"phase\":2,\"chunk_order\":{},\"progress\":{progress}}},\"threads\":[{}]}}]}}}}]}}]}}",
        part + 1,
        threads.join(",")
    )
}

fn thread(chat: usize, now: u64) -> String {
    let customer = 34_800_000_000 + chat;
    let mut text = format!("{{\"id\":\"{customer}\",\"messages\":[");
    for number in 0..MESSAGES_A_CHAT {
        let minutes = u64::try_from(number * 1440 + chat).unwrap_or(0);
        let at = now - 170 * 86_400 + minutes * 60;
        let (from, to, status) = if number % 2 == 0 {
            (customer.to_string(), String::new(), "PENDING")
        } else {
            ("34600".to_owned(), format!("\"to\":\"{customer}\","), "READ")
        };
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma}{{\"from\":\"{from}\",{to}\"id\":\"wamid.history.{chat}.{number}\",\"timestamp\":\"{at}\",\"type\":\"text\",\
             \"text\":{{\"body\":\"Can you bring the part for the boiler on Thursday, number {number}?\"}},\
             \"history_context\":{{\"status\":\"{status}\"}}}}"
        );
    }
    text.push_str("]}");
    text
}
