//! The content of a message on its way in: what a `send` brought becomes the body that phones see.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::agents::body::{FieldValue, FileRef, MAX_CAPTION, MAX_TEXT, SendBody, TemplateBody};
use crate::agents::interactive::MAX_BODY;
use crate::agents::outcome::{Actor, LaterCode, Outcome, RefusedCode};
use crate::desk::options::Options;
use crate::meta::media::kinds::MediaKind;
use crate::meta::templates::fill::{self, Filled};
use crate::store::chats::ConversationRow;
use crate::store::media::{MediaRow, UploadRow};
use crate::store::templates::TemplateRow;
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, media, members, people, templates, workspaces};

/// How long a phone waits before it asks again for a message whose file is not here, ms.
const MEDIA_MISSING_MS: i64 = 2_000;

/// A body ready to be kept, and the file that goes with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prepared {
    /// `{kind, ...}`, a file in it without its `media`.
    pub(crate) body: Value,
    /// Its file.
    pub(crate) file: Option<FileRef>,
    /// The file is that of another message of ours: no upload has to be here.
    copied: bool,
}

/// Makes the body of a `send`, or says why it is refused.
pub(crate) fn prepare(
    tx: &WriteTx<'_>,
    chat: &ConversationRow,
    body: &SendBody,
) -> Result<Result<Prepared, Outcome>, StoreError> {
    Ok(match body {
        SendBody::Whole(body) => Ok(Prepared { body: body.clone(), file: None, copied: false }),
        SendBody::Media { body, file } => {
            Ok(Prepared { body: body.clone().into(), file: Some(file.clone()), copied: false })
        }
        SendBody::Template(template) => {
            prepare_template(tx, &chat.channel, Some(&chat.contact), template)?
        }
    })
}

/// The same for a template on a channel, to a contact if that is known already.
pub(crate) fn prepare_template(
    tx: &WriteTx<'_>,
    channel: &str,
    contact: Option<&str>,
    wanted: &TemplateBody,
) -> Result<Result<Prepared, Outcome>, StoreError> {
    let Some(template) = templates::sendable(tx.sql(), channel, &wanted.template)? else {
        return Ok(Err(Outcome::refused(RefusedCode::TemplateUnavailable)));
    };
    if let Some(contact) = contact
        && is_unwanted(tx, contact, &template)?
    {
        return Ok(Err(Outcome::refused(RefusedCode::MarketingStopped)));
    }
    let filled = match fill::fill(&template, &wanted.fields) {
        Ok(filled) => filled,
        Err(unfilled) => {
            let details = json!({"missing": unfilled.missing, "unknown": unfilled.unknown});
            return Ok(Err(Outcome::refused_with(RefusedCode::TemplateFields, details)));
        }
    };
    let mut fields = Map::new();
    let mut file = None;
    let mut body = Map::new();
    for (id, value) in &wanted.fields {
        fields.insert(
            id.clone(),
            match value {
                FieldValue::Text(text) => text.clone().into(),
                FieldValue::Location(place) => place.clone(),
                FieldValue::File(found) => {
                    file = Some(found.clone());
                    file_json(found).into()
                }
            },
        );
    }
    body.insert("kind".into(), "template".into());
    body.insert("name".into(), template.name.into());
    body.insert("language".into(), template.language.into());
    body.insert("text".into(), filled.text.into());
    body.insert("template".into(), template.id.into());
    body.insert("fields".into(), fields.into());
    Ok(Ok(Prepared { body: body.into(), file, copied: false }))
}

/// Whether it is advertising to somebody who wants none (R10): WhatsApp would refuse it (131050), and
/// nobody should have to be refused for having been asked once already.
fn is_unwanted(
    tx: &WriteTx<'_>,
    contact: &str,
    template: &TemplateRow,
) -> Result<bool, StoreError> {
    Ok(template.category == "marketing" && people::wants_no_marketing(tx.sql(), contact)?)
}

/// Signs a reply with its writer's first name where the workplace wants that (experience.md D9): the
/// text that the customer reads is the text that is kept. A template stands as Meta approved it; what
/// has no room for the name, and what bears it already, stays as it is.
pub(crate) fn sign(
    tx: &WriteTx<'_>,
    actor: &Actor,
    prepared: &mut Prepared,
) -> Result<(), StoreError> {
    let field = match prepared.body.get("kind").and_then(Value::as_str) {
        Some("text") => ("text", MAX_TEXT),
        Some("media") => ("caption", MAX_CAPTION),
        Some("interactive") => ("text", MAX_BODY),
        _ => return Ok(()),
    };
    if !Options::of(&workspaces::get(tx.sql(), &actor.workspace)?)?.signed_replies {
        return Ok(());
    }
    let member = members::find(tx.sql(), &actor.member)?;
    let first = member.as_ref().and_then(|member| member.name.split_whitespace().next());
    let (Some(first), (name, limit)) = (first, field) else { return Ok(()) };
    let signature = format!("\n\n\u{2014} {first}");
    let Some(text) = prepared.body.get(name).and_then(Value::as_str) else { return Ok(()) };
    let fits = text.chars().count() + signature.chars().count() <= limit;
    if fits && !text.trim_end().ends_with(&signature) {
        let signed = format!("{}{signature}", text.trim_end());
        if let Some(map) = prepared.body.as_object_mut() {
            map.insert(name.into(), signed.into());
        }
    }
    Ok(())
}

fn file_json(file: &FileRef) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("type".into(), file.kind.word().into());
    map.insert("mime".into(), file.mime.clone().into());
    map.insert("size".into(), file.size.into());
    map.insert("sha256".into(), file.sha256.clone().into());
    if let Some(name) = &file.name {
        map.insert("name".into(), name.clone().into());
    }
    map
}

/// The body of a message that is sent again as a copy.
pub(crate) fn again(tx: &WriteTx<'_>, message: &MessageRow) -> Result<Prepared, StoreError> {
    let mut body = message.body.clone();
    let held = media::get(tx.sql(), &message.id)?.filter(|held| held.state == "ready");
    let file = held.and_then(|_| file_of(&body));
    if let Some(map) = body.as_object_mut() {
        map.remove("media");
    }
    Ok(Prepared { body, file, copied: true })
}

/// The file that a body names.
pub(crate) fn file_of(body: &Value) -> Option<FileRef> {
    let map = match body.get("kind")?.as_str()? {
        "media" => body.as_object()?,
        "template" => body.get("fields")?.get("header")?.as_object()?,
        _ => return None,
    };
    let text = |name: &str| map.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(FileRef {
        kind: MediaKind::parse(map.get("type")?.as_str()?)?,
        mime: text("mime")?,
        size: map.get("size")?.as_i64()?,
        sha256: text("sha256")?,
        name: text("name"),
    })
}

/// Whether a body goes in an open window only: everything but a template (whatsapp.md 6).
pub(crate) fn needs_window(body: &Value) -> bool {
    body.get("kind").and_then(Value::as_str) != Some("template")
}

/// Whether the file of a message is here whole, brought by this device.
pub(crate) fn is_here(
    tx: &WriteTx<'_>,
    device: &str,
    prepared: &Prepared,
) -> Result<bool, StoreError> {
    let Some(file) = prepared.file.as_ref().filter(|_| !prepared.copied) else { return Ok(true) };
    let upload = media::upload(tx.sql(), device, &file.sha256)?;
    Ok(upload.is_some_and(|upload| upload.complete_at.is_some() && upload.total == file.size))
}

/// The answer to a `send` whose file is not here yet.
pub(crate) fn media_missing() -> Outcome {
    Outcome::Later { code: LaterCode::MediaMissing, retry_after_ms: MEDIA_MISSING_MS }
}

/// Keeps the file of a new message and gives the body as it stands from now on.
pub(crate) fn keep(
    tx: &WriteTx<'_>,
    actor: &Actor,
    chat: &ConversationRow,
    message: &str,
    prepared: Prepared,
) -> Result<Value, StoreError> {
    let Prepared { mut body, file, copied } = prepared;
    let Some(file) = file else { return Ok(body) };
    let row = MediaRow {
        message: message.to_owned(),
        workspace: chat.workspace.clone(),
        channel: chat.channel.clone(),
        state: "ready".into(),
        meta_id: None,
        mime: file.mime,
        size: Some(file.size),
        sha256: Some(file.sha256.clone()),
        tries: 0,
        next_try_at: 0,
        since: tx.now(),
    };
    media::put(tx.sql(), &row)?;
    if !copied {
        // It is in use from now on: kept for another 14 days for the next message with it.
        let upload = UploadRow { total: file.size, complete_at: Some(tx.now()) };
        media::put_upload(tx.sql(), &actor.device, &file.sha256, &upload, tx.now())?;
    }
    if let Some(map) = body.as_object_mut() {
        map.insert("media".into(), message.into());
        map.insert("ready".into(), true.into());
    }
    Ok(body)
}

/// A template filled anew for the call, from what it is at Meta now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refilled {
    /// As it was when its sender saw it.
    Same(Filled),
    /// It is gone, paused, or says something else now (R12).
    Changed,
    /// It is advertising, and the customer wants none any more (R10).
    Unwanted,
}

/// Fills the template of a kept body again.
pub(crate) fn refill(
    tx: &WriteTx<'_>,
    chat: &ConversationRow,
    body: &Value,
) -> Result<Refilled, StoreError> {
    let id = body.get("template").and_then(Value::as_str).unwrap_or_default();
    let Some(template) = templates::sendable(tx.sql(), &chat.channel, id)? else {
        return Ok(Refilled::Changed);
    };
    if is_unwanted(tx, &chat.contact, &template)? {
        return Ok(Refilled::Unwanted);
    }
    let filled = fill::fill(&template, &values(body));
    Ok(match filled {
        Ok(filled) if body.get("text").and_then(Value::as_str) == Some(filled.text.as_str()) => {
            Refilled::Same(filled)
        }
        _ => Refilled::Changed,
    })
}

/// The values of a kept template body.
fn values(body: &Value) -> BTreeMap<String, FieldValue> {
    let fields = body.get("fields").and_then(Value::as_object);
    fields
        .into_iter()
        .flatten()
        .filter_map(|(id, value)| {
            let value = match value {
                Value::String(text) => FieldValue::Text(text.clone()),
                Value::Object(map) if map.contains_key("sha256") => {
                    FieldValue::File(file_of(body)?)
                }
                other => FieldValue::Location(other.clone()),
            };
            Some((id.clone(), value))
        })
        .collect()
}
