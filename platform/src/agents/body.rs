//! The bodies that a `send` may have, read and held to WhatsApp's limits (whatsapp.md 5.1, 5.3).
//!
//! What is too long, too many, too large or of a refused kind is told at once, each by its own
//! code with the limit, so that nothing waits in the queue that can never go.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::command::malformed;
use super::interactive;
use super::outcome::{Outcome, RefusedCode};
use crate::meta::media::kinds::{MAX_FILE, MediaKind, is_mime};

/// The longest text of a message, in Unicode scalar values (WhatsApp's limit for a text body).
pub const MAX_TEXT: usize = 4096;
/// The longest caption, in Unicode scalar values.
pub const MAX_CAPTION: usize = 1024;
/// The most contacts of a message.
pub const MAX_CONTACTS: usize = 257;
/// The longest name, address and other short text that is taken; a bound of our own.
pub const MAX_LINE: usize = 1000;
/// The longest value of a template's field; its body may have 1024 in all.
const MAX_FIELD: usize = 1024;
/// The most fields that a template can have: a bound of our own.
const MAX_FIELDS: usize = 100;

/// What is to be sent.
#[derive(Debug, Clone, PartialEq)]
pub enum SendBody {
    /// Complete as it stands: text, location, contacts, interactive. The body of the message.
    Whole(Value),
    /// A file that was uploaded before.
    Media {
        /// The body of the message, still without `media` and `ready`.
        body: Map<String, Value>,
        /// The file.
        file: FileRef,
    },
    /// A template with its fields.
    Template(TemplateBody),
}

/// A file by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// What it is to WhatsApp.
    pub kind: MediaKind,
    /// Its type.
    pub mime: String,
    /// Bytes.
    pub size: i64,
    /// Lower-case hex.
    pub sha256: String,
    /// The name that the customer sees, for documents.
    pub name: Option<String>,
}

/// A template to be filled.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateBody {
    /// Id of the template.
    pub template: String,
    /// Field id -> value.
    pub fields: BTreeMap<String, FieldValue>,
}

/// What a template's field is filled with.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// Text of a parameter, the rest of a link, a code.
    Text(String),
    /// The file of a header.
    File(FileRef),
    /// The place of a header: `{latitude, longitude, name?, address?}`.
    Location(Value),
}

/// Reads the body of a `send`. NUL, which text columns elsewhere cannot hold (whatsapp.md 0.22),
/// is taken out of every text first.
pub fn parse(body: &Map<String, Value>) -> Result<SendBody, Outcome> {
    let body = without_nul(body);
    match body.get("kind").and_then(Value::as_str) {
        Some("text") => text(&body),
        Some("media") => media(&body),
        Some("location") => {
            let mut whole = location(&body, "body")?;
            whole.insert("kind".into(), "location".into());
            Ok(SendBody::Whole(whole.into()))
        }
        Some("contacts") => contacts(&body),
        Some("interactive") => Ok(SendBody::Whole(interactive::parse(&body)?)),
        Some("template") => template(&body).map(SendBody::Template),
        _ => Err(malformed("body.kind")),
    }
}

fn without_nul(map: &Map<String, Value>) -> Map<String, Value> {
    fn clean(value: &Value) -> Value {
        match value {
            Value::String(text) => text.replace('\0', "").into(),
            Value::Array(values) => values.iter().map(clean).collect(),
            Value::Object(map) => Value::Object(without_nul(map)),
            other => other.clone(),
        }
    }
    map.iter().map(|(name, value)| (name.clone(), clean(value))).collect()
}

fn text(body: &Map<String, Value>) -> Result<SendBody, Outcome> {
    let text = body.get("text").and_then(Value::as_str).ok_or_else(|| malformed("body.text"))?;
    if text.trim().is_empty() {
        return Err(malformed("body.text"));
    }
    let length = text.chars().count();
    if length > MAX_TEXT {
        let details = json!({ "limit": MAX_TEXT, "length": length });
        return Err(Outcome::refused_with(RefusedCode::TooLong, details));
    }
    let mut whole = json!({"kind": "text", "text": text});
    match body.get("preview_url") {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(Value::Bool(true)) => {
            if let Some(map) = whole.as_object_mut() {
                map.insert("preview_url".into(), true.into());
            }
        }
        Some(_) => return Err(malformed("body.preview_url")),
    }
    Ok(SendBody::Whole(whole))
}

fn media(body: &Map<String, Value>) -> Result<SendBody, Outcome> {
    let animated = flag(body, "animated")?;
    let file = file(body, "body", animated)?;
    let mut map = Map::new();
    map.insert("kind".into(), "media".into());
    map.insert("type".into(), file.kind.word().into());
    map.insert("mime".into(), file.mime.clone().into());
    map.insert("size".into(), file.size.into());
    map.insert("sha256".into(), file.sha256.clone().into());
    if let Some(name) = &file.name {
        map.insert("name".into(), name.clone().into());
    }
    if let Some(caption) = line(body, "caption", "body.caption", MAX_CAPTION)? {
        if !file.kind.has_caption() {
            return Err(malformed("body.caption"));
        }
        map.insert("caption".into(), caption.into());
    }
    if flag(body, "voice")? {
        // A voice note is OGG (whatsapp.md 5.1).
        if file.kind != MediaKind::Audio || !file.mime.starts_with("audio/ogg") {
            return Err(malformed("body.voice"));
        }
        map.insert("voice".into(), true.into());
    }
    if animated {
        map.insert("animated".into(), true.into());
    }
    Ok(SendBody::Media { body: map, file })
}

/// Reads `{type?, mime, size, sha256, name?}`.
fn file(map: &Map<String, Value>, at: &str, animated: bool) -> Result<FileRef, Outcome> {
    let field = |name: &str| format!("{at}.{name}");
    let mime = map.get("mime").and_then(Value::as_str).map(str::to_ascii_lowercase);
    let mime = mime.filter(|mime| is_mime(mime)).ok_or_else(|| malformed(&field("mime")))?;
    let size = map.get("size").and_then(Value::as_i64).filter(|size| *size > 0);
    let size = size.ok_or_else(|| malformed(&field("size")))?;
    let sha256 = map.get("sha256").and_then(Value::as_str).filter(|hash| is_sha256(hash));
    let sha256 = sha256.ok_or_else(|| malformed(&field("sha256")))?.to_owned();
    let kind = match map.get("type") {
        None | Some(Value::Null) => MediaKind::of_mime(&mime),
        Some(word) => {
            word.as_str().and_then(MediaKind::parse).ok_or_else(|| malformed(&field("type")))?
        }
    };
    if !kind.takes(&mime) {
        let details = json!({"type": kind.word(), "mime": mime, "allowed": kind.mimes()});
        return Err(Outcome::refused_with(RefusedCode::MediaKind, details));
    }
    let limit = kind.limit(animated).min(MAX_FILE);
    if size > limit {
        let details = json!({"type": kind.word(), "limit": limit, "size": size});
        return Err(Outcome::refused_with(RefusedCode::MediaTooLarge, details));
    }
    let name = line(map, "name", &field("name"), MAX_LINE)?
        .map(|name| name.replace(['/', '\\'], "_"))
        .filter(|name| !name.chars().all(|c| c == '.' || c.is_whitespace()));
    Ok(FileRef { kind, mime, size, sha256, name })
}

/// Whether this is a SHA-256 in lower-case hex.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn location(map: &Map<String, Value>, at: &str) -> Result<Map<String, Value>, Outcome> {
    let mut place = Map::new();
    for (name, most) in [("latitude", 90.0), ("longitude", 180.0)] {
        let field = format!("{at}.{name}");
        let degrees = map.get(name).and_then(Value::as_f64).filter(|d| d.abs() <= most);
        place.insert(name.into(), degrees.ok_or_else(|| malformed(&field))?.into());
    }
    for name in ["name", "address"] {
        if let Some(text) = line(map, name, &format!("{at}.{name}"), MAX_LINE)? {
            place.insert(name.into(), text.into());
        }
    }
    Ok(place)
}

fn contacts(body: &Map<String, Value>) -> Result<SendBody, Outcome> {
    let list = body.get("contacts").and_then(Value::as_array);
    let list = list.filter(|l| !l.is_empty()).ok_or_else(|| malformed("body.contacts"))?;
    if list.len() > MAX_CONTACTS {
        return Err(too_many("body.contacts", MAX_CONTACTS, list.len()));
    }
    let contacts = list.iter().map(contact).collect::<Result<Vec<_>, _>>()?;
    Ok(SendBody::Whole(json!({"kind": "contacts", "contacts": contacts})))
}

fn contact(value: &Value) -> Result<Value, Outcome> {
    let map = value.as_object().ok_or_else(|| malformed("body.contacts"))?;
    let name = line(map, "name", "body.contacts.name", MAX_LINE)?;
    let name = name.ok_or_else(|| malformed("body.contacts.name"))?;
    let mut phones = Vec::new();
    for phone in map.get("phones").and_then(Value::as_array).into_iter().flatten() {
        let phone = phone.as_object().ok_or_else(|| malformed("body.contacts.phones"))?;
        let mut kept = Map::new();
        for name in ["phone", "wa_id", "type"] {
            if let Some(text) = line(phone, name, "body.contacts.phones", MAX_LINE)? {
                kept.insert(name.into(), text.into());
            }
        }
        if kept.contains_key("phone") {
            phones.push(Value::Object(kept));
        } else {
            return Err(malformed("body.contacts.phones"));
        }
    }
    let mut emails = Vec::new();
    for email in map.get("emails").and_then(Value::as_array).into_iter().flatten() {
        let email = email.as_object().ok_or_else(|| malformed("body.contacts.emails"))?;
        let address = line(email, "email", "body.contacts.emails", MAX_LINE)?;
        emails.push(json!({"email": address.ok_or_else(|| malformed("body.contacts.emails"))?}));
    }
    let mut contact = json!({"name": name, "phones": phones});
    if let (false, Some(map)) = (emails.is_empty(), contact.as_object_mut()) {
        map.insert("emails".into(), emails.into());
    }
    Ok(contact)
}

/// Reads `{template, fields?}`: of a `send` and of `start_conversation`.
pub fn template(map: &Map<String, Value>) -> Result<TemplateBody, Outcome> {
    let template = map.get("template").and_then(Value::as_str);
    let template = template.filter(|id| !id.is_empty() && id.len() <= 64);
    let template = template.ok_or_else(|| malformed("body.template"))?.to_owned();
    let mut fields = BTreeMap::new();
    let given = match map.get("fields") {
        None | Some(Value::Null) => None,
        Some(Value::Object(given)) => Some(given),
        Some(_) => return Err(malformed("body.fields")),
    };
    for (id, value) in given.into_iter().flatten() {
        if id.len() > 100 {
            return Err(malformed("body.fields"));
        }
        let at = format!("body.fields.{id}");
        let value = match value {
            Value::String(text) => {
                let length = text.chars().count();
                if length > MAX_FIELD {
                    return Err(too_long(&at, MAX_FIELD, length));
                }
                FieldValue::Text(text.clone())
            }
            Value::Object(map) if map.contains_key("sha256") => {
                FieldValue::File(file(map, &at, false)?)
            }
            Value::Object(map) => FieldValue::Location(location(map, &at)?.into()),
            _ => return Err(malformed("body.fields")),
        };
        fields.insert(id.clone(), value);
    }
    if fields.len() > MAX_FIELDS {
        return Err(too_many("body.fields", MAX_FIELDS, fields.len()));
    }
    Ok(TemplateBody { template, fields })
}

/// A flag that is off if absent.
fn flag(map: &Map<String, Value>, name: &str) -> Result<bool, Outcome> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| malformed(&format!("body.{name}"))),
    }
}

/// A short text that may be absent; an empty one counts as absent.
pub(super) fn line(
    map: &Map<String, Value>,
    name: &str,
    field: &str,
    limit: usize,
) -> Result<Option<String>, Outcome> {
    let text = match map.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(text) => text.as_str().ok_or_else(|| malformed(field))?,
    };
    let length = text.chars().count();
    if length > limit {
        return Err(too_long(field, limit, length));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.trim().is_empty()))
}

/// Refused: this field has more characters than allowed.
pub(crate) fn too_long(field: &str, limit: usize, length: usize) -> Outcome {
    let details = json!({"field": field, "limit": limit, "length": length});
    Outcome::refused_with(RefusedCode::TooLong, details)
}

/// Refused: this list has more entries than allowed.
pub(crate) fn too_many(field: &str, limit: usize, count: usize) -> Outcome {
    let details = json!({"field": field, "limit": limit, "count": count});
    Outcome::refused_with(RefusedCode::TooManyItems, details)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Value) -> Result<SendBody, Outcome> {
        parse(body.as_object().unwrap())
    }

    fn whole(body: &Value) -> Value {
        match read(body) {
            Ok(SendBody::Whole(body)) => body,
            other => panic!("{other:?}"),
        }
    }

    fn refused(body: &Value) -> (&'static str, Value) {
        match read(body) {
            Err(Outcome::Refused { code, details, .. }) => (code.as_str(), details),
            other => panic!("{other:?}"),
        }
    }

    const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn texts_lose_nul_and_may_ask_for_a_preview() {
        assert_eq!(
            whole(&json!({"kind": "text", "text": "a\0b", "preview_url": true})),
            json!({"kind": "text", "text": "ab", "preview_url": true})
        );
        assert_eq!(refused(&json!({"kind": "text", "text": "\0 "})).0, "malformed");
        assert_eq!(refused(&json!({"kind": "text", "text": "a", "preview_url": 1})).0, "malformed");
    }

    #[test]
    fn a_file_is_held_to_the_limits_of_its_kind() {
        let media = |changes: Value| {
            let mut body =
                json!({"kind": "media", "mime": "image/jpeg", "size": 5, "sha256": HASH});
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        let Ok(SendBody::Media { body, file }) = read(&media(json!({"caption": "x"}))) else {
            panic!("a file")
        };
        assert_eq!((file.kind, file.size), (MediaKind::Image, 5));
        assert_eq!(body["type"], "image");
        let (code, details) = refused(&media(json!({"size": (5 << 20) + 1})));
        assert_eq!((code, &details["limit"]), ("media_too_large", &json!(5 << 20)));
        let (code, details) = refused(&media(json!({"mime": "image/heic"})));
        assert_eq!(
            (code, &details["allowed"]),
            ("media_kind", &json!(["image/jpeg", "image/png"]))
        );
        assert!(read(&media(json!({"mime": "image/heic", "type": "document"}))).is_ok());
        let (code, details) = refused(&media(json!({"caption": "x".repeat(1025)})));
        assert_eq!((code, &details["limit"]), ("too_long", &json!(1024)));
        for (changes, field) in [
            (json!({"sha256": "E3"}), "body.sha256"),
            (json!({"size": 0}), "body.size"),
            (json!({"mime": "x"}), "body.mime"),
            (json!({"type": "hologram"}), "body.type"),
            (json!({"mime": "audio/ogg", "caption": "x"}), "body.caption"),
            (json!({"voice": true}), "body.voice"),
        ] {
            assert_eq!(refused(&media(changes)), ("malformed", json!({"field": field})));
        }
        let Ok(SendBody::Media { file, .. }) =
            read(&media(json!({"type": "document", "name": "../x/y.pdf"})))
        else {
            panic!("a file")
        };
        assert_eq!(file.name.as_deref(), Some(".._x_y.pdf"));
    }

    #[test]
    fn places_and_contacts_are_held_to_theirs() {
        let place = json!({"kind": "location", "latitude": 4.5, "longitude": -70, "name": "Shop"});
        assert_eq!(whole(&place)["longitude"], -70.0);
        let far = json!({"kind": "location", "latitude": 91, "longitude": 0});
        assert_eq!(refused(&far), ("malformed", json!({"field": "body.latitude"})));
        let one = json!({"name": "Ben", "phones": [{"phone": "+34 600", "type": "WORK"}]});
        assert_eq!(
            whole(&json!({"kind": "contacts", "contacts": [one]}))["contacts"][0]["name"],
            "Ben"
        );
        let many = json!({"kind": "contacts", "contacts": vec![one; 258]});
        let (code, details) = refused(&many);
        assert_eq!((code, &details["limit"]), ("too_many_items", &json!(257)));
        assert_eq!(refused(&json!({"kind": "contacts", "contacts": []})).0, "malformed");
        let nameless = json!({"kind": "contacts", "contacts": [{"phones": []}]});
        assert_eq!(refused(&nameless).0, "malformed");
    }

    #[test]
    fn a_template_has_fields_of_three_kinds() {
        let fields = json!({"body.1": "Ana", "header": {"mime": "image/png", "size": 3, "sha256": HASH},
            "place": {"latitude": 1, "longitude": 2}});
        let Ok(SendBody::Template(template)) =
            read(&json!({"kind": "template", "template": "t1", "fields": fields}))
        else {
            panic!("a template")
        };
        assert_eq!(template.fields.len(), 3);
        assert_eq!(template.fields["body.1"], FieldValue::Text("Ana".into()));
        assert!(matches!(template.fields["header"], FieldValue::File(_)));
        assert_eq!(refused(&json!({"kind": "template"})).0, "malformed");
        let long = json!({"kind": "template", "template": "t", "fields": {"a": "x".repeat(1025)}});
        assert_eq!(refused(&long).0, "too_long");
        assert_eq!(
            refused(&json!({"kind": "template", "template": "t", "fields": []})).0,
            "malformed"
        );
    }
}
