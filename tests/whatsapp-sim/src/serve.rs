//! The simulator on a real port. Not axum's own server: that one always answers, and a lost answer
//! must close the connection without a byte. Here the service returns an error for it, and hyper
//! drops the connection.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::graph::CutConnection;

/// Why the simulator does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address can be reached from other machines.
    #[error("--listen {0} is not a loopback address; --expose allows it")]
    NotLoopback(SocketAddr),
    /// The system refused.
    #[error("cannot listen on {0}: {1}")]
    Refused(SocketAddr, io::Error),
}

/// Opens the port; another address than loopback only if `expose`.
pub async fn listen(address: SocketAddr, expose: bool) -> Result<TcpListener, ListenError> {
    if !address.ip().is_loopback() && !expose {
        return Err(ListenError::NotLoopback(address));
    }
    TcpListener::bind(address).await.map_err(|error| ListenError::Refused(address, error))
}

/// Serves a router until `ended` is; open connections end with it.
pub async fn serve(listener: TcpListener, router: Router, ended: impl Future<Output = ()>) {
    let mut connections = JoinSet::new();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            biased;
            () = &mut ended => return,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone()));
                }
                // Mostly too many open files: a pause lets some close.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
struct CutOnPurpose;

async fn connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let response: Result<Response<Body>, Infallible> =
                router.oneshot(request.map(Body::new)).await;
            let Ok(response) = response;
            if response.extensions().get::<CutConnection>().is_some() {
                return Err(CutOnPurpose);
            }
            Ok(response)
        }
    });
    // Errors here are the client's, or the cut.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
