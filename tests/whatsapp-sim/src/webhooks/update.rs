//! One update on its way, and how several make a body (whatsapp.md 1.1).

use serde_json::{Value, json};

use crate::settings::SimSettings;

/// One `{field, value}` with what its entry says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Update {
    pub(crate) change: Value,
    entry_id: Option<String>,
    /// Seconds; management fields have it, messages do not.
    time: Option<i64>,
    /// `change` is a whole body, sent as it is.
    bare: bool,
    /// Bytes of its JSON.
    pub(crate) size: usize,
}

impl Update {
    /// A message-like update.
    pub(crate) fn new(change: Value) -> Self {
        let size = change.to_string().len();
        Self { change, entry_id: None, time: None, bare: false, size }
    }

    /// A management update, of that entry if one is named.
    pub(crate) fn timed(change: Value, entry_id: Option<String>, time: i64) -> Self {
        Self { entry_id, time: Some(time), ..Self::new(change) }
    }

    /// A body without the usual envelope.
    pub(crate) fn bare(body: Value) -> Self {
        Self { bare: true, ..Self::new(body) }
    }

    /// The field; empty for a whole body.
    pub(crate) fn field(&self) -> &str {
        self.change.get("field").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it may stand beside others in one body.
    pub(crate) fn joins(&self) -> bool {
        !self.bare
    }
}

/// The body of a webhook: neighbours of one entry share it.
pub(crate) fn envelope(settings: &SimSettings, updates: &[Update]) -> Value {
    if let [Update { bare: true, change, .. }] = updates {
        return change.clone();
    }
    let mut entries: Vec<Value> = Vec::new();
    let mut last: Option<(&Option<String>, Option<i64>)> = None;
    for update in updates {
        let of = (&update.entry_id, update.time);
        let id = update.entry_id.as_deref().unwrap_or(settings.waba_id_or_sample());
        match entries.last_mut().and_then(|entry| entry["changes"].as_array_mut()) {
            Some(changes) if last == Some(of) => changes.push(update.change.clone()),
            _ => {
                let mut entry = json!({"id": id, "changes": [update.change]});
                if let Some(time) = update.time {
                    entry["time"] = json!(time);
                }
                entries.push(entry);
            }
        }
        last = Some(of);
    }
    json!({"object": "whatsapp_business_account", "entry": entries})
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Update, envelope};
    use crate::settings::SimSettings;

    #[test]
    fn neighbours_share_their_entry_and_a_bare_body_stays_bare() {
        let settings = SimSettings { waba_id: Some("1".to_owned()), ..SimSettings::new("s") };
        let update = |n: u8| Update::new(json!({"field": "f", "value": n}));
        let timed = Update::timed(json!({"field": "g", "value": 3}), Some("9".to_owned()), 7);
        let body = envelope(&settings, &[update(1), update(2), timed]);
        assert_eq!(
            body["entry"],
            json!([
            {"id": "1", "changes": [{"field": "f", "value": 1}, {"field": "f", "value": 2}]},
            {"id": "9", "time": 7, "changes": [{"field": "g", "value": 3}]}])
        );
        let bare = json!({"history": []});
        assert_eq!(envelope(&settings, &[Update::bare(bare.clone())]), bare);
    }
}
