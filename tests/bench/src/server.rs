//! A server as a process of its own: it can be killed, and its memory read.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::bodies::APP_SECRET;
use crate::world::KEY;

/// Which server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// `fieldline-platform serve`.
    Platform,
    /// The bare yardstick.
    Yardstick,
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts this program once more as a server over `data`.
    pub(crate) async fn start(which: Which, data: &Path) -> Self {
        let topic = match which {
            Which::Platform => "serve-platform",
            Which::Yardstick => "serve-yardstick",
        };
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg(topic)
            .env_clear()
            .env("FIELDLINE_DATA", data)
            .env("FIELDLINE_LISTEN", "127.0.0.1:0")
            .env("FIELDLINE_APP_SECRET", APP_SECRET)
            .env("FIELDLINE_VERIFY_TOKEN", "bench")
            .env("FIELDLINE_GRAPH_URL", "http://127.0.0.1:1")
            .env("FIELDLINE_KEY", KEY)
            .env("FIELDLINE_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a server");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.next_line().await.ok().flatten().expect("a server that listens");
        let ready: Value = serde_json::from_str(&line).expect("a line of JSON");
        let address =
            ready["addr"].as_str().and_then(|text| text.parse().ok()).expect("an address");
        Self { child, address }
    }

    /// Resident memory in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        let id = self.child.id().expect("a server that runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    }

    /// kill -9, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("a kill");
    }
}
