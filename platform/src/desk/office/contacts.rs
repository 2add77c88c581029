//! Contacts: found, joined, erased, taken out (protocol.md 4; GDPR's rights of a person).

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Done, not_found, read, write};
use crate::agents::error::ApiError;
use crate::agents::http::{JsonBody, Params};
use crate::agents::session::Caller;
use crate::desk::audit::{self, Who};
use crate::desk::contact::{self, Fault};
use crate::desk::rights::Right;
use crate::feed::scope::Reader;
use crate::feed::{ENVELOPE, MAX_PAGE};
use crate::state::AppState;
use crate::store::contacts::{self, conversations};
use crate::store::objects::{contact_json, conversation_json, messages_after};
use crate::wire::objects as wire;

/// The longest text that is looked for, in Unicode scalar values.
const MAX_QUERY: usize = 200;

/// A page of contacts.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ContactPage")]
pub(crate) struct Page {
    /// In the order of their ids; each as on the change line, with the ids of its conversations
    /// besides.
    #[schemars(with = "Vec<wire::ListedContact>")]
    contacts: Vec<Value>,
    /// `after` of the next page; absent: this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Two contacts that are one person.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Merge {
    /// Id of the contact that is no more afterwards.
    from: String,
    /// Id of the contact that it becomes part of.
    into: String,
}

/// A page of everything about a contact.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ContactExport")]
pub(crate) struct Export {
    /// As on the change line.
    #[schemars(with = "wire::Contact")]
    contact: Value,
    /// All of its conversations.
    #[schemars(with = "Vec<wire::Conversation>")]
    conversations: Vec<Value>,
    /// Messages, conversation by conversation, each by its number; at most 500 and a mebibyte.
    #[schemars(with = "Vec<wire::Message>")]
    messages: Vec<Value>,
    /// `after` of the next page; absent: this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET`: all of them, or those whose name or number holds `q`.
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    params: Params,
) -> Result<Json<Page>, ApiError> {
    let limit = i64::try_from(params.number("limit", 50, 200)?).unwrap_or(i64::MAX);
    let text = params.optional("q").unwrap_or_default().trim().to_owned();
    if text.chars().count() > MAX_QUERY {
        return Err(ApiError::over("q", MAX_QUERY));
    }
    let after = params.optional("after").unwrap_or_default().to_owned();
    let page = read(&state, caller, Right::Contacts, move |sql, caller, workspace| {
        // Whoever sees the end of numbers alone must not find out the rest by asking for it.
        let reader = Reader::new(sql, caller.actor.clone(), workspace)?;
        let wanted = (text.as_str(), !reader.masks);
        let ids = contacts::search(sql, &workspace.id, wanted, &after, limit)?;
        let full = i64::try_from(ids.len()).is_ok_and(|count| count >= limit);
        let next = ids.last().filter(|_| full).cloned();
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(mut object) = contact_json(sql, &id)? else { continue };
            reader.mask(&mut object);
            if let Some(map) = object.as_object_mut() {
                map.insert("conversations".into(), conversations(sql, &id)?.into());
            }
            found.push(object);
        }
        Ok(Page { contacts: found, next })
    })
    .await?;
    Ok(Json(page))
}

fn fault(fault: Fault) -> ApiError {
    match fault {
        Fault::From => not_found(),
        Fault::Into => ApiError::malformed("into"),
    }
}

/// `POST .../merge`.
pub(crate) async fn merge(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<Merge>,
) -> Result<Json<Done>, ApiError> {
    let seq = write(&state, caller, Right::Merge, move |tx, caller, workspace| {
        let who = Who::from(&caller.actor);
        contact::merge(tx, &workspace.id, who, &wish.from, &wish.into)?.map_err(fault)
    })
    .await?;
    Ok(Json(Done { seq }))
}

/// `DELETE`: content is erased everywhere, ids stay.
pub(crate) async fn erase(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Done>, ApiError> {
    let seq = write(&state, caller, Right::Erase, move |tx, caller, workspace| {
        contact::erase(tx, &workspace.id, Who::from(&caller.actor), &id)?.map_err(fault)
    })
    .await?;
    Ok(Json(Done { seq }))
}

/// `GET .../export`.
pub(crate) async fn export(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Export>, ApiError> {
    let after = match params.optional("after") {
        None => None,
        Some(text) => {
            let (conversation, n) =
                text.rsplit_once('.').ok_or_else(|| ApiError::malformed("after"))?;
            let n: i64 = n.parse().map_err(|_| ApiError::malformed("after"))?;
            Some((conversation.to_owned(), n))
        }
    };
    let page = write(&state, caller, Right::Export, move |tx, caller, workspace| {
        let sql = tx.sql();
        contacts::find(sql, &workspace.id, &id)?.ok_or_else(not_found)?;
        let contact = contact_json(sql, &id)?.ok_or_else(not_found)?;
        let ids = conversations(sql, &id)?;
        let mut objects = Vec::with_capacity(ids.len());
        for conversation in &ids {
            objects.extend(conversation_json(sql, conversation)?);
        }
        let (mut messages, mut next, mut bytes) = (Vec::new(), None, 0);
        'all: for conversation in &ids {
            let from = match &after {
                Some((place, _)) if conversation < place => continue,
                Some((place, n)) if conversation == place => *n,
                _ => i64::MIN,
            };
            for message in messages_after(sql, conversation, from, 500)? {
                bytes += message.to_string().len() + 1;
                if messages.len() >= 500 || (bytes > MAX_PAGE - ENVELOPE && !messages.is_empty()) {
                    next = messages.last().and_then(place);
                    break 'all;
                }
                messages.push(message);
            }
            if messages.len() >= 500 {
                next = messages.last().and_then(place);
                break;
            }
        }
        if after.is_none() {
            audit::note(tx, &workspace.id, &caller.actor, "contact_exported", "contact", &id)?;
        }
        Ok(Export { contact, conversations: objects, messages, next })
    })
    .await?;
    Ok(Json(page))
}

/// Where the next page begins behind this message.
fn place(message: &Value) -> Option<String> {
    let conversation = message.get("conversation_id")?.as_str()?;
    Some(format!("{conversation}.{}", message.get("n")?.as_i64()?))
}
