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

async fn call<T: DeserializeOwned>(
    addr: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> Result<T, Trouble> {
    let doing = format!("{method} {path}");
    let answer = exchange(addr, method, path, body).await.map_err(Trouble::of(&doing))?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or("no answer");
    if !status.starts_with('2') {
        return Err(Trouble::new(doing, format!("answered {status}: {body}")));
    }
    serde_json::from_str(body).map_err(Trouble::of(&doing))
}

/// The connection ends with the answer, so its end is the answer's end.
async fn exchange(
    addr: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}
