//! A phone's way to the platform: the core's transport port over the platform's router, with faults by chance.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http;
use fieldline_core::transport::{
    ConnectFault, Fault, LiveEvent, LiveSocket, Method, Request, Response, Transport,
};
use fieldline_platform::feed::live::{LiveEvent as FeedEvent, LiveFeed};
use futures_util::future::{BoxFuture, FutureExt};
use serde_json::Value;
use zeroize::Zeroizing;

use super::site::Presence;
use super::{Journal, SeededRng, Site};

/// The platform's socket pings so often.
const PING: Duration = Duration::from_secs(55);

/// How often in a hundred each fault happens.
#[derive(Debug, Clone, Copy, Default)]
pub struct PhoneFaults {
    /// The request never leaves.
    pub dropped: u64,
    /// It leaves and never arrives.
    pub lost_request: u64,
    /// It is carried out and the answer never comes back.
    pub lost_answer: u64,
    /// It arrives twice.
    pub repeated: u64,
    /// It takes seconds, so that others overtake it.
    pub delayed: u64,
    /// 503.
    pub busy: u64,
    /// A frame of the socket is swallowed.
    pub frame_lost: u64,
    /// A frame comes twice.
    pub frame_repeated: u64,
    /// A frame comes after the next one.
    pub frame_swapped: u64,
    /// The socket ends.
    pub socket_cut: u64,
    /// Milliseconds that everything takes on its way, each way. No fault: every network has some.
    pub latency_ms: u64,
}

impl PhoneFaults {
    /// A bad day.
    pub const BAD: Self = Self {
        dropped: 4,
        lost_request: 4,
        lost_answer: 8,
        repeated: 6,
        delayed: 10,
        busy: 4,
        frame_lost: 8,
        frame_repeated: 8,
        frame_swapped: 8,
        socket_cut: 3,
        latency_ms: 0,
    };
}

struct Inner {
    name: String,
    site: Site,
    journal: Journal,
    dice: SeededRng,
    faults: Mutex<PhoneFaults>,
    offline: AtomicBool,
    /// The control: each resend of a command gets a fresh id, as a phone without a durable id would do.
    fresh_ids: bool,
    seen: Mutex<BTreeSet<String>>,
}

/// One phone's line. Clones share it.
#[derive(Clone)]
pub struct PhoneLine(Arc<Inner>);

impl PhoneLine {
    /// A line to `site`. With `fresh_ids` it is the control that must fail.
    pub fn new(name: &str, site: Site, journal: Journal, dice: SeededRng, fresh_ids: bool) -> Self {
        Self(Arc::new(Inner {
            name: name.to_owned(),
            site,
            journal,
            dice,
            faults: Mutex::default(),
            offline: AtomicBool::new(false),
            fresh_ids,
            seen: Mutex::default(),
        }))
    }

    /// Sets how bad the line is.
    pub fn set_faults(&self, faults: PhoneFaults) {
        *self.0.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// No network at all. The core is not told.
    pub fn set_offline(&self, offline: bool) {
        self.0.offline.store(offline, Ordering::Relaxed);
    }

    fn faults(&self) -> PhoneFaults {
        *self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offline(&self) -> bool {
        self.0.offline.load(Ordering::Relaxed)
    }

    /// One fault at most, drawn once.
    fn draw(&self, table: &[(&'static str, u64)]) -> Option<&'static str> {
        let mut roll = self.0.dice.below(100);
        for (name, chance) in table {
            if roll < *chance {
                self.0.journal.fault(&self.0.name, name);
                return Some(name);
            }
            roll -= chance;
        }
        None
    }

    async fn exchange(&self, mut request: Request) -> Result<Response, Fault> {
        let about = format!("{:?} {}", request.method, shown(&request.path));
        if self.offline() {
            self.0.journal.fault(&self.0.name, "offline");
            return Err(Fault::NotSent);
        }
        let renamed = if self.0.fresh_ids { self.rename(&mut request) } else { BTreeMap::new() };
        let faults = self.faults();
        let fault = self.draw(&[
            ("dropped", faults.dropped),
            ("lost_request", faults.lost_request),
            ("lost_answer", faults.lost_answer),
            ("repeated", faults.repeated),
            ("delayed", faults.delayed),
            ("busy", faults.busy),
        ]);
        match fault {
            Some("dropped") => return Err(Fault::NotSent),
            Some("lost_request") => {
                self.pause(2_000).await;
                return Err(Fault::Unanswered);
            }
            Some("busy") => {
                let body = br#"{"error":{"code":"overloaded"}}"#.to_vec();
                return Ok(Response { status: 503, server_time: None, retry_after_ms: None, body });
            }
            Some("repeated") => {
                self.deliver(&request).await?;
            }
            Some("delayed") => self.pause(4_000).await,
            _ => {}
        }
        self.travel().await;
        let answer = self.deliver(&request).await;
        self.travel().await;
        let told =
            answer.as_ref().map_or_else(|fault| format!("{fault:?}"), |a| a.status.to_string());
        self.0.journal.note(&self.0.name, format_args!("{about} -> {told}"));
        if fault == Some("lost_answer") {
            return Err(Fault::Unanswered);
        }
        answer.map(|mut answer| {
            for (fresh, kept) in renamed {
                let text = String::from_utf8_lossy(&answer.body).replace(&fresh, &kept);
                answer.body = text.into_bytes();
            }
            answer
        })
    }

    async fn deliver(&self, request: &Request) -> Result<Response, Fault> {
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        let mut built = http::Request::builder()
            .method(method)
            .uri(&request.path)
            .header("fieldline-client", "simulation/0.1.0");
        if let Some(bearer) = &request.bearer {
            built = built.header("authorization", format!("Bearer {}", bearer.as_str()));
        }
        if request.body.is_some() {
            built = built.header("content-type", "application/json");
        }
        let body = request.body.clone().map_or_else(Body::empty, Body::from);
        let built = built.body(body).map_err(|_| Fault::NotSent)?;
        let answer = match self.0.site.request(built).await {
            None => return Err(Fault::NotSent),
            Some(None) => return Err(Fault::Unanswered),
            Some(Some(answer)) => answer,
        };
        let (head, body) = answer.into_parts();
        let status = head.status.as_u16();
        let number =
            |name: &str| -> Option<i64> { head.headers.get(name)?.to_str().ok()?.parse().ok() };
        let server_time = number("fieldline-server-time");
        let retry_after_ms =
            number("retry-after").and_then(|s| u64::try_from(s).ok()).map(|s| s * 1_000);
        let body = to_bytes(body, 4 << 20).await.map_err(|_| Fault::Unanswered)?;
        Ok(Response { status, server_time, retry_after_ms, body: body.to_vec() })
    }

    /// The way through the network.
    async fn travel(&self) {
        let ms = self.faults().latency_ms;
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }

    async fn pause(&self, up_to_ms: u64) {
        tokio::time::sleep(Duration::from_millis(self.0.dice.below(up_to_ms))).await;
    }

    /// The control's damage: ids that went before are replaced. Answers fresh id -> kept id.
    fn rename(&self, request: &mut Request) -> BTreeMap<String, String> {
        let mut renamed = BTreeMap::new();
        let parsed = request.body.as_deref().map(serde_json::from_slice::<Value>);
        let Some(Ok(mut body)) = parsed.filter(|_| request.path == "/v1/commands") else {
            return renamed;
        };
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for command in body.get_mut("commands").and_then(Value::as_array_mut).into_iter().flatten()
        {
            let Some(id) = command.get("id").and_then(Value::as_str).map(str::to_owned) else {
                continue;
            };
            if !seen.insert(id.clone()) {
                let fresh = fieldline_core::support::uuid_v4(&self.0.dice);
                if let Some(object) = command.as_object_mut() {
                    object.insert("id".to_owned(), Value::from(fresh.clone()));
                }
                renamed.insert(fresh, id);
            }
        }
        request.body = Some(body.to_string().into_bytes());
        renamed
    }
}

/// Cursors and page tokens are long and say nothing.
fn shown(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

impl Transport for PhoneLine {
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Response, Fault>> {
        self.exchange(request).boxed()
    }

    fn connect(
        &self,
        bearer: Zeroizing<String>,
    ) -> BoxFuture<'_, Result<Box<dyn LiveSocket>, ConnectFault>> {
        async move {
            if self.offline() || self.0.site.platform().is_none() {
                return Err(ConnectFault::Fault(Fault::NotSent));
            }
            self.0.journal.note(&self.0.name, "socket opened");
            let socket = Socket { line: self.clone(), bearer, feed: None, held: Vec::new() };
            Ok(Box::new(socket) as Box<dyn LiveSocket>)
        }
        .boxed()
    }
}

struct Socket {
    line: PhoneLine,
    bearer: Zeroizing<String>,
    feed: Option<(LiveFeed, Presence)>,
    /// Frames to be given before the next one is asked for.
    held: Vec<String>,
}

impl Socket {
    async fn open(&mut self, hello: &str) -> Result<(), Fault> {
        let hello: Value = serde_json::from_str(hello).map_err(|_| Fault::Unanswered)?;
        let since = hello.get("since").and_then(Value::as_str).unwrap_or_default();
        let presence = self.line.0.site.presence();
        let platform = self.line.0.site.platform().ok_or(Fault::NotSent)?;
        let feed = platform.live(&self.bearer, since).await.map_err(|_| Fault::Unanswered)?;
        self.feed = Some((feed, presence));
        Ok(())
    }

    async fn frame(&mut self) -> LiveEvent {
        let Some((feed, presence)) = self.feed.as_mut() else { return LiveEvent::Closed(None) };
        let event = tokio::select! {
            biased;
            () = presence.gone() => None,
            event = feed.next() => event,
            () = tokio::time::sleep(PING) => return LiveEvent::Alive,
        };
        match event {
            Some(FeedEvent::Text(text)) => LiveEvent::Text(text),
            Some(FeedEvent::Close(code)) => LiveEvent::Closed(Some(code.number())),
            None => LiveEvent::Closed(None),
        }
    }

    async fn next_with_faults(&mut self) -> LiveEvent {
        loop {
            if let Some(text) = self.held.pop() {
                return LiveEvent::Text(text);
            }
            let text = match self.frame().await {
                LiveEvent::Text(text) => text,
                other => return other,
            };
            if self.line.offline() {
                return LiveEvent::Closed(None);
            }
            // On its way it is kept: the caller may stop waiting in between.
            self.held.push(text);
            self.line.travel().await;
            let Some(text) = self.held.pop() else { continue };
            let faults = self.line.faults();
            let fault = self.line.draw(&[
                ("frame_lost", faults.frame_lost),
                ("frame_repeated", faults.frame_repeated),
                ("frame_swapped", faults.frame_swapped),
                ("socket_cut", faults.socket_cut),
            ]);
            match fault {
                Some("frame_lost") => {}
                Some("frame_repeated") => self.held.extend([text.clone(), text]),
                Some("frame_swapped") => {
                    // The next one first; if none comes for a while it is only late.
                    let wait = tokio::time::timeout(Duration::from_secs(20), self.frame()).await;
                    self.held.push(text);
                    match wait {
                        Ok(LiveEvent::Text(next)) => return LiveEvent::Text(next),
                        Ok(_) => return LiveEvent::Closed(None),
                        Err(_) => {}
                    }
                }
                Some("socket_cut") => return LiveEvent::Closed(None),
                _ => return LiveEvent::Text(text),
            }
        }
    }
}

impl LiveSocket for Socket {
    fn send(&mut self, text: String) -> BoxFuture<'_, Result<(), Fault>> {
        async move { self.open(&text).await }.boxed()
    }

    fn next(&mut self) -> BoxFuture<'_, LiveEvent> {
        self.next_with_faults().boxed()
    }
}
