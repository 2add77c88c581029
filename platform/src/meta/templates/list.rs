//! The worker that fetches each account's list of templates: as soon as the account is there, hourly,
//! after a webhook about one, and when somebody asks.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{self, Instant};

use super::budget::Asker;
use super::{remove, save};
use crate::meta::graph::GraphRequest;
use crate::meta::identity;
use crate::meta::send::attempt::open_token;
use crate::meta::send::backoff;
use crate::meta::send::queue::call;
use crate::state::AppState;
use crate::store::templates::{self, Account, TemplateRow};
use crate::store::{StoreError, WriteTx};
use crate::support::Secret;

/// How long a list counts as new, ms.
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// How long webhooks about templates are gathered before the list is fetched, ms.
const GATHER_MS: i64 = 5_000;
/// A start must not begin with calls nobody waits for: a list that is here is fetched again so long
/// after it.
const FIRST_AFTER: Duration = Duration::from_secs(30);
/// Templates of a page.
const PAGE: &str = "100";
/// The most pages: an account may have 6,000 templates (whatsapp.md 5.4).
const PAGES: usize = 100;
/// Time for one page.
const LIMIT: Duration = Duration::from_secs(45);
/// The worker looks again after this at the latest, ms.
const LOOK_AGAIN_MS: i64 = 5 * 60 * 1_000;

/// The fields that a list is asked for.
const FIELDS: &str = "id,name,language,status,category,components,parameter_format,quality_score,\
rejected_reason";

/// Has an account's list fetched soon, in every workspace that has the account.
pub(crate) fn due(tx: &WriteTx<'_>, waba_id: &str) -> Result<(), StoreError> {
    let at = tx.now() + GATHER_MS;
    for account in templates::accounts(tx.sql())? {
        if account.waba_id == waba_id && (account.due_at > at || account.fetched_at.is_none()) {
            templates::set_due(tx.sql(), &account.workspace, waba_id, None, at, 0)?;
        }
    }
    Ok(())
}

/// Runs the worker until the platform stops.
pub(crate) async fn run(state: AppState) {
    let begun = Instant::now();
    loop {
        let now = state.ports.clock.now_ms();
        let mut wait = LOOK_AGAIN_MS;
        let rest = FIRST_AFTER.saturating_sub(begun.elapsed());
        let rest = i64::try_from(rest.as_millis()).unwrap_or(0);
        match state.store.read(templates::accounts).await {
            Ok(accounts) => {
                for account in accounts {
                    if state.stop.is_stopping() {
                        return;
                    }
                    let left = account.due_at - now;
                    if (1..=HOUR_MS).contains(&left) {
                        wait = wait.min(left);
                    } else if rest > 0 && account.fetched_at.is_some() {
                        wait = wait.min(rest);
                    } else {
                        // Due, or put off for longer than ever: the clock was set back since.
                        let again = fetch(&state, &account, Asker::Worker).await;
                        wait = wait.min(again.unwrap_or(wait));
                    }
                }
            }
            Err(error) => log::error!("templates_accounts cause=\"{error}\""),
        }
        let pause = u64::try_from(wait.clamp(1, LOOK_AGAIN_MS)).unwrap_or(1);
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            () = state.templates.woken() => {}
            () = time::sleep(Duration::from_millis(pause)) => {}
        }
    }
}

/// Fetches an account's list and takes it in whole. None if it is here; otherwise in how many ms
/// to try again.
pub(crate) async fn fetch(state: &AppState, account: &Account, asker: Asker) -> Option<i64> {
    let now = state.ports.clock.now_ms();
    let listed = match state.budget.take(&account.waba_id, asker, now) {
        Ok(()) => pages(state, account, asker).await,
        Err(wait) => Err(Some(wait)),
    };
    let (taken, account) = (listed.is_ok(), account.clone());
    let written = state
        .store
        .write(move |tx| -> Result<Option<i64>, StoreError> {
            let now = tx.now();
            let (workspace, waba_id) = (&account.workspace, &account.waba_id);
            match listed {
                Ok(listed) => {
                    take_in(tx, &account, &listed)?;
                    let due_at = now + HOUR_MS;
                    templates::set_due(tx.sql(), workspace, waba_id, Some(now), due_at, 0)?;
                    Ok(None)
                }
                Err(asked) => {
                    let tries = account.tries + 1;
                    let slower = u32::try_from(tries.clamp(1, 7) - 1).unwrap_or(0);
                    let wait = backoff::wait_ms(tries, asked, tx.rng()).max(10_000 << slower);
                    let wait = wait.min(HOUR_MS);
                    templates::set_due(tx.sql(), workspace, waba_id, None, now + wait, tries)?;
                    Ok(Some(wait))
                }
            }
        })
        .await;
    match written {
        Ok(wait) => wait,
        Err(error) => {
            log::error!("templates_not_kept taken={taken} cause=\"{error}\"");
            Some(10_000)
        }
    }
}

/// All pages of an account's list; what Meta asks to wait, ms, if it does not come.
async fn pages(
    state: &AppState,
    account: &Account,
    asker: Asker,
) -> Result<Vec<Value>, Option<i64>> {
    let token = open_token(&account.token_sealed, &state.settings.key).ok_or(None)?;
    let mut listed = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        if after.is_some() {
            let now = state.ports.clock.now_ms();
            state.budget.take(&account.waba_id, asker, now).map_err(Some)?;
        }
        let path = format!("/{}/message_templates", account.waba_id);
        let mut request = GraphRequest::get(path, token.clone());
        request.query = vec![("fields", Secret::new(FIELDS)), ("limit", Secret::new(PAGE))];
        if let Some(after) = &after {
            request.query.push(("after", Secret::new(after)));
        }
        let answer = call(state, request, LIMIT).await.map_err(|_| None)?;
        if answer.status != 200 {
            log::warn!("templates_not_listed status={}", answer.status);
            return Err(answer.retry_after_ms);
        }
        let page: Value = serde_json::from_slice(&answer.body).map_err(|_| None)?;
        let Some(rows) = page.get("data").and_then(Value::as_array) else { return Err(None) };
        listed.extend(rows.iter().cloned());
        let next = page.pointer("/paging/next").is_some();
        let cursor = page.pointer("/paging/cursors/after").and_then(Value::as_str);
        match cursor {
            _ if !next => return Ok(listed),
            Some(cursor) if after.as_deref() != Some(cursor) => after = Some(cursor.to_owned()),
            // More is said to follow and nothing leads there: what is not listed is not gone.
            _ => break,
        }
    }
    log::warn!("templates_list_without_end templates={}", listed.len());
    Err(None)
}

/// Takes a whole list in: what is not in it any more is gone.
fn take_in(tx: &mut WriteTx<'_>, account: &Account, listed: &[Value]) -> Result<(), StoreError> {
    let held = templates::of_account(tx.sql(), &account.workspace, &account.waba_id)?;
    let mut seen = BTreeSet::new();
    for value in listed {
        let Some(template) = read(&account.workspace, &account.waba_id, value) else { continue };
        if seen.insert(template.id.clone()) {
            let before = held.iter().find(|held| held.id == template.id);
            save(tx, before, template)?;
        }
    }
    for gone in held.iter().filter(|held| !seen.contains(&held.id)) {
        remove(tx, gone)?;
    }
    Ok(())
}

/// Reads a template as Meta lists it; none without a name, a language or an id.
pub(crate) fn read(workspace: &str, waba_id: &str, value: &Value) -> Option<TemplateRow> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|t| !t.is_empty());
    let lower = |name: &str| text(name).map(str::to_ascii_lowercase);
    let id = value.get("id");
    let meta_id = id.and_then(|id| {
        id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|id| id.to_string()))
    })?;
    let (name, language) = (text("name")?.to_owned(), text("language")?.to_owned());
    Some(TemplateRow {
        id: identity::template(workspace, waba_id, &name, &language),
        workspace: workspace.to_owned(),
        version: 0,
        waba_id: waba_id.to_owned(),
        meta_id,
        name,
        language,
        category: lower("category").unwrap_or_default(),
        status: lower("status").unwrap_or_else(|| "unknown".into()),
        quality: value
            .pointer("/quality_score/score")
            .and_then(Value::as_str)
            .map(str::to_ascii_lowercase),
        reason: text("rejected_reason").filter(|reason| *reason != "NONE").map(str::to_owned),
        format: lower("parameter_format").unwrap_or_else(|| "positional".into()),
        components: value.get("components").cloned().unwrap_or_else(|| Value::Array(Vec::new())),
    })
}
