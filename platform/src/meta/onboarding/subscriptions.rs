//! Whether Meta sends this server everything that Coexistence needs. Asked before an onboarding may
//! start: a history that is missed for want of a subscription cannot be fetched again
//! (whatsapp.md 0.8).

use serde_json::Value;

use crate::meta::ask::{Refusal, ask};
use crate::meta::graph::GraphRequest;
use crate::meta::payload::values::items;
use crate::meta::webhook;
use crate::state::AppState;
use crate::support::Secret;

/// The fields that have to be subscribed (whatsapp.md 5.5).
pub(crate) const NEEDED: [&str; 5] =
    ["messages", "history", "smb_app_state_sync", "smb_message_echoes", "account_update"];

/// What Meta said about our subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    /// Meta has verified an address, and it is ours.
    pub(crate) is_ours: bool,
    /// It is switched on.
    pub(crate) active: bool,
    /// Needed fields that are not subscribed.
    pub(crate) missing: Vec<&'static str>,
}

impl Subscription {
    /// Whether everything is there.
    pub(crate) const fn is_whole(&self) -> bool {
        self.is_ours && self.active && self.missing.is_empty()
    }
}

/// Asks Meta. Its answer names an address only after it has verified it by its own challenge, so that a
/// good answer is also the webhook's test.
pub(crate) async fn look(state: &AppState, app_id: &str) -> Result<Subscription, Refusal> {
    let request = GraphRequest::get(format!("/{app_id}/subscriptions"), app_token(state, app_id));
    let answer = ask(state.ports.graph.as_ref(), request).await?;
    Ok(read(&answer, &format!("{}{}", state.settings.base_url(), webhook::PATH)))
}

/// The app's own credentials, as Meta takes them.
pub(crate) fn app_token(state: &AppState, app_id: &str) -> Secret {
    Secret::new(format!("{app_id}|{}", state.settings.app_secret.expose()))
}

fn read(answer: &Value, ours: &str) -> Subscription {
    let mine = items(answer.get("data"))
        .iter()
        .find(|one| one.get("object").and_then(Value::as_str) == Some("whatsapp_business_account"));
    let fields: Vec<&str> = items(mine.and_then(|one| one.get("fields")))
        .iter()
        // Printed as objects with a name; as plain words in older answers.
        .filter_map(|field| field.get("name").unwrap_or(field).as_str())
        .collect();
    let address = mine.and_then(|one| one.get("callback_url")).and_then(Value::as_str);
    Subscription {
        is_ours: address.is_some_and(|url| url.trim_end_matches('/') == ours),
        active: mine.and_then(|one| one.get("active")).and_then(Value::as_bool).unwrap_or(false),
        missing: NEEDED.into_iter().filter(|field| !fields.contains(field)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OURS: &str = "https://desk.example/webhooks/meta";

    #[test]
    fn every_needed_field_must_be_there() {
        let fields: Vec<Value> =
            NEEDED.iter().map(|f| json!({"name": f, "version": "v25.0"})).collect();
        let one = json!({"object": "whatsapp_business_account", "callback_url": OURS, "active": true, "fields": fields});
        let page = json!({"object": "page", "callback_url": "https://other.example", "active": true, "fields": []});
        assert!(read(&json!({"data": [page, one]}), OURS).is_whole());
        for (index, field) in NEEDED.iter().enumerate() {
            let mut less = one.clone();
            less["fields"].as_array_mut().unwrap().remove(index);
            let found = read(&json!({"data": [less]}), OURS);
            assert!(!found.is_whole());
            assert_eq!(found.missing, [*field]);
        }
        let words = json!({"data": [{"object": "whatsapp_business_account", "callback_url": OURS, "active": true, "fields": NEEDED}]});
        assert!(read(&words, OURS).is_whole());
    }

    #[test]
    fn another_address_or_a_switched_off_one_is_none() {
        let with = |url: &str, active: bool| json!({"data": [{"object": "whatsapp_business_account", "callback_url": url, "active": active, "fields": NEEDED}]});
        assert!(!read(&with("https://other.example/webhooks/meta", true), OURS).is_whole());
        assert!(!read(&with(OURS, false), OURS).is_whole());
        assert_eq!(read(&json!({"data": []}), OURS).missing.len(), NEEDED.len());
    }
}
