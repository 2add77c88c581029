//! `cargo demo -- agent`: a third employee's phone made of lines. The same core as in the app, with its own store, behind a
//! relay that is its network.

mod command;
mod news;

use std::process::ExitCode;

use fieldline_core::Client;
use fieldline_core::api::{
    ConversationId, Credentials, Discarded, Error, LinkState, MessageId, Settlement, Withdrawal,
};
use fieldline_core::{InboxView, OutboxView, StatusView, TimelineView};
use fieldline_harness::process::lines_of_parent;
use fieldline_harness::relay::Relay;

use crate::cast;
use crate::children::phone;
use crate::phone::{Chat, Screens};
use crate::show::{choices_of, reason_words, span, step_words};
use crate::state_file;
use crate::trouble::Trouble;
use command::{Command, typed};

const HELP: &str = "\
  list               conversations, newest first
  open N             show conversation N and answer there
  type TEXT          send TEXT in the open conversation
  net off | net on   lose the network, get it back (the app is not told)
  now                try to send at once
  outbox             what waits, and why
  send-anyway N      yes to reply N of the outbox
  discard N          throw reply N away
  withdraw N         take reply N back from the server
  edit N TEXT        send TEXT in its place
  pass N             let later replies go before it
  arrived N          the customer has reply N; send-again N: the customer does not
  help, quit";

/// Signs the third employee in on a phone of this name and does what the lines say.
///
/// # Errors
/// No demo runs, or the phone's store cannot be opened.
pub async fn run(name: &str) -> Result<ExitCode, Trouble> {
    let running = state_file::find(&state_file::folder()).await?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    if !plain {
        return Err(Trouble::new("--name", "letters and digits only"));
    }
    let folder = running.folder.join(format!("agent-{}", name.to_lowercase()));
    std::fs::create_dir_all(&folder).map_err(Trouble::of("making the phone's folder"))?;
    let relay = Relay::start(running.platform).map_err(Trouble::of("starting a relay"))?;
    let server = format!("http://{}", relay.addr());
    let client = phone::open(&folder, server, name.to_owned()).await.map_err(|trouble| {
        Trouble::new(
            trouble.to_string(),
            "is this phone open in another terminal? --name makes a second one",
        )
    })?;
    let signing_in = Trouble::of("signing in");
    if client.account().await.map_err(&signing_in)?.is_none() {
        let credentials =
            Credentials::Password { email: running.email, password: running.password };
        client.sign_in(credentials).await.map_err(&signing_in)?;
    }
    println!(
        "You are {}, an employee of {}. `help` lists what you can do.",
        cast::SAM,
        cast::BUSINESS
    );
    let mut agent = Agent {
        inbox: client.inbox(),
        outbox: client.outbox(),
        status: client.status(),
        seen: [0; 4],
        open: None,
        shown: Screens::default(),
        listed: Vec::new(),
        waiting: Vec::new(),
        relay,
        client,
    };
    agent.first_look().await?;
    agent.list();
    agent.live().await?;
    Ok(ExitCode::SUCCESS)
}

struct Agent {
    client: Client,
    relay: Relay,
    inbox: InboxView,
    outbox: OutboxView,
    status: StatusView,
    /// Revisions of inbox, outbox, status and open conversation.
    seen: [u64; 4],
    open: Option<(ConversationId, TimelineView)>,
    shown: Screens,
    /// Conversation ids as the last `list` numbered them.
    listed: Vec<String>,
    /// Message ids as the last `outbox` numbered them.
    waiting: Vec<String>,
}

impl Agent {
    /// Waits for the first download, so that the first list is whole, or until the platform cannot be reached.
    async fn first_look(&mut self) -> Result<(), Trouble> {
        let drawing = Trouble::of("drawing the list");
        loop {
            let next = self.status.next(self.seen[2]).await;
            let drawn = next.ok_or(Error::Cancelled).and_then(|drawn| drawn).map_err(&drawing)?;
            self.seen[2] = drawn.revision;
            if !matches!(drawn.link, LinkState::Idle | LinkState::Connecting) {
                break;
            }
        }
        self.shown = phone::look(&self.client).await.map_err(drawing)?;
        Ok(())
    }

    /// Does what is typed and tells what comes, until `quit` or the end of the input.
    async fn live(&mut self) -> Result<(), Trouble> {
        let mut lines = lines_of_parent().map_err(Trouble::of("reading the terminal"))?;
        loop {
            let open = self.open.as_ref().map(|(_, view)| view);
            let [inbox, outbox, status, timeline] = self.seen;
            tokio::select! {
                biased;
                line = lines.recv() => {
                    let Some(line) = line else { break };
                    match Command::read(&line) {
                        Ok(Command::Quit) => break,
                        Ok(command) => {
                            if let Err(error) = self.carry_out(command).await {
                                println!("  not done: {}", said(&error));
                            }
                        }
                        Err(hint) => println!("  {hint}"),
                    }
                }
                Some(Ok(drawn)) = self.inbox.next(inbox) => self.seen[0] = drawn.revision,
                Some(Ok(drawn)) = self.outbox.next(outbox) => self.seen[1] = drawn.revision,
                Some(Ok(drawn)) = self.status.next(status) => self.seen[2] = drawn.revision,
                Some(Ok(revision)) = next_of(open, timeline) => self.seen[3] = revision,
            }
            self.tell_news().await;
        }
        println!("  closing; what waits stays on this phone");
        self.client.shutdown().await.map_err(Trouble::of("closing the store"))
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), Error> {
        match command {
            Command::Nothing | Command::Quit => {}
            Command::Help => println!("{HELP}"),
            Command::List => self.list(),
            Command::Open(number) => self.open(number).await?,
            Command::Type(text) => {
                let Some(chat) = self.open_chat() else {
                    println!("  open a conversation first: list, then open N");
                    return Ok(());
                };
                let (id, seen_n) = (ConversationId(chat.id.clone()), chat.last_n);
                self.client.send_reply(&id, &text, seen_n).await?;
            }
            Command::Net(on) => {
                let done = self.relay.set_offline(!on).await;
                done.map_err(|_| Error::Internal { reason: "relay".to_owned() })?;
                println!("  network {}", if on { "on" } else { "off" });
            }
            Command::Now => self.client.try_now().await?,
            Command::Outbox => self.list_outbox(),
            Command::SendAnyway(number) => {
                let (id, seen_n) = self.picked(number)?;
                self.client.send_anyway(&id, seen_n).await?;
                println!("  it goes");
            }
            Command::Edit(number, text) => {
                let (id, seen_n) = self.picked(number)?;
                self.client.edit(&id, &text, seen_n).await?;
            }
            Command::Pass(number) => {
                let (id, _) = self.picked(number)?;
                self.client.let_pass(&id).await?;
            }
            Command::Arrived(number) => {
                let (id, _) = self.picked(number)?;
                self.client.settle(&id, Settlement::Arrived).await?;
            }
            Command::SendAgain(number) => {
                let (id, seen_n) = self.picked(number)?;
                self.client.settle(&id, Settlement::SendAgain { seen_n }).await?;
            }
            Command::Discard(number) => {
                let (id, _) = self.picked(number)?;
                println!(
                    "  {}",
                    match self.client.discard(&id).await? {
                        Discarded::Removed => "gone; it never went out",
                        Discarded::AlreadySending =>
                            "it may have left this phone: withdraw it instead",
                        Discarded::AlreadySent => "it is at the server: withdraw it instead",
                    }
                );
            }
            Command::Withdraw(number) => {
                let (id, _) = self.picked(number)?;
                println!(
                    "  {}",
                    match self.client.withdraw(&id).await? {
                        Withdrawal::Removed => "gone; it had not left this phone",
                        Withdrawal::Asked => "the server is being asked",
                    }
                );
            }
        }
        Ok(())
    }

    fn list(&mut self) {
        self.listed = self.shown.chats.iter().map(|chat| chat.id.clone()).collect();
        if self.listed.is_empty() {
            println!("  no conversation yet: `cargo demo -- customer \"Hello?\"` makes one");
        }
        for (index, chat) in self.shown.chats.iter().enumerate() {
            let unread =
                if chat.unread > 0 { format!(", {} new", chat.unread) } else { String::new() };
            let last = chat.bubbles.last().map_or("", |bubble| &bubble.text);
            println!("  {}  {:<8} {}{unread}  {last}", index + 1, chat.name, window(chat));
        }
    }

    async fn open(&mut self, number: usize) -> Result<(), Error> {
        let Some(id) = number.checked_sub(1).and_then(|index| self.listed.get(index)).cloned()
        else {
            println!("  there is no {number} in the list");
            return Ok(());
        };
        let id = ConversationId(id);
        self.open = Some((id.clone(), self.client.timeline(&id)));
        self.seen[3] = 0;
        let Some(chat) = self.open_chat() else { return Ok(()) };
        println!("  {}, {}", chat.name, window(chat));
        for bubble in &chat.bubbles {
            println!("{}", news::bubble_line(bubble, &chat.name));
        }
        let last_n = chat.last_n;
        self.client.mark_read(&id, last_n).await
    }

    fn list_outbox(&mut self) {
        self.waiting = self.shown.unsent().map(|waiting| waiting.id.clone()).collect();
        if let Some(pause) = &self.shown.pause {
            println!("  {}", reason_words(pause));
        }
        if self.waiting.is_empty() {
            println!("  everything has been sent");
        }
        for (index, waiting) in self.shown.unsent().enumerate() {
            let place = step_words(&waiting.step).unwrap_or_default();
            println!("  {}  to {}: {}", index + 1, waiting.name, waiting.text);
            if let Some(trouble) = &waiting.trouble {
                println!("       {place}. {}", reason_words(&trouble.id));
                if let Some(answer) = &trouble.answer {
                    println!("       the answer: {answer}");
                }
            } else {
                println!("       {place}");
            }
            let choices: Vec<String> =
                waiting.choices.iter().map(|choice| typed(choice, index + 1)).collect();
            println!("       you can: {}", choices_of(&choices));
        }
    }

    /// The reply with that number in the outbox, and the newest message of its conversation.
    fn picked(&self, number: usize) -> Result<(MessageId, i64), Error> {
        let id = number.checked_sub(1).and_then(|index| self.waiting.get(index));
        let id = id.ok_or(Error::NotFound)?;
        let waiting = self.shown.unsent().find(|waiting| waiting.id == *id);
        let conversation = waiting.map(|waiting| waiting.conversation.as_str());
        let chat = self.shown.chats.iter().find(|chat| Some(chat.id.as_str()) == conversation);
        Ok((MessageId(id.clone()), chat.map_or(0, |chat| chat.last_n)))
    }

    fn open_chat(&self) -> Option<&Chat> {
        let (id, _) = self.open.as_ref()?;
        self.shown.chats.iter().find(|chat| chat.id == id.0)
    }

    async fn tell_news(&mut self) {
        let Ok(now) = phone::look(&self.client).await else { return };
        let open = self.open.as_ref().map(|(id, _)| id.0.as_str());
        for line in news::since(&self.shown, &now, open) {
            println!("{line}");
        }
        self.shown = now;
    }
}

/// The next revision of the open conversation; never without one.
async fn next_of(view: Option<&TimelineView>, since: u64) -> Option<Result<u64, Error>> {
    match view {
        Some(view) => view.next(since).await.map(|drawn| drawn.map(|drawn| drawn.revision)),
        None => std::future::pending().await,
    }
}

fn window(chat: &Chat) -> String {
    chat.left_ms.map_or_else(|| "window closed".to_owned(), |left| format!("{} left", span(left)))
}

fn said(error: &Error) -> String {
    match error {
        Error::NotFound => "no such number; `outbox` or `list` shows them".to_owned(),
        Error::Refused { code } if code == "not_held" || code == "not_unknown" => {
            "it does not wait for that".to_owned()
        }
        Error::Invalid { field, limit } => format!("{field} is empty or longer than {limit}"),
        other => other.to_string(),
    }
}
