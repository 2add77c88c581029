//! What goes wrong on demand, and how often it did.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::rates::Limits;

/// What becomes of a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SendFault {
    /// It is judged and answered.
    #[default]
    Ok,
    /// It goes out; the answer is cut.
    LostAnswer,
    /// It does not go out; the connection is cut.
    LostRequest,
    /// It does not go out. 429, 500 and 503 are that HTTP status with Meta's code 130429, 131000
    /// and 131016; any other number is that Meta code with the HTTP status that Meta gives it.
    Error(u32),
}

impl SendFault {
    fn word(self) -> String {
        match self {
            Self::Ok => "ok".to_owned(),
            Self::LostAnswer => "lost_answer".to_owned(),
            Self::LostRequest => "lost_request".to_owned(),
            Self::Error(code) => code.to_string(),
        }
    }
}

impl Serialize for SendFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Error(code) => serializer.serialize_u32(*code),
            other => serializer.serialize_str(&other.word()),
        }
    }
}

impl<'de> Deserialize<'de> for SendFault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u32),
            Word(String),
        }
        let wrong =
            || de::Error::custom("send is ok, lost_answer, lost_request, 429, 500, 503 or a code");
        match Either::deserialize(deserializer).map_err(|_| wrong())? {
            Either::Number(code) => Ok(Self::Error(code)),
            Either::Word(word) => match word.as_str() {
                "ok" => Ok(Self::Ok),
                "lost_answer" => Ok(Self::LostAnswer),
                "lost_request" => Ok(Self::LostRequest),
                number => number.parse().map(Self::Error).map_err(|_| wrong()),
            },
        }
    }
}

/// What happens to webhooks made from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookFaults {
    /// Extra copies of each webhook, at most 20.
    pub repeat: u32,
    /// Each waits a random time and travels beside others: no order is kept.
    pub shuffle: bool,
    /// Each waits this long first, in milliseconds.
    pub delay_ms: u64,
    /// The first try of each is lost on the way; the retry arrives.
    pub drop_until_retry: bool,
    /// Nothing leaves until this ends; then everything that waited is due at once.
    pub hold: bool,
    /// The most updates that may travel in one webhook, at most 1,000 (Meta's own limit); 0 = the
    /// number of the settings.
    pub batch: u32,
}

/// The faults in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FaultState {
    /// What becomes of sends.
    pub send: SendFault,
    /// For how many sends still; absent = until changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// What becomes of Graph calls that are no sends: `ok` or an error.
    pub calls: SendFault,
    /// For how many of them still; absent = until changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_times: Option<u32>,
    /// Added before each status that follows by itself, in milliseconds.
    pub status_delay_ms: u64,
    /// What becomes of webhooks.
    pub webhooks: WebhookFaults,
    /// Meta's limits on calls.
    pub limits: Limits,
}

/// The faults in force and the tally of those that happened.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) now: FaultState,
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Faults {
    pub(crate) fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// What becomes of the send that is here now.
    pub(crate) fn take_send(&mut self) -> SendFault {
        let fault = take(&mut self.now.send, &mut self.now.times);
        if fault != SendFault::Ok {
            self.count(&format!("send_{}", fault.word()));
        }
        fault
    }

    /// What becomes of the other call that is here now.
    pub(crate) fn take_call(&mut self) -> SendFault {
        let fault = take(&mut self.now.calls, &mut self.now.calls_times);
        if fault != SendFault::Ok {
            self.count(&format!("call_{}", fault.word()));
        }
        fault
    }
}

/// The fault in force, counted down.
fn take(fault: &mut SendFault, times: &mut Option<u32>) -> SendFault {
    let now = *fault;
    if now == SendFault::Ok {
        return now;
    }
    if let Some(left) = times.as_mut() {
        *left = left.saturating_sub(1);
        if *left == 0 {
            *fault = SendFault::Ok;
            *times = None;
        }
    }
    now
}

#[cfg(test)]
mod tests {
    use super::{Faults, SendFault};

    #[test]
    fn counts_down_and_ends() {
        let mut faults = Faults::default();
        assert_eq!(faults.take_send(), SendFault::Ok);
        faults.now.send = SendFault::LostAnswer;
        faults.now.times = Some(2);
        assert_eq!(faults.take_send(), SendFault::LostAnswer);
        assert_eq!(faults.take_send(), SendFault::LostAnswer);
        assert_eq!(faults.take_send(), SendFault::Ok);
        assert_eq!(faults.counts.get("send_lost_answer"), Some(&2));
        faults.now.send = SendFault::Error(429);
        assert!((0..5).all(|_| faults.take_send() == SendFault::Error(429)));
    }

    #[test]
    fn reads_words_and_numbers_and_names_the_choice() {
        let read = |json: &str| serde_json::from_str::<SendFault>(json);
        assert_eq!(read("\"lost_request\"").unwrap(), SendFault::LostRequest);
        assert_eq!(read("503").unwrap(), SendFault::Error(503));
        assert_eq!(read("\"131056\"").unwrap(), SendFault::Error(131_056));
        for wrong in ["\"lost\"", "-1", "null", "true"] {
            assert!(read(wrong).unwrap_err().to_string().contains("lost_answer"), "{wrong}");
        }
    }
}
