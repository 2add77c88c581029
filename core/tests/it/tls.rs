//! Which peers are trusted, what is never followed, what is bounded.

use fieldline_core::api::Config;
use fieldline_core::transport::{
    ConnectFault, Fault, HttpTransport, LiveEvent, Method, Request, Response, Transport,
};
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use zeroize::Zeroizing;

use crate::peer::{Certificate, Peer};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nfieldline-server-time: 1234\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}";

fn transport(peer: &Peer, trusted: bool) -> HttpTransport {
    let config = Config {
        store_path: "unused".into(),
        server_url: peer.url(),
        device_name: "phone".into(),
        platform: "test".into(),
        extra_roots_pem: trusted.then(|| peer.root_pem.clone()),
    };
    HttpTransport::new(&config).unwrap()
}

fn request() -> Request {
    Request {
        method: Method::Get,
        path: "/v1/changes?since=a%2Fb".into(),
        bearer: Some(Zeroizing::new("the-token".into())),
        body: None,
    }
}

async fn exchange(
    peer: &Peer,
    trusted: bool,
    answer: &[u8],
) -> (Result<Response, Fault>, Option<String>) {
    let transport = transport(peer, trusted);
    tokio::join!(transport.call(request()), peer.answer(answer))
}

#[tokio::test]
async fn a_trusted_peer_is_asked_with_the_token_in_the_header() {
    let peer = Peer::new(Certificate::Good).await;
    let (answer, head) = exchange(&peer, true, OK).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.server_time), (200, Some(1_234)));
    assert_eq!((answer.retry_after_ms, answer.body.as_slice()), (Some(7_000), b"{}".as_slice()));
    let head = head.unwrap().to_lowercase();
    assert!(head.starts_with("get /v1/changes?since=a%2fb http/1.1"), "{head}");
    assert!(head.contains("authorization: bearer the-token"));
    assert!(head.contains("fieldline-client: test/"));
    assert!(!head.lines().next().unwrap().contains("token"), "never in the address");
}

#[tokio::test]
async fn an_untrusted_an_expired_and_a_wrong_peer_get_no_byte_of_the_request() {
    for (certificate, trusted) in
        [(Certificate::Good, false), (Certificate::Expired, true), (Certificate::OtherHost, true)]
    {
        let peer = Peer::new(certificate).await;
        let (answer, head) = exchange(&peer, trusted, OK).await;
        assert_eq!(answer, Err(Fault::NotSent));
        assert_eq!(head, None);
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_never_followed() {
    let peer = Peer::new(Certificate::Good).await;
    let other = Peer::new(Certificate::Good).await;
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}/login\r\ncontent-length: 0\r\n\r\n",
        other.url()
    );
    let (answer, _) = exchange(&peer, true, redirect.as_bytes()).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.server_time), (302, None));
}

#[tokio::test]
async fn too_large_and_cut_answers_are_no_answers() {
    let mut large = b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n".to_vec();
    large.resize(large.len() + 5_000_000, b' ');
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    for bytes in [large, cut, b"no http at all\r\n\r\n".to_vec(), Vec::new()] {
        let peer = Peer::new(Certificate::Good).await;
        let (answer, _) = exchange(&peer, true, &bytes).await;
        assert_eq!(answer, Err(Fault::Unanswered));
    }
}

#[tokio::test]
async fn nobody_there_means_that_nothing_left() {
    let peer = Peer::new(Certificate::Good).await;
    let transport = transport(&peer, true);
    drop(peer);
    assert_eq!(transport.call(request()).await, Err(Fault::NotSent));
    let socket = transport.connect(Zeroizing::new("t".into())).await;
    assert_eq!(socket.err(), Some(ConnectFault::Fault(Fault::NotSent)));
}

#[tokio::test]
async fn the_socket_runs_on_the_same_trust_and_is_bounded() {
    let peer = Peer::new(Certificate::Good).await;
    let transport = transport(&peer, true);
    let serve = async {
        let stream = peer.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        socket.send(Message::text("first")).await.unwrap();
        socket.send(Message::Ping(Vec::new().into())).await.unwrap();
        // More than a frame may have: the client hangs up in the middle of it.
        let _ = socket.send(Message::text("x".repeat(3_000_000))).await;
    };
    let listen = async {
        let mut socket = transport.connect(Zeroizing::new("the-token".into())).await.unwrap();
        let mut events = Vec::new();
        loop {
            let event = socket.next().await;
            let over = matches!(event, LiveEvent::Closed(_));
            events.push(event);
            if over {
                return events;
            }
        }
    };
    let ((), events) = tokio::join!(serve, listen);
    assert_eq!(
        events,
        [LiveEvent::Text("first".into()), LiveEvent::Alive, LiveEvent::Closed(None)]
    );
}

#[tokio::test]
async fn a_refused_socket_says_its_status() {
    let peer = Peer::new(Certificate::Good).await;
    let transport = transport(&peer, true);
    let refusal = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
    let (socket, head) =
        tokio::join!(transport.connect(Zeroizing::new("t".into())), peer.answer(refusal));
    assert_eq!(socket.err(), Some(ConnectFault::Status(401)));
    assert!(head.unwrap().to_lowercase().contains("authorization: bearer t"));
}
