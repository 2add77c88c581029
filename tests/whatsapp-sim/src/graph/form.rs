//! Bodies as clients send them: JSON, a query-like form, or a multipart form with one file.

use axum::body::Bytes;
use reqwest::Url;
use serde_json::{Map, Value, json};

use crate::state::media::hash_of;

/// A file of a multipart form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePart {
    pub(crate) name: Option<String>,
    pub(crate) mime: Option<String>,
    pub(crate) bytes: Bytes,
}

/// A body: its JSON if it is some, and the file beside it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Body {
    /// `None` if it is no JSON and no form.
    pub(crate) json: Option<Value>,
    pub(crate) file: Option<FilePart>,
    /// What the log says of it.
    pub(crate) logged: Value,
}

/// Pairs of a query string, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let url = Url::parse(&format!("http://localhost/?{query}"));
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

fn object(pairs: impl IntoIterator<Item = (String, String)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

impl Body {
    /// Reads a body by its content type; without a known one it is taken for JSON.
    pub(crate) async fn read(content_type: &str, bytes: Bytes) -> Self {
        if let Ok(boundary) = multer::parse_boundary(content_type) {
            return Self::multipart(boundary, bytes).await.unwrap_or_else(|_| Self {
                logged: json!("an unreadable form"),
                ..Self::default()
            });
        }
        if content_type.starts_with("application/x-www-form-urlencoded") {
            let form = Value::Object(object(pairs(&String::from_utf8_lossy(&bytes))));
            return Self { json: Some(form.clone()), file: None, logged: form };
        }
        if bytes.is_empty() {
            return Self::default();
        }
        let json: Option<Value> = serde_json::from_slice(&bytes).ok();
        let logged = json
            .clone()
            .unwrap_or_else(|| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Self { json, file: None, logged }
    }

    async fn multipart(boundary: String, bytes: Bytes) -> Result<Self, multer::Error> {
        let whole =
            futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(bytes) });
        let mut form = multer::Multipart::new(whole, boundary);
        let mut fields = Map::new();
        let mut file = None;
        while let Some(field) = form.next_field().await? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                file = Some(FilePart {
                    name: field.file_name().map(str::to_owned),
                    mime: field.content_type().map(ToString::to_string),
                    bytes: field.bytes().await?,
                });
            } else {
                fields.insert(name, Value::String(field.text().await?));
            }
        }
        let mut logged = fields.clone();
        if let Some(file) = &file {
            let about = json!({"name": file.name, "mime": file.mime, "size": file.bytes.len(),
                "sha256": hash_of(&file.bytes)});
            logged.insert("file".to_owned(), about);
        }
        Ok(Self { json: Some(Value::Object(fields)), file, logged: Value::Object(logged) })
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use serde_json::json;

    use super::{Body, pairs};

    #[tokio::test]
    async fn each_way_of_writing_is_read() {
        let read = |kind, body: &'static str| Body::read(kind, Bytes::from_static(body.as_bytes()));
        assert_eq!(read("application/json", r#"{"a":1}"#).await.json, Some(json!({"a": 1})));
        assert_eq!(read("", "a=1").await.logged, json!("a=1"));
        assert_eq!(read("", "").await, Body::default());
        let form = "application/x-www-form-urlencoded";
        assert_eq!(read(form, "a=b%20c&d=").await.json, Some(json!({"a": "b c", "d": ""})));
        let parts = "--x\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage/png\r\n--x\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\
            \r\n\r\nPNG\r\n--x--\r\n";
        let body = read("multipart/form-data; boundary=x", parts).await;
        assert_eq!(body.json, Some(json!({"type": "image/png"})));
        let file = body.file.unwrap();
        assert_eq!((&file.bytes[..], file.name.as_deref()), (&b"PNG"[..], Some("a.png")));
        assert_eq!(body.logged["file"]["size"], 3);
        assert_eq!(read("multipart/form-data; boundary=y", parts).await.json, None);
        assert_eq!(pairs("a=%7B&b"), [("a".into(), "{".into()), ("b".into(), String::new())]);
    }
}
