//! Media: upload, the node behind an id, its address, deletion (whatsapp.md 5.3).

use axum::body::Bytes;
use serde_json::json;

use super::call::{Call, Reply};
use super::errors::MetaError;
use super::request::missing;
use crate::log::CallAnswer;
use crate::state::media::Origin;
use crate::state::{Now, State};

const MB: usize = 1 << 20;
const STICKER: usize = 500 << 10;

/// The largest file of a type in bytes, or `None` for a type that Meta does not take.
pub(crate) fn limit_of(mime: &str) -> Option<usize> {
    let bare = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match bare.as_str() {
        "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg" | "video/mp4"
        | "video/3gp" | "video/3gpp" => Some(16 * MB),
        "image/jpeg" | "image/png" => Some(5 * MB),
        "image/webp" => Some(STICKER),
        "text/plain" => Some(100 * MB),
        other if other.starts_with("application/") => Some(100 * MB),
        _ => None,
    }
}

impl State {
    /// `POST /{PNID}/media`.
    pub(super) fn upload(&mut self, now: Now, call: &Call) -> Result<Reply, MetaError> {
        if call.method != "POST" {
            return Err(MetaError::unsupported_path(&call.method));
        }
        if call.parameter("messaging_product").as_deref() != Some("whatsapp") {
            return Err(MetaError::new(100, "messaging_product must be whatsapp."));
        }
        let file = call.body.file.as_ref().ok_or_else(|| missing("file"))?;
        let mime = file.mime.clone().or_else(|| call.parameter("type"));
        let mime = mime.ok_or_else(|| missing("type"))?;
        let Some(limit) = limit_of(&mime) else {
            let details =
                format!("Param file must be a file with one of the types: {mime} is none.");
            return Err(MetaError::new(100, details));
        };
        if file.bytes.is_empty() || file.bytes.len() > limit {
            let details = format!("A file of type {mime} has 1 to {limit} bytes.");
            return Err(MetaError::new(131_053, details));
        }
        let bytes = file.bytes.clone();
        let kept = self.media.add(&mut self.rng, now.ms, Origin::Upload, mime, bytes);
        Ok(Reply::ok(json!({"id": kept.id})))
    }

    /// `GET` and `DELETE /{MEDIA_ID}[?phone_number_id=]`.
    pub(super) fn media_node(
        &mut self,
        now: Now,
        id: &str,
        call: &Call,
    ) -> Result<Reply, MetaError> {
        let ours = call.asked("phone_number_id").is_none_or(|number| {
            self.settings.phone_number_id.as_deref().is_none_or(|only| only == number)
        });
        let gone = || MetaError::unsupported_path(&call.method);
        if !ours {
            return Err(gone());
        }
        if call.method == "DELETE" {
            return if self.media.delete(id, now.ms) { Ok(Reply::success()) } else { Err(gone()) };
        }
        if call.method != "GET" {
            return Err(gone());
        }
        let file = self.media.live(id, now.ms).ok_or_else(gone)?;
        let mut body = json!({"messaging_product": "whatsapp", "mime_type": file.mime,
            "sha256": file.sha256, "file_size": file.bytes.len(), "id": id});
        let until = now.ms.saturating_add(self.settings.media_url_ms);
        let key = self.media.address(&mut self.rng, id, until);
        body["url"] = json!(address(&call.origin, id, &key));
        Ok(Reply::ok(body))
    }

    /// A file's address: the bytes, while it is good and the token is sent.
    pub(super) fn attachment(&mut self, now: Now, call: &Call) -> Reply {
        let file = call.asked("hash").and_then(|key| self.media.at_address(key, now.ms));
        let file = file.filter(|_| call.method == "GET");
        let Some(file) = file else {
            let answer = CallAnswer::Answered { status: 404, body: json!({"error": "not found"}) };
            return Reply { answer, file: None, retry_after_s: None };
        };
        let bytes: Bytes = file.bytes.clone();
        let body = json!({"file": {"mime": file.mime, "size": bytes.len(), "sha256": file.sha256}});
        let answer = CallAnswer::Answered { status: 200, body };
        Reply { answer, file: Some((file.mime.clone(), bytes)), retry_after_s: None }
    }
}

/// The address that Meta hands out, on the host that the client knows.
pub(crate) fn address(origin: &str, id: &str, key: &str) -> String {
    format!("{origin}/whatsapp_business/attachments/?mid={id}&ext=0&hash={key}")
}

#[cfg(test)]
mod tests {
    use super::{MB, limit_of};

    #[test]
    fn each_type_has_its_limit() {
        assert_eq!(limit_of("audio/ogg; codecs=opus"), Some(16 * MB));
        assert_eq!(limit_of("image/PNG"), Some(5 * MB));
        assert_eq!(limit_of("image/webp"), Some(500 << 10));
        assert_eq!(limit_of("video/mp4"), Some(16 * MB));
        assert_eq!(limit_of("application/pdf"), Some(100 * MB));
        assert_eq!(limit_of("image/gif"), None);
        assert_eq!(limit_of(""), None);
    }
}
