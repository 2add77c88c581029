//! As much of HTTP/1.1 as a relay needs to know where a message ends.

use std::io;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// Longest head of a message.
const HEAD_LIMIT: usize = 64 * 1024;

/// One whole message as it travelled.
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    head: String,
    body_at: usize,
    until_closed: bool,
}

impl Message {
    pub(super) fn first_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The value of a head's field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(self.body_at..).unwrap_or_default()
    }

    /// The status of an answer.
    pub(super) fn status(&self) -> Option<u16> {
        status(&self.head)
    }

    /// True if no other message follows on this connection.
    pub(super) fn is_last(&self) -> bool {
        let close = header(&self.head, "connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        close || self.until_closed
    }
}

/// Where the body of a message ends.
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

/// One end of the relay with what was read from it and not used yet.
pub(super) struct Side {
    pub(super) stream: TcpStream,
    read: Vec<u8>,
}

impl Side {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new() }
    }

    /// The next request; `None` if the phone closed. Safe to drop: what was read stays.
    pub(super) async fn request(&mut self) -> io::Result<Option<Message>> {
        let Some(head) = self.head().await? else { return Ok(None) };
        let framing = match header(&head, "content-length") {
            _ if is_chunked(&head) => Framing::Chunked,
            Some(length) => Framing::Length(length.parse().map_err(|_| unreadable())?),
            None => Framing::Length(0),
        };
        self.message(head, &framing).await.map(Some)
    }

    /// The next answer, whole. Interim answers (100) are left out.
    pub(super) async fn answer(&mut self) -> io::Result<Message> {
        loop {
            let head = self.head().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let framing = match (status(&head), header(&head, "content-length")) {
                (Some(100..=199 | 204 | 304), _) => Framing::Length(0),
                _ if is_chunked(&head) => Framing::Chunked,
                (_, Some(length)) => Framing::Length(length.parse().map_err(|_| unreadable())?),
                (_, None) => Framing::UntilClosed,
            };
            let answer = self.message(head, &framing).await?;
            if !matches!(answer.status(), Some(100 | 102..=199)) {
                return Ok(answer);
            }
        }
    }

    /// Ends when this side closes.
    pub(super) async fn closed(&mut self) {
        while self.more().await.is_ok_and(|read| read > 0) {}
    }

    /// What was read beyond the last message.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.read)
    }

    async fn more(&mut self) -> io::Result<usize> {
        self.stream.read_buf(&mut self.read).await
    }

    /// The head of the next message, which stays unused; `None` if the stream ended before it.
    async fn head(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                let head = self.read.get(..end + 4).unwrap_or_default();
                return Ok(Some(String::from_utf8_lossy(head).into_owned()));
            }
            if self.read.len() > HEAD_LIMIT {
                return Err(unreadable());
            }
            if self.more().await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn message(&mut self, head: String, framing: &Framing) -> io::Result<Message> {
        let body_at = find(&self.read, b"\r\n\r\n").ok_or_else(unreadable)? + 4;
        let end = loop {
            let body = self.read.get(body_at..).unwrap_or_default();
            let end = match framing {
                Framing::Length(length) => (body.len() >= *length).then_some(*length),
                Framing::Chunked => chunks_end(body)?,
                Framing::UntilClosed => None,
            };
            if let Some(end) = end {
                break body_at + end;
            }
            if self.more().await? == 0 {
                if matches!(framing, Framing::UntilClosed) {
                    break self.read.len();
                }
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let rest = self.read.split_off(end);
        let bytes = std::mem::replace(&mut self.read, rest);
        let until_closed = matches!(framing, Framing::UntilClosed);
        Ok(Message { bytes, head, body_at, until_closed })
    }
}

/// Length of a whole chunked body, `None` while it is not all there. Trailers are not used by either end.
fn chunks_end(body: &[u8]) -> io::Result<Option<usize>> {
    let mut at = 0;
    loop {
        let rest = body.get(at..).unwrap_or_default();
        let Some(line) = find(rest, b"\r\n") else { return Ok(None) };
        let size = rest.get(..line).and_then(|line| std::str::from_utf8(line).ok());
        let size = size.and_then(|line| line.split(';').next()).map(str::trim);
        let size =
            size.and_then(|hex| usize::from_str_radix(hex, 16).ok()).ok_or_else(unreadable)?;
        at = at.saturating_add(line + 2).saturating_add(size).saturating_add(2);
        if at > body.len() {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn status(head: &str) -> Option<u16> {
    head.split(' ').nth(1)?.parse().ok()
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.find(|(held, _)| held.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn is_chunked(head: &str) -> bool {
    header(head, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
}

fn unreadable() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_chunks_is_found_only_when_it_is_there() {
        let whole = b"4\r\nWiki\r\n6;x=y\r\npedia \r\n0\r\n\r\nNEXT";
        let end = whole.len() - 4;
        assert_eq!(chunks_end(whole).unwrap(), Some(end));
        for cut in 0..end {
            assert_eq!(chunks_end(&whole[..cut]).unwrap(), None, "{cut}");
        }
        assert!(chunks_end(b"zz\r\n").is_err());
    }

    #[test]
    fn headers_are_found_whatever_their_case() {
        let head = "HTTP/1.1 200 OK\r\nContent-LENGTH:  12 \r\n\r\n";
        assert_eq!(header(head, "content-length"), Some("12"));
        assert_eq!(header(head, "connection"), None);
        assert_eq!(status(head), Some(200));
    }
}
