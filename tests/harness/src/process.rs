//! Child processes that die with their parent: each one's standard input is a pipe that only the parent holds, and a
//! child ends when it closes, however the parent ended.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The program; the current executable if absent.
    pub program: Option<PathBuf>,
    /// Its arguments. Any user of the machine can read them: no secrets.
    pub args: Vec<OsString>,
    /// Variables added to this process's environment. Secrets go here or through [`Process::send`].
    pub env: Vec<(OsString, OsString)>,
    /// Variables of this process's environment that it does not get.
    pub without: Vec<OsString>,
    /// Where its standard error is added to; inherited if absent.
    pub stderr: Option<PathBuf>,
}

impl Start {
    /// The current executable with these arguments.
    pub fn this<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Self {
        Self { args: args.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Another program than the current one.
    #[must_use]
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Leaves a variable of this process out.
    #[must_use]
    pub fn without(mut self, name: impl Into<OsString>) -> Self {
        self.without.push(name.into());
        self
    }

    /// Adds standard error to a file.
    #[must_use]
    pub fn stderr(mut self, file: impl Into<PathBuf>) -> Self {
        self.stderr = Some(file.into());
        self
    }
}

/// A running child. Dropping it kills it.
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a child.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(start: &Start) -> io::Result<Self> {
        let program = match &start.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()?,
        };
        let stderr = match &start.stderr {
            Some(path) => std::fs::OpenOptions::new().create(true).append(true).open(path)?.into(),
            None => Stdio::inherit(),
        };
        let mut command = Command::new(program);
        for name in &start.without {
            command.env_remove(name);
        }
        let mut child = command
            .args(&start.args)
            .envs(start.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { child, stdin, lines: BufReader::new(stdout).lines() })
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its line `{"event":"listening","addr":...}`; other lines before it are passed over.
    ///
    /// # Errors
    /// `UnexpectedEof` if it ends before.
    pub async fn listening(&mut self) -> io::Result<SocketAddr> {
        loop {
            let line = self.line().await?;
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event.get("event").and_then(Value::as_str) == Some("listening") {
                let addr = event.get("addr").and_then(Value::as_str).unwrap_or_default();
                return addr.parse().map_err(|_| io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// The next line of its standard output.
    ///
    /// # Errors
    /// `UnexpectedEof` if it closed it.
    pub async fn line(&mut self) -> io::Result<String> {
        self.lines.next_line().await?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Writes one line to its standard input.
    ///
    /// # Errors
    /// `BrokenPipe` if it does not read any more.
    pub async fn send(&mut self, line: &str) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(line.as_bytes()).await?;
        stdin.write_all(b"\n").await?;
        stdin.flush().await
    }

    /// Writes all of its standard input, closes it, waits for the end and gives what it printed beyond the lines read.
    ///
    /// # Errors
    /// Those of the pipes.
    pub async fn finish(mut self, input: &str) -> io::Result<(ExitStatus, String)> {
        if let Some(mut stdin) = self.stdin.take() {
            // A child that does not want its input says why by its code.
            let _ = stdin.write_all(input.as_bytes()).await;
            let _ = stdin.shutdown().await;
        }
        let mut printed = String::new();
        while let Some(line) = self.lines.next_line().await? {
            printed.push_str(&line);
            printed.push('\n');
        }
        Ok((self.child.wait().await?, printed))
    }

    /// Ends it as `kill -9` does and waits until it is gone.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn kill(&mut self) -> io::Result<ExitStatus> {
        // One that has ended by itself cannot be killed any more.
        let _ = self.child.start_kill();
        self.child.wait().await
    }

    /// Closes its standard input, which ends it, and waits until it is gone.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn end(mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        self.child.wait().await
    }
}

/// For a child that reads nothing from its standard input: ends this process, code 0, as soon as the parent is gone. To be called
/// once, first of all.
///
/// # Errors
/// Those of starting a thread.
pub fn end_with_parent() -> io::Result<()> {
    std::thread::Builder::new().name("parent".to_owned()).spawn(|| {
        let mut ignored = [0; 256];
        let mut input = io::stdin().lock();
        while input.read(&mut ignored).is_ok_and(|read| read > 0) {}
        std::process::exit(0);
    })?;
    Ok(())
}

/// For a child that is told what to do: the lines of its standard input. When the parent is gone they end, and so must the child.
///
/// # Errors
/// Those of starting a thread.
pub fn lines_of_parent() -> io::Result<tokio::sync::mpsc::UnboundedReceiver<String>> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    std::thread::Builder::new().name("parent".to_owned()).spawn(move || {
        for line in io::stdin().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}
