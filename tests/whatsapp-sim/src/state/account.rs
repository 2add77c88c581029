//! The business account: the app's subscriptions, overrides, profile and block list.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// The fields to which the app is subscribed at the start: all that coexistence needs, and the
/// account's own (whatsapp.md 5.5).
pub(crate) const FIELDS: [&str; 13] = [
    "account_alerts",
    "account_review_update",
    "account_update",
    "business_capability_update",
    "history",
    "message_template_quality_update",
    "message_template_status_update",
    "messages",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "smb_message_echoes",
];

/// What the account remembers.
#[derive(Debug)]
pub(crate) struct Account {
    /// Fields of the app.
    pub(crate) fields: BTreeSet<String>,
    /// Whether this business account is turned on for the app.
    pub(crate) subscribed: bool,
    /// Where its webhooks would go instead.
    pub(crate) override_uri: Option<String>,
    override_of_phone: Option<String>,
    pub(crate) profile: Map<String, Value>,
    /// Numbers.
    pub(crate) blocked: BTreeSet<String>,
    /// Codes of Embedded Signup that were used.
    pub(crate) used_codes: BTreeSet<String>,
    /// The saved contacts of the owner's phone, by number.
    pub(crate) phone_book: BTreeMap<String, Value>,
}

impl Default for Account {
    fn default() -> Self {
        let profile = json!({"about": "A shop for tests", "address": "", "description": "",
            "email": "", "vertical": "RETAIL", "websites": []});
        Self {
            fields: FIELDS.map(str::to_owned).into(),
            subscribed: true,
            override_uri: None,
            override_of_phone: None,
            profile: profile.as_object().cloned().unwrap_or_default(),
            blocked: BTreeSet::new(),
            used_codes: BTreeSet::new(),
            phone_book: BTreeMap::new(),
        }
    }
}

impl Account {
    /// Whether a webhook of that field leaves Meta at all. A field that was never on the list is
    /// not held back: `POST /sim/webhook` sends any.
    pub(crate) fn lets_out(&self, field: &str) -> bool {
        self.subscribed && (self.fields.contains(field) || !FIELDS.contains(&field))
    }

    /// `webhook_configuration` of the phone number (whatsapp.md 5.6).
    pub(crate) fn override_of_phone(&self) -> Value {
        let mut shown = json!({"application": "https://app.invalid/webhook"});
        for (key, uri) in [
            ("whatsapp_business_account", &self.override_uri),
            ("phone_number", &self.override_of_phone),
        ] {
            if let Some(uri) = uri {
                shown[key] = json!(uri);
            }
        }
        shown
    }

    /// An empty address takes the override away.
    pub(crate) fn set_override_of_phone(&mut self, given: &Map<String, Value>) {
        let uri = given.get("override_callback_uri").and_then(Value::as_str).unwrap_or_default();
        self.override_of_phone = (!uri.is_empty()).then(|| uri.to_owned());
    }
}
