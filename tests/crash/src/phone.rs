//! A phone's process: a real `Client` on a real file against a real address, until it is killed.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use fieldline_core::Client;
use fieldline_core::api::{Config, ConversationId, Credentials, Error, LinkState};
use fieldline_core::support::FileSecrets;
use log::{LevelFilter, Log, Metadata, Record};
use tokio::sync::mpsc;

use crate::orders::{Line, NOT_OPENED, Orders, SignIn, text};

/// Lives the life that the orders describe. Ends by itself only at the end of standard input.
pub fn main(orders: &str) -> ExitCode {
    let orders: Orders = serde_json::from_str(orders).expect("orders can be read");
    if let Some(path) = &orders.log {
        log_to(path);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(live(orders))
}

async fn live(orders: Orders) -> ExitCode {
    let config = Config {
        store_path: orders.store.clone(),
        server_url: orders.url.clone(),
        device_name: "crash".to_owned(),
        platform: "crash".to_owned(),
        extra_roots_pem: None,
    };
    let secrets = FileSecrets::new(&orders.secrets).expect("a folder for secrets");
    let client = match Client::open(config, Arc::new(secrets)).await {
        Ok(client) => client,
        Err(error) => {
            failed("open", &error);
            return ExitCode::from(u8::try_from(NOT_OPENED).unwrap_or(1));
        }
    };
    say(&Line::Opened);
    let mut wishes = wishes();
    if let Err(error) = client.enter_foreground().await {
        failed("enter_foreground", &error);
    }
    let mut backlog = Vec::new();
    let ended = async {
        while let Some(more) = wishes.recv().await {
            backlog.push(more);
        }
    };
    tokio::select! {
        biased;
        () = work(&client, &orders) => {}
        () = ended => return close(&client).await,
    }
    let mut number = orders.replies;
    let mut backlog = backlog.into_iter();
    loop {
        let more = match backlog.next() {
            Some(more) => Some(more),
            None => wishes.recv().await,
        };
        let Some(more) = more else { return close(&client).await };
        write(&client, &orders, number, more).await;
        number += more;
    }
}

async fn close(client: &Client) -> ExitCode {
    match client.shutdown().await {
        Ok(()) => say(&Line::Closed),
        Err(error) => failed("shutdown", &error),
    }
    ExitCode::SUCCESS
}

async fn work(client: &Client, orders: &Orders) {
    sign_in(client, &orders.sign_in).await;
    if orders.replies > 0 {
        write(client, orders, 0, orders.replies).await;
    }
    if orders.drain {
        drained(client).await;
    }
}

/// A number on a line of standard input = so many replies more. The sender is gone at its end.
fn wishes() -> mpsc::UnboundedReceiver<u32> {
    let (send, receive) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Some(number) = line.ok().and_then(|line| line.trim().parse().ok()) else { return };
            if send.send(number).is_err() {
                return;
            }
        }
    });
    receive
}

/// Tries until somebody is signed in; a life before may have died in the middle of it.
async fn sign_in(client: &Client, how: &SignIn) {
    let view = client.status();
    while let Some(Ok(status)) = view.next(0).await {
        if !matches!(status.link, LinkState::SignedOut | LinkState::SignInAgain) {
            return;
        }
        let credentials = match how.clone() {
            SignIn::LinkCode(code) => Credentials::LinkCode { code },
            SignIn::Password { email, password } => Credentials::Password { email, password },
        };
        match client.sign_in(credentials).await {
            Ok(_) => return say(&Line::SignedIn),
            Err(error) => {
                failed("sign_in", &error);
                // The way may be cut in this life: there is nothing to hurry for.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }
}

async fn write(client: &Client, orders: &Orders, written: u32, more: u32) {
    let held = held(client, orders.conversations).await;
    let targets = held.iter().cycle().skip(orders.life as usize);
    let replies: Vec<_> = (written + 1..=written + more).zip(targets).collect();
    let promise = |id: &str, conversation: &ConversationId, number: u32| {
        let (id, conversation) = (id.to_owned(), conversation.0.clone());
        say(&Line::Promised { id, conversation, number });
    };
    if orders.promise_first {
        for (number, conversation) in &replies {
            promise("", conversation, *number);
        }
    }
    for (number, conversation) in replies {
        let Some(Ok(seen)) = client.timeline(conversation).next(0).await else { return };
        match client.send_reply(conversation, &text(orders.life, number), seen.last_n).await {
            Ok(_) if orders.promise_first => {}
            Ok(id) => promise(id.as_str(), conversation, number),
            Err(error) => return failed("send_reply", &error),
        }
    }
}

/// The conversations in the order of their ids, once there are enough of them.
async fn held(client: &Client, enough: u32) -> Vec<ConversationId> {
    let view = client.inbox();
    let mut revision = 0;
    while let Some(Ok(inbox)) = view.next(revision).await {
        revision = inbox.revision;
        if inbox.total >= enough {
            say(&Line::Ready);
            let mut ids: Vec<_> = inbox.rows.into_iter().map(|row| row.key).collect();
            ids.sort();
            return ids;
        }
    }
    Vec::new()
}

async fn drained(client: &Client) {
    let (outbox, status) = (client.outbox(), client.status());
    let (mut seen_outbox, mut seen_status) = (0, 0);
    let (mut empty, mut online) = (false, false);
    while !(empty && online) {
        tokio::select! {
            biased;
            next = outbox.next(seen_outbox) => {
                let Some(Ok(snapshot)) = next else { return };
                (seen_outbox, empty) = (snapshot.revision, snapshot.total == 0);
            }
            next = status.next(seen_status) => {
                let Some(Ok(snapshot)) = next else { return };
                (seen_status, online) = (snapshot.revision, snapshot.link == LinkState::Online);
            }
        }
    }
    say(&Line::Drained);
}

fn failed(call: &str, error: &Error) {
    say(&Line::Failed { call: call.to_owned(), code: error.code().to_owned() });
}

/// One whole line or none: what a kill leaves in the pipe is what was said.
fn say(line: &Line) {
    let mut text = serde_json::to_string(line).expect("a line is JSON");
    text.push('\n');
    let mut out = std::io::stdout().lock();
    // Without a driver there is nobody to tell.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

struct LogFile(Mutex<File>);

impl Log for LogFile {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {} {}\n", record.level(), record.target(), record.args());
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk shows in what the test finds later.
        let _ = file.write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

/// All crates, not ours alone: what a library says of a request would be in a phone's log too.
fn log_to(path: &Path) {
    let file = OpenOptions::new().create(true).append(true).open(path).expect("a log file");
    log::set_boxed_logger(Box::new(LogFile(Mutex::new(file)))).expect("the first logger");
    log::set_max_level(LevelFilter::Debug);
}
