//! One employee's phone: the real core with its own store, in its own process, told by lines what its person does.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use fieldline_core::Client;
use fieldline_core::api::{
    Author, AuthorKind, Body, Choice, Config, ConversationId, Credentials, Error, LadderStep,
    LinkState, MessageId, OutboxRow, TimelineRow, TimelineSnapshot, Trouble as CoreTrouble,
    WindowState,
};
use fieldline_core::support::FileSecrets;
use fieldline_harness::process::lines_of_parent;
use fieldline_platform::support::log::to_stderr;

use crate::phone::{Answer, Bubble, Chat, Order, Reason, Screens, Waiting};
use crate::trouble::Trouble;

/// Opens a phone's store and shows the app: it connects as soon as somebody is signed in.
///
/// # Errors
/// The core's, with its stable code.
pub async fn open(folder: &Path, server_url: String, name: String) -> Result<Client, Trouble> {
    let secrets = FileSecrets::new(folder.join("secrets"))
        .map_err(|_| Trouble::new("the secrets' folder", "cannot be used"))?;
    let config = Config {
        store_path: folder.join("phone.db"),
        server_url,
        device_name: name,
        platform: "demo".to_owned(),
        extra_roots_pem: None,
    };
    let client = Client::open(config, Arc::new(secrets)).await.map_err(Trouble::of("the store"))?;
    client.enter_foreground().await.map_err(Trouble::of("the foreground"))?;
    Ok(client)
}

/// Does what the lines say until the parent is gone.
///
/// # Errors
/// A store that cannot be opened, or an order that cannot be read.
pub async fn run(folder: &Path, server: String, name: String) -> Result<(), Trouble> {
    to_stderr(log::LevelFilter::Debug);
    let mut lines = lines_of_parent().map_err(Trouble::of("watching the parent"))?;
    let client = open(folder, server, name).await?;
    while let Some(line) = lines.recv().await {
        let order: Order = serde_json::from_str(&line)?;
        let answer = match carry_out(&client, order).await {
            Ok(answer) => answer,
            Err(error) => Answer::Failed(error.code().to_owned()),
        };
        let mut out = std::io::stdout().lock();
        let written =
            writeln!(out, "{}", serde_json::to_string(&answer)?).and_then(|()| out.flush());
        written.map_err(Trouble::of("answering"))?;
    }
    client.shutdown().await.map_err(Trouble::of("closing the store"))
}

async fn carry_out(client: &Client, order: Order) -> Result<Answer, Error> {
    match order {
        Order::SignIn { email, password } => {
            client.sign_in(Credentials::Password { email, password }).await?;
        }
        Order::LinkCode { code } => {
            client.sign_in(Credentials::LinkCode { code }).await?;
        }
        Order::Reply { conversation, text, seen_n } => {
            let id = client.send_reply(&ConversationId(conversation), &text, seen_n).await?;
            return Ok(Answer::Kept(id.0));
        }
        Order::SendAnyway { message, seen_n } => {
            client.send_anyway(&MessageId(message), seen_n).await?;
        }
        Order::TryNow => client.try_now().await?,
        Order::Look => return Ok(Answer::Screens(Box::new(look(client).await?))),
    }
    Ok(Answer::Done)
}

/// Every screen as it is drawn now.
///
/// # Errors
/// The core's.
pub async fn look(client: &Client) -> Result<Screens, Error> {
    let ended = Error::Cancelled;
    let account = client.account().await?;
    let inbox = client.inbox().next(0).await.ok_or(ended.clone())??;
    let mut chats = Vec::new();
    for row in inbox.rows {
        let drawn = client.timeline(&row.key).next(0).await.ok_or(ended.clone())??;
        chats.push(chat(&row.key, row.unread, drawn));
    }
    let outbox = client.outbox().next(0).await.ok_or(ended.clone())??;
    let status = client.status().next(0).await.ok_or(ended)??;
    Ok(Screens {
        pid: std::process::id(),
        member: account.map(|account| account.member_name).unwrap_or_default(),
        link: link_word(status.link).to_owned(),
        chats,
        needs_me: outbox.needs_me,
        pause: outbox.pause.map(|pause| pause.reason.id().to_owned()),
        outbox: outbox.rows.into_iter().map(waiting).collect(),
    })
}

fn chat(id: &ConversationId, unread: u32, drawn: TimelineSnapshot) -> Chat {
    let left_ms = match drawn.window {
        WindowState::Open { left_ms, .. } => Some(left_ms),
        WindowState::Closed { .. } => None,
    };
    Chat {
        id: id.0.clone(),
        name: drawn.name,
        last_n: drawn.last_n,
        unread,
        left_ms,
        bubbles: drawn.rows.into_iter().map(bubble).collect(),
    }
}

fn bubble(row: TimelineRow) -> Bubble {
    let times: BTreeMap<String, i64> =
        row.times.iter().map(|time| (step_word(time.step).to_owned(), time.at.0)).collect();
    Bubble {
        id: row.key.0,
        n: row.n,
        author: author_word(row.author.kind).to_owned(),
        name: row.author.name,
        text: text(row.body),
        step: step_word(row.step).to_owned(),
        times,
        trouble: row.trouble.map(reason),
        choices: choices(&row.choices),
    }
}

fn waiting(row: OutboxRow) -> Waiting {
    Waiting {
        id: row.key.0,
        conversation: row.conversation.0,
        name: row.name,
        kind: row.kind,
        text: row.text.unwrap_or_default(),
        step: step_word(row.step).to_owned(),
        trouble: row.trouble.map(reason),
        choices: choices(&row.choices),
    }
}

fn reason(trouble: CoreTrouble) -> Reason {
    Reason {
        id: trouble.reason.id().to_owned(),
        by: trouble.by.map(|Author { kind, .. }| author_word(kind).to_owned()),
        answer: trouble.answer,
        closed_at: trouble.closed_at.map(|at| at.0),
        code: trouble.whatsapp_code,
    }
}

fn text(body: Body) -> String {
    if let Body::Text { text } = body { text } else { String::new() }
}

fn choices(choices: &[Choice]) -> Vec<String> {
    choices.iter().map(|choice| choice_word(*choice).to_owned()).collect()
}

fn choice_word(choice: Choice) -> &'static str {
    match choice {
        Choice::TryNow => "try now",
        Choice::Edit => "edit",
        Choice::Discard => "discard",
        Choice::SendAnyway => "send anyway",
        Choice::Withdraw => "withdraw",
        Choice::LetPass => "let later ones pass",
        Choice::ItArrived => "it arrived",
        Choice::SendAgain => "send again",
    }
}

fn step_word(step: LadderStep) -> &'static str {
    match step {
        LadderStep::None => "none",
        LadderStep::OnPhone => "on_phone",
        LadderStep::AtServer => "at_server",
        LadderStep::Sent => "sent",
        LadderStep::Delivered => "delivered",
        LadderStep::Read => "read",
        LadderStep::Played => "played",
    }
}

fn author_word(kind: AuthorKind) -> &'static str {
    match kind {
        AuthorKind::Customer => "customer",
        AuthorKind::OwnerApp => "owner_app",
        AuthorKind::Me => "me",
        AuthorKind::Colleague => "colleague",
        AuthorKind::Ai => "ai",
        AuthorKind::Automation => "automation",
        AuthorKind::System => "system",
        AuthorKind::Unknown => "unknown",
    }
}

fn link_word(link: LinkState) -> &'static str {
    match link {
        LinkState::SignedOut => "signed out",
        LinkState::Idle => "idle",
        LinkState::Connecting => "connecting",
        LinkState::Online => "online",
        LinkState::NoNetwork => "no network",
        LinkState::ServerTrouble => "server trouble",
        LinkState::SignInAgain => "sign in again",
        LinkState::UpdateApp => "update the app",
        LinkState::Removed => "signed out by a manager",
    }
}
