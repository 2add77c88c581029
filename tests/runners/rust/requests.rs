//! One request, one call of the client.

use std::sync::Arc;

use fieldline_core::Client;
use fieldline_core::api::{
    BackgroundReason, Config, ConversationId, Credentials, Error, MessageId, NetworkKind,
    Settlement, UnsentOnSignOut,
};
use fieldline_core::support::FileSecrets;
use serde_json::{Value, json};

use crate::phone::{Phones, View};
use crate::rows;

/// Why there is no value.
pub(crate) enum Failure {
    /// The core said so.
    Core(Error),
    /// The request makes no sense.
    Runner(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl Failure {
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Core(error) => rows::error(error),
            Self::Runner(what) => json!({ "code": "runner", "details": { "what": what } }),
        }
    }
}

fn unusable(what: &str) -> Failure {
    Failure::Runner(what.to_owned())
}

struct With<'r>(&'r Value);

impl With<'_> {
    fn text(&self, name: &str) -> Result<&str, Failure> {
        self.0.get(name).and_then(Value::as_str).ok_or_else(|| unusable(name))
    }

    fn number(&self, name: &str) -> Result<i64, Failure> {
        self.0.get(name).and_then(Value::as_i64).ok_or_else(|| unusable(name))
    }

    fn count(&self, name: &str) -> Result<u64, Failure> {
        self.0.get(name).and_then(Value::as_u64).ok_or_else(|| unusable(name))
    }

    fn conversation(&self) -> Result<ConversationId, Failure> {
        self.text("conversation").map(ConversationId::from)
    }

    fn message(&self) -> Result<MessageId, Failure> {
        self.text("message").map(MessageId::from)
    }
}

pub(crate) async fn carry_out(phones: &Phones, request: &Value) -> Result<Value, Failure> {
    let empty = Value::Null;
    let outer = With(request);
    let (who, verb) = (outer.text("as")?, outer.text("do")?);
    let with = With(request.get("with").unwrap_or(&empty));
    if verb == "version" {
        return Ok(json!(env!("CARGO_PKG_VERSION")));
    }
    if verb == "open" {
        phones.put(who, open(&with).await?);
        return Ok(Value::Null);
    }
    let client = phones.client(who).ok_or_else(|| unusable("not opened"))?;
    match verb {
        "watch" => {
            phones.watch(who, with.text("name")?, view(&client, with.text("view")?, &with)?);
            Ok(Value::Null)
        }
        "next" | "widen" | "cancel" => {
            let watch =
                phones.watched(who, with.text("name")?).ok_or_else(|| unusable("no such view"))?;
            match verb {
                "next" => {
                    let mut since = watch.since.lock().await;
                    let Some(drawn) = watch.view.next(*since).await else {
                        return Ok(Value::Null);
                    };
                    let (revision, value) = drawn?;
                    *since = revision;
                    return Ok(value);
                }
                "widen" => {
                    let more = u32::try_from(with.count("more")?).map_err(|_| unusable("more"))?;
                    watch.view.widen(more);
                }
                _ => watch.view.cancel(),
            }
            Ok(Value::Null)
        }
        "inbox" | "timeline" | "outbox" | "status" => {
            let drawn = view(&client, verb, &with)?.next(0).await;
            Ok(drawn.transpose()?.map_or(Value::Null, |(_, value)| value))
        }
        _ => command(&client, verb, &with).await,
    }
}

async fn open(with: &With<'_>) -> Result<Client, Failure> {
    let secrets = FileSecrets::new(with.text("secrets")?).map_err(|_| unusable("secrets"))?;
    let config = Config {
        store_path: with.text("store")?.into(),
        server_url: with.text("server")?.to_owned(),
        device_name: with.text("device_name")?.to_owned(),
        platform: "rust".to_owned(),
        extra_roots_pem: None,
    };
    Ok(Client::open(config, Arc::new(secrets)).await?)
}

fn view(client: &Client, kind: &str, with: &With<'_>) -> Result<View, Failure> {
    Ok(match kind {
        "inbox" => View::Inbox(client.inbox()),
        "timeline" => View::Timeline(client.timeline(&with.conversation()?)),
        "outbox" => View::Outbox(client.outbox()),
        "status" => View::Status(client.status()),
        _ => return Err(unusable("view")),
    })
}

async fn command(client: &Client, verb: &str, with: &With<'_>) -> Result<Value, Failure> {
    let null = Value::Null;
    Ok(match verb {
        "preview_link_code" => {
            let found = client.preview_link_code(with.text("code")?).await?;
            json!({ "workspace_name": found.workspace_name, "member_name": found.member_name })
        }
        "sign_in" => rows::account(&client.sign_in(credentials(with)?).await?),
        "account" => client.account().await?.map_or(null, |it| rows::account(&it)),
        "sign_out" => {
            let unsent = match with.text("unsent")? {
                "keep" => UnsentOnSignOut::Keep,
                "delete" => UnsentOnSignOut::Delete,
                _ => return Err(unusable("unsent")),
            };
            client.sign_out(unsent).await.map(|()| null)?
        }
        "enter_foreground" => client.enter_foreground().await.map(|()| null)?,
        "enter_background" => {
            rows::report(&client.enter_background(with.count("deadline_ms")?).await?)
        }
        "run_background" => {
            let reason = match with.text("reason")? {
                "push" => BackgroundReason::Push,
                "scheduled" => BackgroundReason::Scheduled,
                _ => return Err(unusable("reason")),
            };
            rows::report(&client.run_background(reason, with.count("budget_ms")?).await?)
        }
        "network_changed" => {
            client.network_changed(match with.text("kind")? {
                "none" => NetworkKind::None,
                "unmetered" => NetworkKind::Unmetered,
                "metered" => NetworkKind::Metered,
                _ => return Err(unusable("kind")),
            });
            null
        }
        "try_now" => client.try_now().await.map(|()| null)?,
        "shutdown" => client.shutdown().await.map(|()| null)?,
        "send_reply" => {
            let (body, seen_n) = (with.text("body")?, with.number("seen_n")?);
            json!(client.send_reply(&with.conversation()?, body, seen_n).await?.0)
        }
        "quote_reply" => {
            let (body, seen_n) = (with.text("body")?, with.number("seen_n")?);
            let (conversation, message) = (with.conversation()?, with.message()?);
            json!(client.quote_reply(&conversation, &message, body, seen_n).await?.0)
        }
        "edit" => {
            let (body, seen_n) = (with.text("body")?, with.number("seen_n")?);
            json!(client.edit(&with.message()?, body, seen_n).await?.0)
        }
        "send_anyway" => {
            client.send_anyway(&with.message()?, with.number("seen_n")?).await.map(|()| null)?
        }
        "discard" => rows::word(client.discard(&with.message()?).await?),
        "withdraw" => rows::word(client.withdraw(&with.message()?).await?),
        "let_pass" => client.let_pass(&with.message()?).await.map(|()| null)?,
        "settle" => {
            let result = match with.text("result")? {
                "arrived" => Settlement::Arrived,
                "send_again" => Settlement::SendAgain { seen_n: with.number("seen_n")? },
                _ => return Err(unusable("result")),
            };
            client.settle(&with.message()?, result).await.map(|()| null)?
        }
        "mark_read" => {
            let up_to_n = with.number("up_to_n")?;
            client.mark_read(&with.conversation()?, up_to_n).await.map(|()| null)?
        }
        "load_older" => client.load_older(&with.conversation()?).await.map(|()| null)?,
        _ => return Err(unusable("no such verb")),
    })
}

fn credentials(with: &With<'_>) -> Result<Credentials, Failure> {
    if let Ok(code) = with.text("link_code") {
        return Ok(Credentials::LinkCode { code: code.to_owned() });
    }
    let (email, password) = (with.text("email")?.to_owned(), with.text("password")?.to_owned());
    Ok(Credentials::Password { email, password })
}
