//! What Meta's window tells the browser, and the browser us: read, pure (whatsapp.md 5.5, 3).

use serde_json::Value;

use super::refusals;
use crate::meta::payload::values::{id, int, word};

/// What the window told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is through; the number may be missing.
    Finished {
        /// The account.
        waba_id: String,
        /// The number, if it was named.
        phone_number_id: Option<String>,
    },
    /// The owner left, at this step of the window's.
    Left {
        /// Meta's word for the step.
        at: Option<String>,
    },
    /// It ended in a way that connects no number.
    Refused {
        /// A word of [`refusals`].
        cause: &'static str,
        /// Meta's code.
        code: Option<i64>,
    },
}

/// Reads `{type: "WA_EMBEDDED_SIGNUP", event, data}`; none if it is no such thing.
pub(crate) fn read(message: &Value) -> Option<Told> {
    let event = message.get("event").and_then(Value::as_str)?;
    let data = message.get("data").unwrap_or(&Value::Null);
    let code = int(data.get("error_id")).or_else(|| int(data.get("error_code")));
    Some(match event {
        "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING" | "FINISH" => match id(data.get("waba_id")) {
            Some(waba_id) => {
                Told::Finished { waba_id, phone_number_id: id(data.get("phone_number_id")) }
            }
            None => Told::Refused { cause: refusals::NO_NUMBER, code: None },
        },
        // Through, but without a number that is on a phone.
        _ if event.starts_with("FINISH") => {
            Told::Refused { cause: refusals::NO_NUMBER, code: None }
        }
        "CANCEL" if code.is_none() => {
            Told::Left { at: data.get("current_step").and_then(Value::as_str).map(word) }
        }
        "CANCEL" | "ERROR" => Told::Refused {
            cause: code.and_then(refusals::of_code).unwrap_or(refusals::OTHER),
            code,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_end_of_the_window_is_understood() {
        let finished = |data: Value| {
            read(
                &json!({"type": "WA_EMBEDDED_SIGNUP", "event": "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING", "data": data}),
            )
        };
        assert_eq!(
            finished(json!({"waba_id": "7", "phone_number_id": 4242})),
            Some(Told::Finished { waba_id: "7".into(), phone_number_id: Some("4242".into()) })
        );
        assert_eq!(
            finished(json!({"waba_id": 7})),
            Some(Told::Finished { waba_id: "7".into(), phone_number_id: None })
        );
        let none = Some(Told::Refused { cause: "no_number", code: None });
        assert_eq!(finished(json!({})), none);
        for event in ["FINISH_ONLY_WABA", "FINISH_GRANT_ONLY_API_ACCESS", "FINISH_OBO_MIGRATION"] {
            assert_eq!(read(&json!({"event": event, "data": {"waba_id": "7"}})), none, "{event}");
        }
        assert_eq!(
            read(&json!({"event": "CANCEL", "data": {"current_step": "PHONE_NUMBER_SETUP"}})),
            Some(Told::Left { at: Some("PHONE_NUMBER_SETUP".into()) })
        );
        for (code, cause) in
            [("2655111", "not_eligible"), ("3441003", "qr_left_out"), ("5", "refused")]
        {
            let told =
                read(&json!({"event": "CANCEL", "data": {"error_message": "m", "error_id": code}}));
            assert_eq!(told, Some(Told::Refused { cause, code: code.parse().ok() }));
        }
        assert_eq!(read(&json!({"event": "SOMETHING"})), None);
        assert_eq!(read(&json!("x")), None);
    }
}
