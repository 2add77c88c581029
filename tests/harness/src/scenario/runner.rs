//! The runner of one language as a child: requests and answers, matched by number.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::Trouble;
use crate::process::{Process, Start};

/// How long one request may take. A virtual machine starts within it.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// How a runner is started.
#[derive(Debug, Clone)]
pub(super) struct Command {
    /// Program and arguments.
    pub(super) words: Vec<OsString>,
    /// Where its standard error goes.
    pub(super) stderr: PathBuf,
}

/// A running runner.
pub(super) struct Runner {
    process: Process,
    last: u64,
    early: BTreeMap<u64, Value>,
}

impl Runner {
    pub(super) fn start(command: &Command) -> Result<Self, Trouble> {
        let doing = Trouble::of("starting the runner");
        let (program, args) =
            command.words.split_first().ok_or_else(|| doing("no command was given".to_owned()))?;
        let start = Start::this(args.iter().cloned()).program(program).stderr(&command.stderr);
        let process = Process::start(&start).map_err(|error| doing(error.to_string()))?;
        Ok(Self { process, last: 0, early: BTreeMap::new() })
    }

    /// Sends a request and gives its number.
    pub(super) async fn send(
        &mut self,
        who: &str,
        verb: &str,
        with: &Value,
    ) -> Result<u64, Trouble> {
        self.last += 1;
        let line = json!({ "id": self.last, "as": who, "do": verb, "with": with }).to_string();
        self.process.send(&line).await.map_err(Trouble::of("writing to the runner"))?;
        Ok(self.last)
    }

    /// Waits for the answer with that number: the value, or `{"error": ...}`.
    pub(super) async fn answer(&mut self, id: u64) -> Result<Value, Trouble> {
        let waiting = async {
            loop {
                if let Some(answer) = self.early.remove(&id) {
                    return Ok(answer);
                }
                let line =
                    self.process.line().await.map_err(Trouble::of("reading from the runner"))?;
                let unreadable = Trouble::of(&format!("the runner's line {line}"));
                let answer: Value = serde_json::from_str(&line).map_err(unreadable)?;
                let Some(number) = answer.get("id").and_then(Value::as_u64) else {
                    return Err(Trouble::new("the runner's answer has no id", line));
                };
                let value = match (answer.get("ok"), answer.get("error")) {
                    (Some(value), None) => value.clone(),
                    (None, Some(error)) => json!({ "error": error }),
                    _ => return Err(Trouble::new("not one of ok and error", line)),
                };
                self.early.insert(number, value);
            }
        };
        tokio::time::timeout(ANSWER_WITHIN, waiting)
            .await
            .map_err(|_| Trouble::new("waiting for the runner", "no answer"))?
    }

    /// `kill -9`.
    pub(super) async fn kill(mut self) -> Result<(), Trouble> {
        self.process.kill().await.map(|_| ()).map_err(Trouble::of("killing the runner"))
    }

    /// Closes its input; it must end by itself and cleanly.
    pub(super) async fn end(self) -> Result<(), Trouble> {
        let ended = tokio::time::timeout(ANSWER_WITHIN, self.process.end()).await;
        let doing = "ending the runner";
        let status = ended.map_err(Trouble::of(doing))?.map_err(Trouble::of(doing))?;
        if status.success() { Ok(()) } else { Err(Trouble::new(doing, status)) }
    }
}
