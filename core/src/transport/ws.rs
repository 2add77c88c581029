//! The socket: tokio-tungstenite on the same TLS set-up as the requests.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::{SinkExt, StreamExt};
use reqwest::header::HeaderMap;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};

use super::{ConnectFault, Fault, LiveEvent, LiveSocket};

/// A frame is at most 1 MiB by the contract; anything larger ends the socket.
const FRAME_LIMIT: usize = 1024 * 1024 + 64 * 1024;

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

pub(super) async fn connect(
    url: &str,
    headers: HeaderMap,
    tls: Arc<ClientConfig>,
    patience: Duration,
) -> Result<Box<dyn LiveSocket>, ConnectFault> {
    let not_sent = ConnectFault::Fault(Fault::NotSent);
    let mut request = url.into_client_request().map_err(|_| not_sent)?;
    for (name, value) in &headers {
        request.headers_mut().insert(name.clone(), value.clone());
    }
    let limits = WebSocketConfig::default()
        .max_message_size(Some(FRAME_LIMIT))
        .max_frame_size(Some(FRAME_LIMIT));
    let connector = Some(Connector::Rustls(tls));
    let opening = connect_async_tls_with_config(request, Some(limits), true, connector);
    match tokio::time::timeout(patience, opening).await {
        Ok(Ok((stream, _))) => Ok(Box::new(Socket(stream))),
        Ok(Err(WsError::Http(answer))) => Err(ConnectFault::Status(answer.status().as_u16())),
        Ok(Err(WsError::Io(_))) => Err(not_sent),
        Ok(Err(_)) | Err(_) => Err(ConnectFault::Fault(Fault::Unanswered)),
    }
}

impl LiveSocket for Socket {
    fn send(&mut self, text: String) -> BoxFuture<'_, Result<(), Fault>> {
        async move { self.0.send(Message::text(text)).await.map_err(|_| Fault::Unanswered) }.boxed()
    }

    fn next(&mut self) -> BoxFuture<'_, LiveEvent> {
        async move {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => LiveEvent::Text(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    LiveEvent::Closed(frame.map(|frame| u16::from(frame.code)))
                }
                Some(Ok(_)) => LiveEvent::Alive,
                Some(Err(_)) | None => LiveEvent::Closed(None),
            }
        }
        .boxed()
    }
}
