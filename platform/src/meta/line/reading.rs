//! What Meta's phone node says about a number: read into words and numbers, pure (whatsapp.md 5.6).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::meta::payload::values::{int, items, text, word};

/// The fields that are asked for.
pub(crate) const FIELDS: &str = "id,display_phone_number,verified_name,quality_rating,name_status,\
code_verification_status,platform_type,throughput,is_on_biz_app,\
whatsapp_business_manager_messaging_limit,health_status";

/// Codes in `health_status` that are about the payment method: the send's own code, and the one that
/// Meta's page on health prints (seen on that page only, never on a real number).
const PAYMENT: [i64; 2] = [131_042, 141_006];

/// A reading. Words are Meta's, unknown ones included; absent where Meta said nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Reading {
    /// The number is on the Business App.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_app: Option<bool>,
    /// `CLOUD_API` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) platform: Option<String>,
    /// GREEN, YELLOW, RED, NA, UNKNOWN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quality: Option<String>,
    /// State of the display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name_status: Option<String>,
    /// The display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verified_name: Option<String>,
    /// `STANDARD` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) throughput: Option<String>,
    /// New chats by template a day: `TIER_250` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<String>,
    /// AVAILABLE, LIMITED or BLOCKED, over all that takes part in a send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) can_send: Option<String>,
    /// Codes of what blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) blocked_by: Vec<i64>,
}

impl Reading {
    /// Reads the answer.
    pub(crate) fn of(node: &Value) -> Self {
        let said = |at: &str| {
            node.pointer(at).and_then(Value::as_str).map(word).filter(|word| !word.is_empty())
        };
        let entities = items(node.pointer("/health_status/entities"));
        let errors = entities.iter().flat_map(|entity| items(entity.get("errors")));
        Self {
            on_app: node.get("is_on_biz_app").and_then(Value::as_bool),
            platform: said("/platform_type"),
            quality: said("/quality_rating"),
            name_status: said("/name_status"),
            verified_name: text(node.get("verified_name")),
            throughput: said("/throughput/level"),
            limit: said("/whatsapp_business_manager_messaging_limit"),
            can_send: said("/health_status/can_send_message"),
            blocked_by: errors.filter_map(|error| int(error.get("error_code"))).collect(),
        }
    }

    /// Whether Meta complains about the payment method; nothing if it said nothing about health.
    pub(crate) fn payment_trouble(&self) -> Option<bool> {
        self.can_send.as_ref()?;
        Some(self.blocked_by.iter().any(|code| PAYMENT.contains(code)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_node_is_read_into_words() {
        let reading = Reading::of(&json!({
            "id": "4242", "display_phone_number": "+34 600", "verified_name": "Bloom",
            "quality_rating": "GREEN", "platform_type": "CLOUD_API", "is_on_biz_app": true,
            "throughput": {"level": "STANDARD"}, "name_status": "APPROVED",
            "whatsapp_business_manager_messaging_limit": "TIER_250",
            "health_status": {"can_send_message": "BLOCKED", "entities": [
                {"entity_type": "PHONE_NUMBER", "can_send_message": "AVAILABLE"},
                {"entity_type": "WABA", "can_send_message": "BLOCKED", "errors": [{"error_code": 141_006}]}]}}));
        assert_eq!(reading.on_app, Some(true));
        assert_eq!(reading.quality.as_deref(), Some("GREEN"));
        assert_eq!(reading.throughput.as_deref(), Some("STANDARD"));
        assert_eq!(reading.can_send.as_deref(), Some("BLOCKED"));
        assert_eq!(reading.payment_trouble(), Some(true));
        let text = serde_json::to_string(&reading).unwrap();
        assert_eq!(serde_json::from_str::<Reading>(&text).unwrap(), reading);
    }

    #[test]
    fn what_is_not_said_is_not_known() {
        assert_eq!(Reading::of(&json!({"id": "1"})), Reading::default());
        assert_eq!(Reading::default().payment_trouble(), None);
        let odd =
            Reading::of(&json!({"is_on_biz_app": "yes", "throughput": 7, "quality_rating": ["x"]}));
        assert_eq!(odd, Reading::default());
    }
}
