//! Meta's errors: codes, HTTP statuses and titles (Meta: support/error-codes; `whatsapp.md` 7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// (code, HTTP status of an answer, title).
const TABLE: &[(u32, u16, &str)] = &[
    (0, 401, "AuthException"),
    (1, 400, "API Unknown"),
    (2, 503, "API Service"),
    (3, 500, "API Method"),
    (4, 400, "API Too Many Calls"),
    (10, 403, "Permission Denied"),
    (33, 400, "Parameter value is not valid"),
    (100, 400, "Invalid parameter"),
    (190, 401, "Invalid OAuth access token - Cannot parse access token"),
    (368, 403, "Temporarily blocked for policies violations"),
    (80_007, 400, "Rate limit issues"),
    (130_429, 400, "Rate limit hit"),
    (130_472, 400, "User's number is part of an experiment"),
    (130_497, 403, "Business account is restricted from messaging users in this country"),
    (130_501, 400, "Message type is not allowed in groups"),
    (131_000, 500, "Something went wrong"),
    (131_005, 403, "Access denied"),
    (131_008, 400, "Required parameter is missing"),
    (131_009, 400, "Parameter value is not valid"),
    (131_016, 500, "Service unavailable"),
    (131_021, 400, "Recipient cannot be sender"),
    (131_026, 400, "Message undeliverable"),
    (131_030, 400, "Recipient phone number not in allowed list"),
    (131_031, 403, "Business Account locked"),
    (131_037, 400, "Display name approval needed"),
    (131_042, 400, "Business eligibility payment issue"),
    (131_044, 400, "Business eligibility payment issue"),
    (131_045, 500, "Incorrect certificate"),
    (131_047, 400, "Re-engagement message"),
    (131_048, 400, "Spam rate limit hit"),
    (131_049, 400, "Meta chose not to deliver"),
    (131_050, 400, "User stopped marketing messages"),
    (131_051, 400, "Unsupported message type"),
    (131_052, 400, "Media download error"),
    (131_053, 400, "Media upload error"),
    (131_055, 400, "Method not allowed"),
    (131_056, 400, "(Business Account, Consumer Account) pair rate limit hit"),
    (131_057, 500, "Account in maintenance mode"),
    (131_060, 400, "This message is unavailable"),
    (131_062, 400, "Business-scoped user ids are not allowed for this message"),
    (131_063, 400, "Marketing templates only through the Marketing Messages API"),
    (131_064, 400, "Classification limit reached"),
    (132_000, 400, "Template Param Count Mismatch"),
    (132_001, 404, "Template does not exist"),
    (132_005, 400, "Template Hydrated Text Too Long"),
    (132_007, 400, "Template Format Character Policy Violated"),
    (132_008, 400, "Template parameter value is not valid"),
    (132_012, 400, "Template Parameter Format Mismatch"),
    (132_015, 400, "Template is Paused"),
    (132_016, 400, "Template is Disabled"),
    (132_018, 400, "Template parameters are not valid"),
    (132_068, 400, "Flow is in blocked state"),
    (132_069, 400, "Flow is in throttled state"),
    (133_000, 500, "Incomplete deregistration"),
    (133_004, 503, "Server temporarily unavailable"),
    (133_005, 400, "Two step verification PIN mismatch"),
    (133_006, 400, "Phone number re-verification needed"),
    (133_008, 400, "Too many two step verification PIN guesses"),
    (133_009, 400, "Two step verification PIN guessed too fast"),
    (133_010, 400, "Phone number not registered"),
    (133_015, 400, "Please wait a few minutes before attempting to register this phone number"),
    (133_016, 400, "Account register deregister rate limit exceeded"),
    (134_011, 400, "WhatsApp Payments terms of service has not been accepted"),
    (135_000, 400, "Generic user error"),
    (137_000, 400, "Identity key hash does not match"),
    (139_100, 400, "Failed to block or unblock users"),
    (139_101, 400, "Block list limit reached"),
    (139_102, 400, "Block list is being changed"),
    (139_103, 400, "Internal error of the block list"),
    (2_388_023, 400, "Message template language is being deleted"),
    (2_388_024, 400, "Message template already exists"),
    (2_494_100, 503, "Server in maintenance"),
    (2_593_107, 400, "Synchronization request limit exceeded"),
    (2_593_108, 400, "Synchronization request made outside of allowed time window"),
    (2_593_109, 400, "History sync is turned off by the business from the WhatsApp Business App"),
];

/// HTTP status and title of a code; permissions (200 to 299) are 403, unlisted codes 400.
pub(crate) fn known(code: u32) -> (u16, &'static str) {
    match TABLE.iter().find(|(listed, ..)| *listed == code) {
        Some((_, http, title)) => (*http, title),
        None if (200..300).contains(&code) => (403, "API Permission"),
        None => (400, "Unknown error"),
    }
}

/// What `error_data.details` says if nothing more exact is known.
pub(crate) fn details(code: u32) -> &'static str {
    match code {
        131_047 => {
            "Message failed to send because more than 24 hours have passed since the customer last \
             replied to this number."
        }
        other => known(other).1,
    }
}

/// A refused call.
#[derive(Debug, PartialEq)]
pub(crate) struct MetaError {
    pub(crate) code: u32,
    pub(crate) http: u16,
    subcode: Option<u32>,
    message: String,
    kind: &'static str,
    details: String,
    /// Seconds in `Retry-After`.
    pub(crate) retry_after_s: Option<u64>,
}

impl MetaError {
    /// A code with its own details.
    pub(crate) fn new(code: u32, details: impl Into<String>) -> Self {
        let (http, title) = known(code);
        // Meta writes the code in front of the title but for token errors.
        let message = if code == 190 { title.to_owned() } else { format!("(#{code}) {title}") };
        let details = details.into();
        Self {
            code,
            http,
            subcode: None,
            message,
            kind: "OAuthException",
            details,
            retry_after_s: None,
        }
    }

    /// A code with its usual details.
    pub(crate) fn known(code: u32) -> Self {
        Self::new(code, details(code))
    }

    /// The same, with a pause that the answer names.
    pub(crate) fn after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// A fault that was ordered: 429, 500 and 503 are HTTP statuses, all else Meta's codes.
    pub(crate) fn ordered(fault: u32) -> Self {
        match fault {
            429 => Self { http: 429, ..Self::known(130_429) }.after(1),
            500 => Self { http: 500, ..Self::known(131_000) },
            503 => Self { http: 503, ..Self::known(131_016) },
            code => Self::known(code),
        }
    }

    /// No such object, or no such thing to do with it.
    pub(crate) fn unsupported_path(method: &str) -> Self {
        let verb = method.to_ascii_lowercase();
        Self {
            subcode: Some(33),
            message: format!(
                "Unsupported {verb} request. Object does not exist, cannot be loaded due to missing \
                 permissions, or does not support this operation."
            ),
            kind: "GraphMethodException",
            ..Self::known(100)
        }
    }

    /// Meta's JSON, with a trace id made of these bytes.
    pub(crate) fn body(&self, trace: &[u8]) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": format!("A{}", URL_SAFE_NO_PAD.encode(trace)),
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        json!({"error": error})
    }
}

#[cfg(test)]
mod tests {
    use super::{MetaError, TABLE, known};

    #[test]
    fn ordered_faults_have_the_fixed_pairs() {
        let pair = |fault| {
            let error = MetaError::ordered(fault);
            (error.http, error.code)
        };
        assert_eq!(pair(429), (429, 130_429));
        assert_eq!(pair(500), (500, 131_000));
        assert_eq!(pair(503), (503, 131_016));
        assert_eq!(pair(130_429), (400, 130_429));
        assert_eq!(pair(190), (401, 190));
        assert_eq!(pair(250), (403, 250));
        assert_eq!(pair(999_999), (400, 999_999));
    }

    #[test]
    fn the_table_is_sorted_without_repeats() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(known(131_047), (400, "Re-engagement message"));
    }

    #[test]
    fn the_body_has_metas_keys() {
        let body = MetaError::known(131_047).body(&[0; 17]);
        let error = &body["error"];
        assert_eq!(error["message"], "(#131047) Re-engagement message");
        assert_eq!(error["type"], "OAuthException");
        assert_eq!(error["code"], 131_047);
        assert!(error["error_data"]["details"].as_str().unwrap().contains("24 hours"));
        assert_eq!(error["fbtrace_id"].as_str().unwrap().len(), 24);
    }
}
