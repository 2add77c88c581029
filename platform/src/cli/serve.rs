//! `serve`: the platform on a socket, until it is told to end.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::ListenerExt as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, env, print};
use crate::accept::{self, Limits};
use crate::app::Platform;
use crate::meta::graph::HttpGraph;
use crate::settings::{Settings, SettingsFile};
use crate::state::Ports;
use crate::support::{BlockingPool, SystemClock, SystemRng, log as log_lines};

/// The line that says it is ready.
#[derive(Serialize)]
struct Listening {
    event: &'static str,
    addr: SocketAddr,
}

/// Runs until SIGTERM or SIGINT.
pub(super) async fn serve(file: &SettingsFile) -> Result<(), Failure> {
    let rng = SystemRng::new();
    let settings = Settings::from_env(&env(file), &rng)?;
    log_lines::to_stderr(settings.log);
    if file.exposed {
        log::warn!("config_file_holds_secrets_and_others_may_read_it");
    }
    raise_open_files();
    let graph = HttpGraph::new(&settings.graph_url).map_err(|_| Failure::Graph)?;
    let ports = Ports {
        clock: Arc::new(SystemClock),
        rng: Arc::new(rng),
        executor: Arc::new(BlockingPool),
        graph: Arc::new(graph),
    };
    let (listen, metrics_listen) = (settings.listen, settings.metrics_listen);
    // The handlers stand before the first line is printed: who reads it may end us at once.
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| Failure::Runtime(e.kind()))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|e| Failure::Runtime(e.kind()))?;
    let platform = Platform::open(settings, ports).await?;
    let refused = |error: std::io::Error| Failure::Listen(listen, error.kind());
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let metrics = match metrics_listen {
        None => None,
        Some(listen) => {
            let refused = |error: std::io::Error| Failure::ListenMetrics(listen, error.kind());
            let listener = TcpListener::bind(listen).await.map_err(refused)?;
            let address = listener.local_addr().map_err(refused)?;
            log::info!("metrics_listening addr={address}");
            Some(listener)
        }
    };
    platform.start();
    log::info!("listening addr={address}");
    print(&Listening { event: "listening", addr: address });
    // Frames are small and wanted at once.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let (stop, limits) = (platform.state().stop.clone(), Limits::default());
    let server = tokio::spawn(accept::serve(listener, platform.router(), stop.clone(), limits));
    let metrics = metrics.map(|listener| {
        tokio::spawn(accept::serve(listener, platform.metrics_router(), stop.clone(), limits))
    });
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    log::info!("stopping");
    stop.stop();
    let _ = server.await;
    if let Some(metrics) = metrics {
        let _ = metrics.await;
    }
    platform.stop().await;
    log::info!("stopped");
    Ok(())
}

/// Takes as many open files as this process may have: a connection is one, and so is a socket.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum && setrlimit(Resource::Nofile, raised).is_err() {
        log::warn!("open_files_not_raised current={}", limit.current.unwrap_or(0));
    }
}
