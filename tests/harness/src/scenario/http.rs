//! One JSON call to the simulator on this machine: all that scenarios need of HTTP.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Trouble;

/// Calls `path` and reads the answer, which must be 2xx. The body goes with a POST only.
pub(super) async fn call(
    addr: SocketAddr,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Value, Trouble> {
    let doing = format!("{method} {path}");
    let body = if method == "GET" { String::new() } else { body.to_string() };
    let answer = exchange(addr, method, path, &body).await.map_err(Trouble::of(&doing))?;
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
