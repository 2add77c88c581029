//! `GET /v1/live`: drives a [`LiveFeed`] over a WebSocket.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::close::CloseCode;
use super::live::{LiveEvent, LiveFeed};
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::session::Caller;
use crate::state::AppState;

/// How often the platform pings.
const PING: Duration = Duration::from_secs(55);

/// How long a phone has to say hello, and to take a frame.
const PATIENCE: Duration = Duration::from_secs(10);

/// A socket from which nothing came for this long is dead.
const SILENCE: Duration = Duration::from_secs(125);

/// What a socket holds for reading, in bytes: it is there as long as the socket, and a phone says
/// little. The library's own is 128 KiB.
const READ_BUFFER: usize = 4 * 1024;

/// The largest frame a phone may send, in bytes.
const MAX_INCOMING: usize = 64 * 1024;

#[derive(Deserialize)]
struct Hello {
    kind: String,
    since: String,
}

/// The handler.
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|_| ApiError::malformed("Upgrade"))?;
    Ok(upgrade
        .max_message_size(MAX_INCOMING)
        .max_frame_size(MAX_INCOMING)
        .read_buffer_size(READ_BUFFER)
        .on_upgrade(|socket| serve(state, caller, socket)))
}

async fn serve(state: AppState, caller: Caller, socket: WebSocket) {
    let _busy = state.stop.busy();
    let counted = state.clone();
    let _open = counted.metrics.socket();
    let (mut sink, mut stream) = socket.split();
    let first = async {
        loop {
            match stream.next().await {
                // The library answers and passes them on.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                first => return first,
            }
        }
    };
    let hello = tokio::select! {
        biased;
        () = state.stop.stopped() => return close(&mut sink, CloseCode::Away).await,
        hello = timeout(PATIENCE, first) => hello,
    };
    let since = match hello {
        Ok(Some(Ok(Message::Text(text)))) => serde_json::from_str::<Hello>(&text)
            .ok()
            .filter(|hello| hello.kind == "hello")
            .map(|hello| hello.since),
        _ => None,
    };
    let Some(since) = since else { return close(&mut sink, CloseCode::Hello).await };
    let mut feed = match LiveFeed::begin(state.clone(), caller, &since).await {
        Ok(feed) => feed,
        Err(error) => {
            // A phone that is told its hello is bad would not come back with it.
            let code = match error.code {
                ErrorCode::Malformed => CloseCode::Hello,
                _ if state.stop.is_stopping() => CloseCode::Away,
                _ => CloseCode::Fault,
            };
            return close(&mut sink, code).await;
        }
    };
    let mut ping = interval_at(Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        let out = tokio::select! {
            biased;
            incoming = stream.next() => match incoming {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // Pings are answered by the library.
                Some(Ok(said)) => {
                    heard = Instant::now();
                    if let Message::Text(text) = said {
                        feed.hear(&text).await;
                    }
                    continue;
                }
            },
            event = feed.next() => match event {
                Some(LiveEvent::Text(text)) => Message::Text(text.into()),
                Some(LiveEvent::Close(code)) => return close(&mut sink, code).await,
                None => return,
            },
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return close(&mut sink, CloseCode::Slow).await;
                }
                Message::Ping(axum::body::Bytes::new())
            }
        };
        match timeout(PATIENCE, sink.send(out)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => return close(&mut sink, CloseCode::Slow).await,
        }
    }
}

async fn close(sink: &mut SplitSink<WebSocket, Message>, code: CloseCode) {
    let frame =
        CloseFrame { code: code.number(), reason: axum::extract::ws::Utf8Bytes::from_static("") };
    // Whether it arrives or not, this end is done.
    let _ = timeout(PATIENCE, sink.send(Message::Close(Some(frame)))).await;
}
