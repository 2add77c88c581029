//! One JSON call to a program on this machine: all that scenarios and the demo need of HTTP.

use std::net::SocketAddr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::scenario::Trouble;

/// `GET path`.
///
/// # Errors
/// No connection, an answer that is not 2xx, or one of another shape.
pub async fn get<T: DeserializeOwned>(addr: SocketAddr, path: &str) -> Result<T, Trouble> {
    call(addr, "GET", path, "").await
}

/// `POST path` with a JSON body.
///
/// # Errors
/// As [`get`].
pub async fn post<T: DeserializeOwned>(
    addr: SocketAddr,
    path: &str,
    body: &impl Serialize,
) -> Result<T, Trouble> {
    let body = serde_json::to_string(body).map_err(Trouble::of("writing JSON"))?;
    call(addr, "POST", path, &body).await
}

/// `DELETE path` with that `Authorization`.
///
/// # Errors
/// No connection, or an answer that is not 2xx.
pub async fn delete(addr: SocketAddr, path: &str, authorization: &str) -> Result<(), Trouble> {
    let more = format!("authorization: {authorization}\r\nfieldline-client: harness/0\r\n");
    answered(addr, "DELETE", path, &more, "").await.map(|_| ())
}

/// Any request of the platform's contract with that `Authorization`; nothing is `null`.
///
/// # Errors
/// As [`get`].
pub async fn ask(
    addr: SocketAddr,
    (method, path): (&str, &str),
    authorization: &str,
    body: &serde_json::Value,
) -> Result<serde_json::Value, Trouble> {
    let more = format!(
        "authorization: {authorization}\r\nfieldline-client: harness/0\r\ncontent-type: application/json\r\n"
    );
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = answered(addr, method, path, &more, &body).await?;
    if answer.is_empty() {
        return Ok(serde_json::Value::Null);
    }
    serde_json::from_str(&answer).map_err(Trouble::of(&format!("{method} {path}")))
}

async fn call<T: DeserializeOwned>(
    addr: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> Result<T, Trouble> {
    let answer = answered(addr, method, path, "content-type: application/json\r\n", body).await?;
    serde_json::from_str(&answer).map_err(Trouble::of(&format!("{method} {path}")))
}

/// The body of a 2xx answer. `more` are whole lines of the head.
async fn answered(
    addr: SocketAddr,
    method: &str,
    path: &str,
    more: &str,
    body: &str,
) -> Result<String, Trouble> {
    let doing = format!("{method} {path}");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n{more}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(addr, &request).await.map_err(Trouble::of(&doing))?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or("no answer");
    if !status.starts_with('2') {
        return Err(Trouble::new(doing, format!("answered {status}: {body}")));
    }
    Ok(body.to_owned())
}

/// The connection ends with the answer, so its end is the answer's end.
async fn exchange(addr: SocketAddr, request: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}
