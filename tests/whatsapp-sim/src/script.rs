//! A script: control calls that play by themselves, in order.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::sim::Sim;

/// One control call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Milliseconds after the step before it (after the start, for the first).
    #[serde(default)]
    pub after_ms: u64,
    /// `POST` (the default) or `GET`.
    #[serde(default = "post")]
    pub method: String,
    /// The path, from `/sim/` on.
    pub path: String,
    /// The JSON body.
    #[serde(default)]
    pub body: Value,
}

fn post() -> String {
    "POST".to_owned()
}

/// Control calls in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    steps: Vec<Step>,
}

/// Why a script does not play on. Steps count from 1.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// Not a JSON list of steps.
    #[error("the script is not a list of steps: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A step that is no control call.
    #[error("step {0} of the script must be a GET or POST under /sim/")]
    NotAControlCall(usize),
    /// A control call was refused.
    #[error("step {step} of the script was refused with {status}: {answer}")]
    Refused {
        /// Which step.
        step: usize,
        /// The HTTP status.
        status: u16,
        /// The error.
        answer: String,
    },
}

/// Far more than any answer to a control call in a script needs.
const ANSWER_LIMIT: usize = 64 << 20;

impl Script {
    /// Reads a JSON list `[{after_ms, method, path, body}]`.
    pub fn parse(json: &[u8]) -> Result<Self, ScriptError> {
        let steps: Vec<Step> = serde_json::from_slice(json)?;
        for (at, step) in steps.iter().enumerate() {
            let method = step.method == "GET" || step.method == "POST";
            let path = step.path.starts_with("/sim/")
                && step.path.bytes().all(|byte| byte.is_ascii_graphic());
            if !method || !path {
                return Err(ScriptError::NotAControlCall(at + 1));
            }
        }
        Ok(Self { steps })
    }

    /// Plays all steps; stops at the first that is refused.
    pub async fn play(&self, sim: &Sim) -> Result<(), ScriptError> {
        let control = sim.control_router();
        for (at, step) in self.steps.iter().enumerate() {
            tokio::time::sleep(Duration::from_millis(step.after_ms)).await;
            let method = if step.method == "GET" { Method::GET } else { Method::POST };
            let request = Request::builder()
                .method(method)
                .uri(&step.path)
                .header(header::HOST, "localhost")
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(step.body.to_string()))
                .map_err(|_| ScriptError::NotAControlCall(at + 1))?;
            let Ok(response) = control.clone().oneshot(request).await;
            let status = response.status();
            if !status.is_success() {
                let bytes = to_bytes(response.into_body(), ANSWER_LIMIT).await.unwrap_or_default();
                return Err(ScriptError::Refused {
                    step: at + 1,
                    status: status.as_u16(),
                    answer: String::from_utf8_lossy(&bytes).into_owned(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, ScriptError};

    #[test]
    fn reads_steps_and_names_the_wrong_one() {
        assert!(Script::parse(br#"[{"after_ms":5,"path":"/sim/owner","body":{}}]"#).is_ok());
        let wrong = br#"[{"path":"/sim/log","method":"GET"},{"path":"/v25.0/1/messages"}]"#;
        assert!(matches!(Script::parse(wrong), Err(ScriptError::NotAControlCall(2))));
        let wrong = br#"[{"path":"/sim/log","method":"PUT"}]"#;
        assert!(matches!(Script::parse(wrong), Err(ScriptError::NotAControlCall(1))));
        assert!(matches!(Script::parse(b"{}"), Err(ScriptError::Unreadable(_))));
    }
}
