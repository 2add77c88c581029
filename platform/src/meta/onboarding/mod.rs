//! Connecting a number that stays on its owner's phone: Meta's Embedded Signup (whatsapp.md 5.5).
//!
//! The browser opens Meta's window with what [`start`] gives, and brings back a code and a message, in
//! any order ([`take_code`], [`take_told`]). From there everything is ours: [`go_on`] makes one call
//! a step, writes the step down, and goes on after a crash or a time without an answer. `/register` is
//! never called: it would take the number off the phone (whatsapp.md 0.9).

pub(crate) mod machine;
pub(crate) mod own_address;
pub(crate) mod refusals;
pub(crate) mod subscriptions;
pub(crate) mod sync;
pub(crate) mod told;

use serde_json::Value;

use self::machine::{Event, Step};
use self::sync::{Asked, Kind};
use self::told::Told;
use super::ask::{Refusal, ask};
use super::graph::{GraphBody, GraphRequest};
use super::line::{self, worker};
use super::marks::Marks;
use super::payload::values::{id, items, text};
use super::seal;
use crate::agents::outcome::Actor;
use crate::state::AppState;
use crate::store::channels::{self, Joined, Joining};
use crate::store::onboardings::{self, Onboarding};
use crate::store::{StoreError, WriteTx, lines};

/// The most pages of an account's numbers.
const PAGES: usize = 40;
use crate::support::Secret;

/// An onboarding from whose window nobody came back is over after this, ms.
const EXPIRES_MS: i64 = 24 * 60 * 60 * 1_000;

/// Wait before a step that had no answer is tried again, ms.
const TRY_AGAIN_MS: i64 = 60_000;

/// Begins one.
pub(crate) fn start(tx: &mut WriteTx<'_>, actor: &Actor) -> Result<Onboarding, StoreError> {
    let onboarding = Onboarding {
        id: tx.uuid(),
        workspace: actor.workspace.clone(),
        member: actor.member.clone(),
        step: Step::Started,
        started_at: tx.now(),
        told_at: None,
        waba_id: None,
        phone_number_id: None,
        display: None,
        token_sealed: None,
        channel: None,
        cause: None,
        code: None,
        // From then on it is looked at: to say that it is over.
        next_try_at: tx.now() + EXPIRES_MS,
    };
    onboardings::save(tx.sql(), &onboarding)?;
    Ok(onboarding)
}

/// Takes what Meta's window told. Told again, it changes nothing.
pub(crate) fn take_told(
    tx: &WriteTx<'_>,
    onboarding: &mut Onboarding,
    told: Told,
) -> Result<(), StoreError> {
    let event = match told {
        Told::Finished { waba_id, phone_number_id } => {
            if onboarding.step.after(Event::Told).is_some() {
                onboarding.told_at = Some(tx.now());
                onboarding.waba_id = Some(waba_id);
                onboarding.phone_number_id = phone_number_id;
            }
            Event::Told
        }
        Told::Left { at } => {
            if onboarding.step.after(Event::Cancelled).is_some() {
                onboarding.cause = at.map(|at| at.to_lowercase());
            }
            Event::Cancelled
        }
        Told::Refused { cause, code } => {
            if onboarding.step.after(Event::Refused).is_some() {
                (onboarding.cause, onboarding.code) = (Some(cause.to_owned()), code);
            }
            Event::Refused
        }
    };
    if let Some(step) = onboarding.step.after(event) {
        onboarding.step = step;
        if step.is_ours() {
            onboarding.next_try_at = 0;
        }
        onboardings::save(tx.sql(), onboarding)?;
    }
    Ok(())
}

/// Exchanges the code, which lives 30 seconds, for the token; only then does it rest on the disk.
/// A code that is over is no end: the owner logs in once more.
pub(crate) async fn take_code(
    state: &AppState,
    app_id: &str,
    onboarding: &Onboarding,
    code: Secret,
) -> Result<(), StoreError> {
    if onboarding.step.after(Event::Granted).is_none() {
        return Ok(());
    }
    let request = GraphRequest {
        method: "GET",
        path: "/oauth/access_token".to_owned(),
        query: vec![
            ("client_id", Secret::new(app_id)),
            ("client_secret", state.settings.app_secret.clone()),
            ("code", code),
        ],
        token: None,
        body: GraphBody::Empty,
    };
    let answer = ask(state.ports.graph.as_ref(), request).await;
    let token = answer.map(|body| text(body.get("access_token")));
    let sealed = match &token {
        Ok(Some(token)) => {
            let rng = state.ports.rng.as_ref();
            seal::seal(&state.settings.key, rng, token.as_bytes()).ok()
        }
        Ok(None) | Err(_) => None,
    };
    let failed = match token {
        Err(refusal) => Some(refusals::of(refusal)),
        Ok(_) => None,
    };
    change(state, onboarding, move |tx, held| {
        if held.step.after(Event::Granted).is_none() {
            // The owner left, or another code was quicker: this one changes nothing any more.
            return Ok(());
        }
        if let Some(sealed) = sealed {
            held.token_sealed = Some(sealed);
            (held.cause, held.code) = (None, None);
            step(held, Event::Granted, tx.now());
        } else {
            // Whatever the reason: this code is used up.
            held.cause = Some(refusals::CODE_OVER.to_owned());
            held.code = failed.and_then(|(_, code)| code);
        }
        Ok(())
    })
    .await
}

/// Takes the account from the token where the word of Meta's window was lost between browser and server:
/// the owner has done all there is to do on the phone, and its 24 hours run.
pub(crate) async fn name_by_token(
    state: &AppState,
    app_id: &str,
    onboarding: &Onboarding,
) -> Result<(), StoreError> {
    let (Step::Granted, Some(token)) = (onboarding.step, token(state, onboarding)) else {
        return Ok(());
    };
    // Without an answer it stays where it is, and the next wish asks again.
    let Ok(granted) = debug_token(state, app_id, token).await else { return Ok(()) };
    let mut accounts = granted_accounts(&granted);
    accounts.sort_unstable();
    accounts.dedup();
    let [account] = accounts.as_slice() else { return Ok(()) };
    let waba_id = account.clone();
    change(state, onboarding, move |tx, held| {
        if held.step == Step::Granted {
            held.waba_id = Some(waba_id);
            step(held, Event::Told, tx.now());
        }
        Ok(())
    })
    .await
}

/// What Meta says of a token.
async fn debug_token(state: &AppState, app_id: &str, token: Secret) -> Result<Value, Refusal> {
    let request = GraphRequest {
        query: vec![("input_token", token)],
        ..GraphRequest::get("/debug_token", subscriptions::app_token(state, app_id))
    };
    ask(state.ports.graph.as_ref(), request).await
}

/// Makes every step that is ours, one after the other, until one has no answer or nothing is left.
pub(crate) async fn go_on(
    state: &AppState,
    workspace: &str,
    id: &str,
) -> Result<Option<Onboarding>, StoreError> {
    loop {
        let (w, i) = (workspace.to_owned(), id.to_owned());
        let found = state.store.read(move |sql| onboardings::find(sql, &w, &i)).await?;
        let Some(onboarding) = found else { return Ok(None) };
        if !onboarding.step.is_ours() || !one(state, &onboarding).await? {
            let (w, i) = (workspace.to_owned(), id.to_owned());
            return state.store.read(move |sql| onboardings::find(sql, &w, &i)).await;
        }
    }
}

/// What the worker does each minute: goes on with what waits, ends what nobody came back to.
pub(crate) async fn round(state: &AppState) -> Result<(), StoreError> {
    let now = state.ports.clock.now_ms();
    // A time further off than it ever is was set by a clock that ran ahead.
    let latest = now + 2 * EXPIRES_MS;
    let due = state.store.read(move |sql| onboardings::due(sql, now, latest)).await?;
    for onboarding in due {
        if onboarding.step.is_ours() {
            go_on(state, &onboarding.workspace, &onboarding.id).await?;
        } else if now >= onboarding.started_at.saturating_add(EXPIRES_MS) {
            change(state, &onboarding, |tx, held| {
                step(held, Event::Expired, tx.now());
                Ok(())
            })
            .await?;
        }
    }
    Ok(())
}

/// One step; whether another may follow at once.
async fn one(state: &AppState, onboarding: &Onboarding) -> Result<bool, StoreError> {
    match onboarding.step {
        Step::Ready => {
            let named = name(state, onboarding).await;
            settle(state, onboarding, Event::Named, named, |held, named| {
                held.phone_number_id = Some(named.phone_number_id);
                held.display = Some(named.display);
            })
            .await
        }
        Step::Named => {
            let waba = onboarding.waba_id.clone().unwrap_or_default();
            let subscribed = match token(state, onboarding) {
                Some(token) => {
                    let path = format!("/{waba}/subscribed_apps");
                    let body = Value::Object(serde_json::Map::new());
                    let request = GraphRequest::post(path, token, body);
                    ask(state.ports.graph.as_ref(), request).await.map_err(refusals::of)
                }
                None => Err((refusals::TOKEN, None)),
            };
            settle(state, onboarding, Event::Subscribed, subscribed, |_, _| {}).await
        }
        Step::Subscribed => join(state, onboarding).await,
        Step::Joined => sync(state, onboarding, Kind::Contacts, Event::ContactsAsked).await,
        Step::ContactsAsked => sync(state, onboarding, Kind::History, Event::HistoryAsked).await,
        _ => Ok(false),
    }
}

/// What the number is.
struct Named {
    phone_number_id: String,
    display: String,
}

/// Finds the number: the one that the window named, else the account's one that is on an app.
async fn name(
    state: &AppState,
    onboarding: &Onboarding,
) -> Result<Named, (&'static str, Option<i64>)> {
    let token = token(state, onboarding).ok_or((refusals::TOKEN, None))?;
    let waba = onboarding.waba_id.clone().ok_or((refusals::NO_NUMBER, None))?;
    if let Some(app_id) = &state.settings.app_id {
        // The window's word is the browser's: what the token is good for is Meta's.
        let granted = debug_token(state, app_id, token.clone()).await.map_err(refusals::of)?;
        let accounts = granted_accounts(&granted);
        if !accounts.is_empty() && !accounts.contains(&waba) {
            return Err((refusals::WRONG_LOGIN, None));
        }
    }
    let numbers = numbers(state, &waba, &token).await?;
    pick(&numbers, onboarding.phone_number_id.as_deref()).map_err(|cause| (cause, None))
}

/// All numbers of an account. Half a list would hide a second number that is on an app, so one without
/// an end is refused.
async fn numbers(
    state: &AppState,
    waba: &str,
    token: &Secret,
) -> Result<Vec<Value>, (&'static str, Option<i64>)> {
    let (mut numbers, mut after) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let fields = Secret::new("id,display_phone_number,is_on_biz_app,platform_type");
        let mut request = GraphRequest::get(format!("/{waba}/phone_numbers"), token.clone());
        request.query = vec![("fields", fields)];
        if let Some(after) = &after {
            request.query.push(("after", Secret::new(after)));
        }
        let page = ask(state.ports.graph.as_ref(), request).await.map_err(refusals::of)?;
        numbers.extend(items(page.get("data")).iter().cloned());
        let next = page.pointer("/paging/next").is_some();
        match page.pointer("/paging/cursors/after").and_then(Value::as_str) {
            _ if !next => return Ok(numbers),
            Some(cursor) if after.as_deref() != Some(cursor) => after = Some(cursor.to_owned()),
            _ => break,
        }
    }
    log::warn!("numbers_list_without_end numbers={}", numbers.len());
    Err((refusals::OTHER, None))
}

/// Accounts that a token is good for; their ids come as words or numbers.
fn granted_accounts(granted: &Value) -> Vec<String> {
    items(granted.pointer("/data/granular_scopes"))
        .iter()
        .filter(|scope| {
            let name = scope.get("scope").and_then(Value::as_str);
            name.is_some_and(|name| name.starts_with("whatsapp_business"))
        })
        .flat_map(|scope| items(scope.get("target_ids")))
        .filter_map(|account| id(Some(account)))
        .collect()
}

/// The number among an account's numbers.
fn pick(all: &[Value], named: Option<&str>) -> Result<Named, &'static str> {
    let on_app =
        |number: &&Value| number.get("is_on_biz_app").and_then(Value::as_bool).unwrap_or(false);
    let found = if let Some(named) = named {
        all.iter().find(|number| id(number.get("id")).as_deref() == Some(named))
    } else {
        let mut on_app = all.iter().filter(on_app);
        match (on_app.next(), on_app.next()) {
            (Some(_), Some(_)) => return Err(refusals::SEVERAL_NUMBERS),
            (found, _) => found,
        }
    };
    let found = found.filter(on_app).ok_or(refusals::NO_NUMBER)?;
    let phone_number_id = id(found.get("id")).ok_or(refusals::NO_NUMBER)?;
    let display = id(found.get("display_phone_number")).ok_or(refusals::NO_NUMBER)?;
    Ok(Named { phone_number_id, display })
}

/// Makes the channel, or joins the one that has this number already.
async fn join(state: &AppState, onboarding: &Onboarding) -> Result<bool, StoreError> {
    change(state, onboarding, |tx, held| {
        let (Some(waba_id), Some(phone_number_id), Some(display), Some(token_sealed)) =
            (&held.waba_id, &held.phone_number_id, &held.display, &held.token_sealed)
        else {
            return Err(StoreError::Unexpected("an onboarding without its number"));
        };
        let joining =
            Joining { workspace: &held.workspace, phone_number_id, waba_id, display, token_sealed };
        let mut marks = Marks::default();
        match channels::join(tx, &joining)? {
            Joined::Taken => {
                held.cause = Some(refusals::NUMBER_TAKEN.to_owned());
                step(held, Event::Refused, tx.now());
            }
            Joined::Made(channel) => connect(tx, &mut marks, held, channel, true)?,
            Joined::Renewed { channel, moved } => connect(tx, &mut marks, held, channel, moved)?,
        }
        marks.write(tx)
    })
    .await?;
    // What came for the number before it was a channel is worked off now.
    state.webhooks.wake();
    // The account may be new: its templates are fetched at once.
    state.templates.wake();
    Ok(true)
}

/// The number is a channel: its line begins anew.
fn connect(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    held: &mut Onboarding,
    channel: String,
    moved: bool,
) -> Result<(), StoreError> {
    lines::set_connecting(tx.sql(), &channel, true)?;
    // Meta named it among the numbers that are on an app.
    lines::note_on_app(tx.sql(), &channel)?;
    let at = held.told_at.unwrap_or_else(|| tx.now());
    line::joined(tx, marks, &channel, at, moved)?;
    marks.channel(&held.workspace, &channel);
    held.channel = Some(channel);
    step(held, Event::Joined, tx.now());
    Ok(())
}

/// Makes one of the two calls. Its refusal is told and ends nothing: the number works without.
async fn sync(
    state: &AppState,
    onboarding: &Onboarding,
    kind: Kind,
    event: Event,
) -> Result<bool, StoreError> {
    let Some(channel) = onboarding.channel.clone() else {
        return Err(StoreError::Unexpected("an onboarding without its channel"));
    };
    let connected_at = onboarding.told_at.unwrap_or(onboarding.started_at);
    let asked = sync::call(state, &channel, kind, connected_at).await?;
    let (go, cause, code) = match asked {
        None | Some(Asked::Accepted) => (true, None, None),
        Some(Asked::Refused { cause, code }) => (cause != refusals::UNANSWERED, Some(cause), code),
    };
    change(state, onboarding, move |tx, held| {
        if let Some(cause) = cause {
            log::warn!(
                "sync_refused kind={} cause={cause} code={}",
                kind.word(),
                code.unwrap_or(0)
            );
            (held.cause, held.code) = (Some(cause.to_owned()), code);
        } else if held.cause.as_deref() == Some(refusals::UNANSWERED) {
            (held.cause, held.code) = (None, None);
        }
        if go {
            step(held, event, tx.now());
        } else {
            held.next_try_at = tx.now() + TRY_AGAIN_MS;
        }
        if held.step == Step::Done {
            let mut marks = Marks::default();
            lines::set_connecting(tx.sql(), &channel, false)?;
            line::refresh(tx, &mut marks, &channel)?;
            marks.write(tx)?;
        }
        Ok(())
    })
    .await?;
    Ok(go)
}

/// Writes down what a call came to; whether another step may follow at once.
async fn settle<T: Send + 'static>(
    state: &AppState,
    onboarding: &Onboarding,
    event: Event,
    came: Result<T, (&'static str, Option<i64>)>,
    take: impl FnOnce(&mut Onboarding, T) + Send + 'static,
) -> Result<bool, StoreError> {
    let again = matches!(came, Err((refusals::UNANSWERED, _)));
    change(state, onboarding, move |tx, held| {
        match came {
            Ok(value) => {
                take(held, value);
                (held.cause, held.code) = (None, None);
                step(held, event, tx.now());
            }
            Err((cause, code)) => {
                log::warn!("onboarding_refused cause={cause} code={}", code.unwrap_or(0));
                (held.cause, held.code) = (Some(cause.to_owned()), code);
                if again {
                    held.next_try_at = tx.now() + TRY_AGAIN_MS;
                } else {
                    step(held, Event::Refused, tx.now());
                }
            }
        }
        Ok(())
    })
    .await?;
    Ok(!again)
}

/// Moves on, if the table knows the event.
fn step(onboarding: &mut Onboarding, event: Event, now: i64) {
    if let Some(step) = onboarding.step.after(event) {
        onboarding.step = step;
        onboarding.next_try_at = if step.is_ours() { 0 } else { now + EXPIRES_MS };
    }
}

/// Changes an onboarding, unless somebody else moved it since it was read.
async fn change(
    state: &AppState,
    onboarding: &Onboarding,
    change: impl FnOnce(&mut WriteTx<'_>, &mut Onboarding) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    let read = onboarding.clone();
    state
        .store
        .write(move |tx| {
            let held = onboardings::find(tx.sql(), &read.workspace, &read.id)?;
            let Some(mut held) = held else { return Ok(()) };
            // The code and the window's word come in any order, beside each other.
            let same = held.step == read.step || !read.step.is_ours() && !held.step.is_ours();
            if same {
                change(tx, &mut held)?;
                onboardings::save(tx.sql(), &held)?;
            }
            Ok(())
        })
        .await
}

fn token(state: &AppState, onboarding: &Onboarding) -> Option<Secret> {
    onboarding.token_sealed.as_deref().and_then(|sealed| worker::open(state, sealed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_number_on_the_app_is_picked() {
        let numbers = |on: &[(&str, bool)]| {
            on.iter()
                .map(|(id, on)| json!({"id": id, "display_phone_number": "+34 600", "is_on_biz_app": on}))
                .collect::<Vec<_>>()
        };
        let picked = |numbers: &[Value], named: Option<&str>| {
            pick(numbers, named).map(|named| named.phone_number_id)
        };
        let two = numbers(&[("1", false), ("2", true)]);
        assert_eq!(picked(&two, None), Ok("2".to_owned()));
        assert_eq!(picked(&two, Some("2")), Ok("2".to_owned()));
        // The window named one that is on no phone: that is no Coexistence.
        assert_eq!(picked(&two, Some("1")), Err("no_number"));
        assert_eq!(picked(&two, Some("3")), Err("no_number"));
        assert_eq!(picked(&numbers(&[("1", true), ("2", true)]), None), Err("several_numbers"));
        assert_eq!(picked(&[], None), Err("no_number"));
    }

    #[test]
    fn accounts_of_a_token_come_as_words_or_numbers() {
        let granted = json!({"data": {"granular_scopes": [
            {"scope": "whatsapp_business_management", "target_ids": ["7", 8]},
            {"scope": "pages_show_list", "target_ids": ["9"]}]}});
        assert_eq!(granted_accounts(&granted), ["7", "8"]);
        assert!(granted_accounts(&json!({"data": {}})).is_empty());
    }
}
