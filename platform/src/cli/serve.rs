//! `serve`: the platform on a socket, until it is told to end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, env, print};
use crate::app::Platform;
use crate::meta::graph::HttpGraph;
use crate::settings::Settings;
use crate::state::Ports;
use crate::support::{BlockingPool, SystemClock, SystemRng, log as log_lines};

/// How long requests under way may take once the end has come.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The line that says it is ready.
#[derive(Serialize)]
struct Listening {
    event: &'static str,
    addr: SocketAddr,
}

/// Runs until SIGTERM or SIGINT.
pub(super) async fn serve() -> Result<(), Failure> {
    let rng = SystemRng::new();
    let settings = Settings::from_env(&env, &rng)?;
    log_lines::to_stderr(settings.log);
    let graph = HttpGraph::new(&settings.graph_url).map_err(|_| Failure::Graph)?;
    let ports = Ports {
        clock: Arc::new(SystemClock),
        rng: Arc::new(rng),
        executor: Arc::new(BlockingPool),
        graph: Arc::new(graph),
    };
    let listen = settings.listen;
    // The handlers stand before the first line is printed: who reads it may end us at once.
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| Failure::Runtime(e.kind()))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|e| Failure::Runtime(e.kind()))?;
    let platform = Platform::open(settings, ports).await?;
    let refused = |error: std::io::Error| Failure::Listen(listen, error.kind());
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    platform.start();
    log::info!("listening addr={address}");
    print(&Listening { event: "listening", addr: address });
    // Frames are small and wanted at once.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let app = platform.router().into_make_service_with_connect_info::<SocketAddr>();
    let stop = platform.state().stop.clone();
    let stopped = stop.clone();
    let server = async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(async move { stopped.stopped().await })
            .await
    };
    let server = tokio::spawn(server);
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    log::info!("stopping");
    stop.stop();
    // What is not done by then is cut: its client asks again.
    let _ = tokio::time::timeout(LAST_WORDS, server).await;
    platform.stop().await;
    log::info!("stopped");
    Ok(())
}
