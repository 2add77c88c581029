//! Children: started, listened to, killed.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

use crate::orders::{Line, Orders, VARIABLE};
use crate::wait::bounded;

/// A running process. Dropping it kills it.
pub struct Running {
    child: Mutex<Child>,
    stdin: Mutex<Option<ChildStdin>>,
}

impl Running {
    fn start(mut command: Command) -> (Self, ChildStdout) {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the child starts");
        let stdout = child.stdout.take().expect("a pipe from the child");
        let stdin = Mutex::new(child.stdin.take());
        (Self { child: Mutex::new(child), stdin }, stdout)
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// SIGKILL, now. It does not wait for the death.
    pub fn kill(&self) {
        // It may have ended by itself, which the one who waits for it will see.
        let _ = self.child().start_kill();
    }

    /// Waits for the end.
    pub async fn ended(&self) -> ExitStatus {
        crate::wait::until("the end of a child", || self.child().try_wait().expect("a child")).await
    }

    /// Closes its standard input, by which a phone ends cleanly.
    pub fn close_stdin(&self) {
        self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Writes to its standard input.
    pub async fn write(&self, text: &str) {
        let taken = self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut stdin = taken.expect("standard input is open");
        stdin.write_all(text.as_bytes()).await.expect("the child reads");
        *self.stdin.lock().unwrap_or_else(PoisonError::into_inner) = Some(stdin);
    }
}

/// Starts a phone. Each of its lines goes to `hear`, until its end of the pipe is closed.
pub fn phone(
    binary: &Path,
    orders: &Orders,
    mut hear: impl FnMut(Line) + Send + 'static,
) -> (Running, tokio::task::JoinHandle<()>) {
    let mut command = Command::new(binary);
    command.env(VARIABLE, serde_json::to_string(orders).expect("orders are JSON"));
    let (running, stdout) = Running::start(command);
    let ears = tokio::spawn(async move {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await.expect("the pipe can be read") {
            // `say` writes a line with one call, so even a killed phone leaves no half of one.
            hear(serde_json::from_str(&line).expect("a line of the phone is JSON"));
        }
    });
    (running, ears)
}

/// The environment of a platform's process.
pub struct PlatformEnv<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// Where the simulator answers, with a version in the path.
    pub graph_url: &'a str,
    /// Signs webhooks.
    pub app_secret: &'a str,
    /// Of the webhooks' subscription.
    pub verify_token: &'a str,
    /// Standard error is added to this file.
    pub log: &'a Path,
}

impl PlatformEnv<'_> {
    fn command<S: AsRef<OsStr>>(&self, binary: &Path, arguments: &[S]) -> Command {
        let log = OpenOptions::new().create(true).append(true).open(self.log).expect("a log file");
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .env_remove(VARIABLE)
            .env_remove("FIELDLINE_KEY")
            .env_remove("FIELDLINE_PUBLIC_URL")
            .env("FIELDLINE_LISTEN", "127.0.0.1:0")
            .env("FIELDLINE_DATA", self.data)
            .env("FIELDLINE_GRAPH_URL", self.graph_url)
            .env("FIELDLINE_APP_SECRET", self.app_secret)
            .env("FIELDLINE_VERIFY_TOKEN", self.verify_token)
            .env("FIELDLINE_LOG", "debug")
            .stderr(log);
        command
    }

    /// `serve`. Its first line comes out of the receiver: the address.
    pub fn serve(&self, binary: &Path) -> (Running, mpsc::UnboundedReceiver<String>) {
        let (running, stdout) = Running::start(self.command(binary, &["serve"]));
        let (send, receive) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let line: Value = serde_json::from_str(&line).expect("a line of JSON");
                let address = line.get("addr").and_then(Value::as_str).expect("an address");
                if send.send(address.to_owned()).is_err() {
                    return;
                }
            }
        });
        (running, receive)
    }

    /// One command of the operator's: what it printed, or the exit code and what it complained.
    pub async fn operate(
        &self,
        binary: &Path,
        arguments: &[&str],
        input: &str,
    ) -> Result<Value, (Option<i32>, Value)> {
        let mut command = self.command(binary, arguments);
        command.stderr(Stdio::piped());
        let (running, stdout) = Running::start(command);
        let stderr = running.child().stderr.take().expect("a pipe from the child");
        running.write(input).await;
        running.close_stdin();
        let (out, err) = tokio::join!(all(stdout), all(stderr));
        let status = running.ended().await;
        let parse = |text: &str| serde_json::from_str(text.trim()).unwrap_or(Value::Null);
        if status.success() { Ok(parse(&out)) } else { Err((status.code(), parse(&err))) }
    }
}

async fn all(pipe: impl AsyncRead + Unpin) -> String {
    let mut lines = BufReader::new(pipe).lines();
    let mut text = String::new();
    while let Some(line) = bounded("output", lines.next_line()).await.expect("a readable pipe") {
        text.push_str(&line);
        text.push('\n');
    }
    text
}
