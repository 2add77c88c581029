//! A load over real connections: as fast as it goes, or at a fixed rate.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::bodies::Bodies;

/// A kept-alive connection of plain HTTP/1.1.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// One request; the status and the body of the whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if let Some(answer) = whole(&self.buffer) {
                return Ok(answer);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Status and body, once all of the answer is there. It must name its length.
fn whole(bytes: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?.to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(Some(0), |length| length.trim().parse::<usize>().ok())?;
    let body = bytes.get(end..end + length)?;
    Some((status, body.to_vec()))
}

/// What a load came to.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Numbers of the bodies that were answered with 200.
    pub(crate) answered: Vec<usize>,
    /// Answers of another kind, and connections that broke.
    pub(crate) failed: usize,
    /// How long each answer took.
    pub(crate) times: Vec<Duration>,
    /// How long all of it took.
    pub(crate) took: Duration,
}

/// What is asked of a load.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Number of the first body.
    pub(crate) first: usize,
    /// How many.
    pub(crate) count: usize,
    /// Connections at once.
    pub(crate) connections: usize,
    /// Bodies a second; none: as many as are answered. A late one counts from when it was due.
    pub(crate) rate: Option<u32>,
    /// Ends after this even if bodies are left.
    pub(crate) limit: Duration,
}

/// Posts bodies. Ends early for connections that break.
pub(crate) async fn run(address: SocketAddr, bodies: &Bodies, plan: Plan) -> Outcome {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut posters = JoinSet::new();
    for _ in 0..plan.connections {
        posters.spawn(post(address, bodies.clone(), plan, Arc::clone(&next), begun));
    }
    let mut sum = Outcome::default();
    while let Some(part) = posters.join_next().await {
        let part = part.expect("a poster fell over");
        sum.answered.extend(part.answered);
        sum.failed += part.failed;
        sum.times.extend(part.times);
    }
    sum.took = begun.elapsed();
    sum
}

async fn post(
    address: SocketAddr,
    bodies: Bodies,
    plan: Plan,
    next: Arc<AtomicUsize>,
    begun: Instant,
) -> Outcome {
    let mut outcome = Outcome::default();
    let Ok(mut connection) = Connection::open(address).await else {
        outcome.failed = 1;
        return outcome;
    };
    loop {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        if turn >= plan.count || begun.elapsed() > plan.limit {
            return outcome;
        }
        let index = plan.first + turn;
        let request = bodies.request(index);
        let due = match plan.rate {
            None => Instant::now(),
            Some(rate) => {
                let due =
                    begun + Duration::from_secs_f64(crate::figures::float(turn) / f64::from(rate));
                tokio::time::sleep_until(due.into()).await;
                due
            }
        };
        match connection.exchange(&request).await {
            Ok((200, _)) => {
                outcome.times.push(due.elapsed());
                outcome.answered.push(index);
            }
            Ok(_) => outcome.failed += 1,
            Err(_) => {
                outcome.failed += 1;
                return outcome;
            }
        }
    }
}
