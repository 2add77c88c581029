//! The office's part: templates listed, submitted, changed and deleted (experience.md D5), and a
//! stopped line resumed by hand.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::budget::Asker;
use super::{fill, list, remove, save};
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::http::JsonBody;
use crate::agents::session::Caller;
use crate::desk::audit;
use crate::desk::office::{self, did};
use crate::desk::rights::Right;
use crate::meta::graph::GraphRequest;
use crate::meta::line;
use crate::meta::marks::Marks;
use crate::meta::send::attempt::open_token;
use crate::meta::send::queue::call;
use crate::state::AppState;
use crate::store::media::{self, Source};
use crate::store::templates::{self, Account, TemplateRow};
use crate::store::{StoreError, channels};
use crate::support::Secret;
use crate::wire::objects as wire;

/// Time for a call that a person waits for.
const LIMIT: Duration = Duration::from_secs(25);

/// Meta's limits (whatsapp.md 5.4), in Unicode scalar values and entries.
const MAX_NAME: usize = 512;
const MAX_HEADER: usize = 60;
const MAX_BODY: usize = 1024;
const MAX_FOOTER: usize = 60;
const MAX_BUTTONS: usize = 10;

/// Lets in whoever has the right.
async fn allowed(state: &AppState, caller: &Caller, right: Right) -> Result<(), ApiError> {
    office::read(state, caller.clone(), right, |_, _, _| Ok(())).await
}

/// `POST /v1/office/channels/{id}/resume`: lifts what a person may lift of a channel. What waits goes
/// on in order, guard and window judged again. The only end of a spam hold (131048). Where the line is
/// down for what no person's word ends, nothing is lifted.
pub(crate) async fn resume(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    allowed(&state, &caller, Right::Channels).await?;
    let woken = state.clone();
    let workspace = caller.actor.workspace.clone();
    let standing = state
        .store
        .write(move |tx| -> Result<Option<Vec<String>>, StoreError> {
            if !channels::is_of(tx.sql(), &id, &workspace)? {
                return Ok(None);
            }
            let mut marks = Marks::default();
            let standing = line::resume(tx, &mut marks, &id)?;
            marks.write(tx)?;
            if standing.is_empty() {
                audit::note(tx, &workspace, &caller.actor, "channel_resumed", "channel", &id)?;
            }
            tx.after_commit(move || woken.sends.wake());
            Ok(Some(standing))
        })
        .await?;
    match standing {
        None => Err(ApiError::new(ErrorCode::NotFound)),
        Some(causes) if causes.is_empty() => Ok(StatusCode::NO_CONTENT),
        Some(causes) => Err(ApiError::with(ErrorCode::LineDown, json!({ "causes": causes }))),
    }
}

/// All templates, and when each account's list was fetched.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Listed {
    /// Whatever their status.
    #[schemars(with = "Vec<wire::Template>")]
    templates: Vec<Value>,
    /// Each account of the workspace.
    accounts: Vec<ListedAccount>,
}

/// An account at Meta.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListedAccount {
    /// Meta's id.
    waba_id: String,
    /// When its list was last fetched whole, ms UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched_at: Option<i64>,
}

/// One template as it is now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct One(#[schemars(with = "wire::Template")] Value);

/// `GET /v1/office/templates`: all of them, whatever their status, and when each account's list
/// was fetched.
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Listed>, ApiError> {
    allowed(&state, &caller, Right::Templates).await?;
    Ok(Json(listed(&state, caller.actor.workspace).await?))
}

async fn listed(state: &AppState, workspace: String) -> Result<Listed, ApiError> {
    Ok(state
        .store
        .read(move |sql| -> Result<Listed, StoreError> {
            let all = templates::all(sql, &workspace)?;
            let accounts = templates::accounts(sql)?
                .into_iter()
                .filter(|account| account.workspace == workspace)
                .map(|account| ListedAccount {
                    waba_id: account.waba_id,
                    fetched_at: account.fetched_at,
                })
                .collect();
            Ok(Listed { templates: all.iter().map(fill::json).collect(), accounts })
        })
        .await?)
}

/// `POST /v1/office/templates/refresh`: fetches the lists now; the answer is that of `GET`.
pub(crate) async fn refresh(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Listed>, ApiError> {
    allowed(&state, &caller, Right::Templates).await?;
    let workspace = caller.actor.workspace;
    for account in state.store.read(templates::accounts).await? {
        if account.workspace == workspace
            && let Some(wait) = list::fetch(&state, &account, Asker::Person).await
        {
            let details = json!({"retry_after_ms": wait});
            return Err(ApiError::with(ErrorCode::MetaUnavailable, details));
        }
    }
    Ok(Json(listed(&state, workspace).await?))
}

/// A template to be submitted. Parts as Meta wants them: `components`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct NewTemplate {
    /// The number whose account gets it; without it the only account of the workspace.
    channel: Option<String>,
    /// 1 to 512 of `a-z0-9_`.
    #[schemars(length(min = 1, max = 512), regex(pattern = "^[a-z0-9_]+$"))]
    name: String,
    /// `en_US`, `pt_BR`, `de`.
    #[schemars(length(min = 2, max = 10))]
    language: String,
    /// marketing, utility, authentication.
    kind: String,
    /// positional, or named.
    #[serde(default)]
    format: Option<String>,
    /// As Meta wants them (whatsapp.md 5.4).
    components: Vec<Map<String, Value>>,
}

/// What of a template is to be changed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ChangedTemplate {
    /// marketing, utility, authentication.
    kind: Option<String>,
    /// As Meta wants them; the whole list.
    components: Option<Vec<Map<String, Value>>>,
}

/// `POST /v1/office/templates`: submits one to Meta for approval.
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(new): JsonBody<NewTemplate>,
) -> Result<Json<One>, ApiError> {
    allowed(&state, &caller, Right::Templates).await?;
    let name_ok = !new.name.is_empty()
        && new.name.len() <= MAX_NAME
        && new.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !name_ok {
        return Err(ApiError::malformed("name"));
    }
    let language_ok = (2..=10).contains(&new.language.len())
        && new.language.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    if !language_ok {
        return Err(ApiError::malformed("language"));
    }
    let category = category(&new.kind)?;
    let format = new.format.unwrap_or_else(|| "positional".into());
    if !["positional", "named"].contains(&format.as_str()) {
        return Err(ApiError::malformed("format"));
    }
    check(&new.components)?;
    let account = account(&state, &caller, new.channel.as_deref()).await?;
    let body = json!({"name": new.name, "language": new.language, "category": category,
        "parameter_format": format, "components": new.components});
    let request = |token: Secret| {
        GraphRequest::post(format!("/{}/message_templates", account.waba_id), token, body.clone())
    };
    let answer = manage(&state, &account.waba_id, &account.token_sealed, request).await?;
    let mut listed = body;
    if let Some(map) = listed.as_object_mut() {
        for name in ["id", "status", "category"] {
            if let Some(value) = answer.get(name) {
                map.insert(name.into(), value.clone());
            }
        }
    }
    let template = list::read(&account.workspace, &account.waba_id, &listed)
        .ok_or_else(|| ApiError::internal("template_answer_without_id"))?;
    did(&state, &caller, "template_submitted", ("template", &template.id)).await?;
    keep(&state, template).await
}

/// `POST /v1/office/templates/{id}`: changes one. An approved one takes this once in 24 hours and
/// ten times in 30 days; Meta judges it anew.
pub(crate) async fn edit(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(changed): JsonBody<ChangedTemplate>,
) -> Result<Json<One>, ApiError> {
    allowed(&state, &caller, Right::Templates).await?;
    let mut body = Map::new();
    if let Some(kind) = &changed.kind {
        body.insert("category".into(), category(kind)?.into());
    }
    if let Some(components) = &changed.components {
        check(components)?;
        body.insert("components".into(), json!(components));
    }
    if body.is_empty() {
        return Err(ApiError::malformed("components"));
    }
    let (template, source) = held(&state, &caller, &id).await?;
    let path = format!("/{}", template.meta_id);
    let request = |token: Secret| GraphRequest::post(path.clone(), token, body.clone().into());
    manage(&state, &template.waba_id, &source.token_sealed, request).await?;
    let mut after = template;
    if let Some(kind) = changed.kind {
        after.category = kind;
    }
    if let Some(components) = changed.components {
        after.components = json!(components);
    }
    // Until Meta has judged it anew; the list and a webhook say what comes of it.
    after.status = "pending".into();
    after.reason = None;
    did(&state, &caller, "template_changed", ("template", &after.id)).await?;
    keep(&state, after).await
}

/// `DELETE /v1/office/templates/{id}`: deletes one; its name is blocked for 30 days.
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    allowed(&state, &caller, Right::Templates).await?;
    let (template, source) = held(&state, &caller, &id).await?;
    let request = |token: Secret| {
        let path = format!("/{}/message_templates", template.waba_id);
        let mut request = GraphRequest::delete(path, token);
        request.query =
            vec![("hsm_id", Secret::new(&template.meta_id)), ("name", Secret::new(&template.name))];
        request
    };
    manage(&state, &template.waba_id, &source.token_sealed, request).await?;
    did(&state, &caller, "template_deleted", ("template", &template.id)).await?;
    state
        .store
        .write(move |tx| -> Result<(), StoreError> {
            match templates::find(tx.sql(), &template.workspace, &template.id)? {
                Some(held) => remove(tx, &held),
                None => Ok(()),
            }
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Meta's word of a kind.
fn category(kind: &str) -> Result<String, ApiError> {
    if ["marketing", "utility", "authentication"].contains(&kind) {
        Ok(kind.to_ascii_uppercase())
    } else {
        Err(ApiError::malformed("kind"))
    }
}

/// Holds parts to Meta's limits, so that a mistake is told at once and in our words.
fn check(components: &[Map<String, Value>]) -> Result<(), ApiError> {
    let too_long = |field: &str, limit: usize| {
        Err(ApiError::with(ErrorCode::Malformed, json!({"field": field, "limit": limit})))
    };
    let mut has_body = false;
    for component in components {
        let word = |name: &str| component.get(name).and_then(Value::as_str).unwrap_or_default();
        let length = word("text").chars().count();
        match word("type").to_ascii_uppercase().as_str() {
            "HEADER" if length > MAX_HEADER => return too_long("components.header", MAX_HEADER),
            "BODY" if length > MAX_BODY => return too_long("components.body", MAX_BODY),
            "FOOTER" if length > MAX_FOOTER => return too_long("components.footer", MAX_FOOTER),
            "BUTTONS" => {
                let count = component.get("buttons").and_then(Value::as_array).map_or(0, Vec::len);
                if count == 0 || count > MAX_BUTTONS {
                    return too_long("components.buttons", MAX_BUTTONS);
                }
            }
            "BODY" => has_body = true,
            "HEADER" | "FOOTER" => {}
            _ => return Err(ApiError::malformed("components.type")),
        }
    }
    if has_body { Ok(()) } else { Err(ApiError::malformed("components.body")) }
}

/// The account that a new template goes to.
async fn account(
    state: &AppState,
    caller: &Caller,
    channel: Option<&str>,
) -> Result<Account, ApiError> {
    let (workspace, channel) = (caller.actor.workspace.clone(), channel.map(str::to_owned));
    let found = state
        .store
        .read(move |sql| -> Result<Vec<Account>, StoreError> {
            let mut accounts = templates::accounts(sql)?;
            accounts.retain(|account| account.workspace == workspace);
            if let Some(channel) = channel {
                let waba_id = channels::account_of(sql, &channel, &workspace)?;
                accounts.retain(|account| Some(&account.waba_id) == waba_id.as_ref());
            }
            Ok(accounts)
        })
        .await?;
    match <[Account; 1]>::try_from(found) {
        Ok([account]) => Ok(account),
        Err(_) => Err(ApiError::malformed("channel")),
    }
}

/// A template of the caller's workspace, and the token for its account.
async fn held(
    state: &AppState,
    caller: &Caller,
    id: &str,
) -> Result<(TemplateRow, Source), ApiError> {
    let (workspace, id) = (caller.actor.workspace.clone(), id.to_owned());
    let found = state
        .store
        .read(move |sql| -> Result<Option<(TemplateRow, Source)>, StoreError> {
            let Some(template) = templates::find(sql, &workspace, &id)? else { return Ok(None) };
            let channel = channels::on_account(sql, &workspace, &template.waba_id)?;
            let Some(channel) = channel else { return Ok(None) };
            Ok(media::source(sql, &channel)?.map(|source| (template, source)))
        })
        .await?;
    found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))
}

/// Makes a management call for a person; Meta's refusal becomes one of ours with its code.
async fn manage(
    state: &AppState,
    waba_id: &str,
    sealed: &[u8],
    request: impl FnOnce(Secret) -> GraphRequest,
) -> Result<Value, ApiError> {
    let now = state.ports.clock.now_ms();
    state.budget.take(waba_id, Asker::Person, now).map_err(ApiError::too_many)?;
    let token = open_token(sealed, &state.settings.key)
        .ok_or_else(|| ApiError::internal("token_sealed_with_another_key"))?;
    let answer = call(state, request(token), LIMIT)
        .await
        .map_err(|_| ApiError::new(ErrorCode::MetaUnavailable))?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        return Ok(body);
    }
    let code = body.pointer("/error/code").and_then(Value::as_i64);
    let subcode = body.pointer("/error/error_subcode").and_then(Value::as_i64);
    log::warn!("template_call_refused status={} code={}", answer.status, code.unwrap_or(0));
    if answer.status == 429 || matches!(code, Some(4 | 80_007)) {
        return Err(ApiError::too_many(answer.retry_after_ms.unwrap_or(60_000)));
    }
    if answer.status >= 500 {
        return Err(ApiError::new(ErrorCode::MetaUnavailable));
    }
    let mut details = Map::new();
    for (name, value) in [("whatsapp_code", code), ("whatsapp_subcode", subcode)] {
        if let Some(value) = value {
            details.insert(name.into(), value.into());
        }
    }
    Err(ApiError::with(ErrorCode::MetaRefused, details.into()))
}

async fn keep(state: &AppState, template: TemplateRow) -> Result<Json<One>, ApiError> {
    let (workspace, id) = (template.workspace.clone(), template.id.clone());
    let kept = state
        .store
        .write(move |tx| -> Result<Option<Value>, StoreError> {
            let before = templates::find(tx.sql(), &workspace, &id)?;
            save(tx, before.as_ref(), template)?;
            Ok(templates::find(tx.sql(), &workspace, &id)?.as_ref().map(fill::json))
        })
        .await?;
    kept.map(|template| Json(One(template))).ok_or_else(|| ApiError::internal("template_not_kept"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(components: &Value) -> Result<(), Value> {
        let components: Vec<Map<String, Value>> =
            serde_json::from_value(components.clone()).unwrap();
        check(&components).map_err(|error| error.details)
    }

    #[test]
    fn parts_are_held_to_metas_limits() {
        let with = |part: Value| json!([{"type": "BODY", "text": "Hello"}, part]);
        assert_eq!(checked(&with(json!({"type": "FOOTER", "text": "x".repeat(60)}))), Ok(()));
        for (kind, limit) in [("HEADER", 60), ("FOOTER", 60), ("BODY", 1024)] {
            let part = json!({"type": kind, "text": "x".repeat(limit + 1)});
            assert_eq!(checked(&with(part)).unwrap_err()["limit"], limit, "{kind}");
        }
        let buttons = |count: usize| json!({"type": "BUTTONS", "buttons": vec![json!({}); count]});
        assert_eq!(checked(&with(buttons(10))), Ok(()));
        assert_eq!(checked(&with(buttons(11))).unwrap_err()["limit"], 10);
        assert!(checked(&with(json!({"type": "HOLOGRAM"}))).is_err());
        assert!(checked(&json!([])).is_err());
    }
}
