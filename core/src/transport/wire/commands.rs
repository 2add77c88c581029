//! Commands and their answers.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One command, as it is kept and sent byte for byte.
#[derive(Debug, Serialize)]
pub(crate) struct Command<'a> {
    pub id: &'a str,
    /// When it was written, server time.
    pub at: i64,
    #[serde(flatten)]
    pub body: CommandBody<'a>,
}

/// What it does.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum CommandBody<'a> {
    Send {
        conversation: &'a str,
        body: TextBody<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_to: Option<&'a str>,
        based_on_n: i64,
    },
    Withdraw {
        message: &'a str,
    },
    Release {
        message: &'a str,
        based_on_n: i64,
    },
    Pass {
        message: &'a str,
    },
    Settle {
        message: &'a str,
        result: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        based_on_n: Option<i64>,
    },
    Read {
        conversation: &'a str,
        up_to_n: i64,
    },
}

/// A text body.
#[derive(Debug, Serialize)]
pub(crate) struct TextBody<'a> {
    kind: &'static str,
    text: &'a str,
}

impl<'a> TextBody<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { kind: "text", text }
    }

    pub(crate) fn text(&self) -> &str {
        self.text
    }
}

impl CommandBody<'_> {
    /// The wire's word.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Withdraw { .. } => "withdraw",
            Self::Release { .. } => "release",
            Self::Pass { .. } => "pass",
            Self::Settle { .. } => "settle",
            Self::Read { .. } => "read",
        }
    }
}

#[derive(Serialize)]
struct Batch<'a> {
    epoch: &'a str,
    commands: Vec<&'a RawValue>,
}

/// The request's body around kept commands, which go in unchanged. A kept command that is no JSON cannot go at all.
pub(crate) fn batch(epoch: &str, payloads: &[String]) -> Result<Vec<u8>, serde_json::Error> {
    let commands = payloads
        .iter()
        .map(|payload| serde_json::from_str::<&RawValue>(payload))
        .collect::<Result<Vec<_>, _>>()?;
    serde_json::to_vec(&Batch { epoch, commands })
}

/// The answer's body.
#[derive(Debug, Deserialize)]
pub(crate) struct Answers {
    pub answers: Vec<IdentifiedAnswer>,
}

/// One answer. (Flat, because kept raw JSON cannot be read through a tagged enum.)
#[derive(Debug, Deserialize)]
pub(crate) struct IdentifiedAnswer {
    pub id: String,
    outcome: String,
    seq: Option<i64>,
    code: Option<String>,
    reason: Option<String>,
    details: Option<Box<RawValue>>,
    retry_after_ms: Option<i64>,
}

/// What the platform said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done; the change line brings the effect with `seq`.
    Done { seq: i64 },
    /// Refused for good.
    Refused { code: String, reason: Option<String>, details: Option<String> },
    /// Not now. A word of a newer platform counts as this too.
    Later { retry_after_ms: Option<i64> },
}

impl IdentifiedAnswer {
    pub(crate) fn read(self) -> (String, Answer) {
        let later = Answer::Later { retry_after_ms: self.retry_after_ms };
        let answer = match (self.outcome.as_str(), self.seq, self.code) {
            ("done", Some(seq), _) => Answer::Done { seq },
            ("refused", _, Some(code)) => Answer::Refused {
                code,
                reason: self.reason,
                details: self.details.map(|details| details.get().to_owned()),
            },
            _ => later,
        };
        (self.id, answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_command_goes_out_byte_for_byte() {
        let kept = r#"{"id":"u1","at":5,  "kind":"send","text":"ä \u0041"}"#.to_owned();
        let body = batch("e1", std::slice::from_ref(&kept)).unwrap();
        let text = String::from_utf8(body).unwrap();
        assert_eq!(text, format!(r#"{{"epoch":"e1","commands":[{kept}]}}"#));
    }

    #[test]
    fn answers_are_read_and_a_new_word_is_no_answer() {
        let answers: Answers = serde_json::from_str(
            r#"{"answers":[{"id":"a","outcome":"done","seq":4,"gone":true},
                {"id":"b","outcome":"refused","code":"too_late","details":{"step":"sent"}},
                {"id":"c","outcome":"later","code":"behind","retry_after_ms":5},
                {"id":"d","outcome":"postponed"}]}"#,
        )
        .unwrap();
        let read: Vec<Answer> = answers.answers.into_iter().map(|a| a.read().1).collect();
        assert_eq!(read[0], Answer::Done { seq: 4 });
        assert!(matches!(&read[1], Answer::Refused { code, details: Some(details), .. }
            if code == "too_late" && details.contains("sent")));
        assert_eq!(read[2], Answer::Later { retry_after_ms: Some(5) });
        assert_eq!(read[3], Answer::Later { retry_after_ms: None });
    }
}
