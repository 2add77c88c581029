//! Fields about templates, quality, names and limits (whatsapp.md 1.5).
//!
//! What is understood becomes one [`Fact`]: which account, about what, Meta's word for it, and a few
//! named particulars. It replaces an older fact about the same thing. Nothing of it is of a person.

use serde_json::{Map, Value};

use super::Thing;
use super::people;
use super::read::Place;
use super::values::{id, int, text, time_ms, word};

/// Longest text of Meta's that is kept, in characters: an explanation for the office, never a log.
const TEXT_MAX: usize = 500;

/// What Meta told about an account, a number or a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    /// The WhatsApp Business Account.
    pub(crate) waba_id: String,
    /// Meta's name of the field.
    pub(crate) field: String,
    /// Digits of the number that it is about.
    pub(crate) number: Option<String>,
    /// Meta's id of the template (or other thing) that it is about; empty for the account itself.
    pub(crate) subject: String,
    /// Meta's word: `PAUSED`, `GREEN`, `APPROVED` for example.
    pub(crate) word: String,
    /// Named particulars: words, numbers, short texts.
    pub(crate) details: Map<String, Value>,
    /// When, ms UTC.
    pub(crate) at: Option<i64>,
}

/// Where a field has its word, its subject and what else is worth keeping.
struct Shape {
    field: &'static str,
    /// The first of these that is there is the word.
    word: &'static [&'static str],
    subject: &'static [&'static str],
    /// JSON pointers below the value; the last part is the name of the particular.
    details: &'static [&'static str],
}

const SHAPES: [Shape; 11] = [
    Shape {
        field: "message_template_status_update",
        word: &["/event"],
        subject: &["/message_template_id"],
        details: &[
            "/message_template_name",
            "/message_template_language",
            "/message_template_category",
            "/reason",
            "/disable_info/disable_date",
            "/other_info/title",
            "/other_info/description",
            "/rejection_info/recommendation",
        ],
    },
    Shape {
        field: "message_template_quality_update",
        word: &["/new_quality_score"],
        subject: &["/message_template_id"],
        details: &[
            "/previous_quality_score",
            "/message_template_name",
            "/message_template_language",
        ],
    },
    Shape {
        field: "message_template_components_update",
        word: &["/event"],
        subject: &["/message_template_id"],
        details: &["/message_template_name", "/message_template_language"],
    },
    Shape {
        field: "template_category_update",
        word: &["/new_category", "/correct_category"],
        subject: &["/message_template_id"],
        details: &[
            "/previous_category",
            "/correct_category",
            "/message_template_name",
            "/message_template_language",
        ],
    },
    Shape {
        field: "phone_number_quality_update",
        word: &["/event"],
        subject: &[],
        details: &["/current_limit", "/old_limit", "/max_daily_conversations_per_business"],
    },
    Shape {
        field: "business_capability_update",
        word: &["/max_daily_conversations_per_business", "/max_daily_conversation_per_phone"],
        subject: &[],
        details: &[
            "/max_daily_conversations_per_business",
            "/max_daily_conversation_per_phone",
            "/max_phone_numbers_per_business",
            "/max_phone_numbers_per_waba",
        ],
    },
    Shape {
        field: "phone_number_name_update",
        word: &["/decision"],
        subject: &[],
        details: &["/requested_verified_name", "/rejection_reason"],
    },
    Shape {
        field: "account_alerts",
        word: &["/alert_type", "/alert_info/alert_type"],
        subject: &["/entity_id"],
        details: &[
            "/alert_severity",
            "/alert_info/alert_severity",
            "/alert_status",
            "/alert_info/alert_status",
            "/alert_description",
            "/alert_info/alert_description",
        ],
    },
    Shape { field: "account_review_update", word: &["/decision"], subject: &[], details: &[] },
    Shape { field: "security", word: &["/event"], subject: &[], details: &[] },
    Shape {
        field: "business_username_update",
        word: &["/status", "/event"],
        subject: &[],
        details: &["/username"],
    },
];

/// Fields that are known and need nothing done in Fieldline: kept in the raw body alone.
const NEUTRAL: [&str; 4] = ["partner_solutions", "flows", "calls", "payment_configuration_update"];

/// Reads a change of one of these fields; false if the field is none of them.
pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) -> bool {
    if NEUTRAL.contains(&place.field) || place.field.starts_with("group_") {
        things.push(place.leftover("", "kept_neutral"));
        return true;
    }
    let Some(shape) = SHAPES.iter().find(|shape| shape.field == place.field) else {
        return false;
    };
    things.push(
        read_one(shape, place.entry, value)
            .map_or_else(|reason| place.leftover("", reason), Thing::Fact),
    );
    true
}

fn read_one(shape: &Shape, entry: &Value, value: &Value) -> Result<Fact, &'static str> {
    let waba_id = id(entry.get("id")).ok_or("no_waba_id")?;
    let first = |pointers: &[&str]| pointers.iter().find_map(|at| id(value.pointer(at)));
    // The components' field names no event: that it came is the news.
    let said = first(shape.word).map(|said| word(&said)).filter(|said| !said.is_empty());
    let said = said.or_else(|| {
        (shape.field == "message_template_components_update").then(|| "CHANGED".into())
    });
    let subject = match shape.subject {
        [] => String::new(),
        pointers => first(pointers).map(|subject| word(&subject)).unwrap_or_default(),
    };
    if shape.field.contains("template") && subject.is_empty() {
        return Err("no_template_id");
    }
    let mut details = Map::new();
    for at in shape.details {
        let name = at.rsplit('/').next().unwrap_or(at);
        if let Some(particular) = particular(value.pointer(at)) {
            details.insert(name.to_owned(), particular);
        }
    }
    let number = id(value.get("display_phone_number")).or_else(|| id(value.get("phone_number")));
    Ok(Fact {
        waba_id,
        field: shape.field.to_owned(),
        number: number.and_then(|number| people::digits(&number)),
        subject,
        word: said.ok_or("no_word")?,
        details,
        at: time_ms(entry.get("time")),
    })
}

fn particular(value: Option<&Value>) -> Option<Value> {
    match value? {
        Value::String(_) => {
            text(value).map(|text| text.chars().take(TEXT_MAX).collect::<String>().into())
        }
        Value::Number(_) => int(value).map(Value::from),
        Value::Bool(said) => Some((*said).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use serde_json::json;

    fn things(field: &str, value: &Value) -> Vec<Thing> {
        let entry = json!({"id": "b", "time": 17, "changes": [{"field": field, "value": value}]});
        read(json!({"entry": [entry]}).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn each_field_has_its_word_and_its_subject() {
        let template = json!({"message_template_id": 594_425, "message_template_name": "hello",
            "message_template_language": "es"});
        let with = |more: &Value| {
            let mut value = template.clone();
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            value
        };
        let number = |more: &Value| {
            let mut value = json!({"display_phone_number": "+34 600"});
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            value
        };
        for (field, value, word, subject, details) in [
            (
                "message_template_status_update",
                with(
                    &json!({"event": "PAUSED", "reason": null, "other_info": {"title": "FIRST_PAUSE"}}),
                ),
                "PAUSED",
                "594425",
                json!({"message_template_name": "hello", "message_template_language": "es", "title": "FIRST_PAUSE"}),
            ),
            (
                "message_template_quality_update",
                with(&json!({"previous_quality_score": "GREEN", "new_quality_score": "YELLOW"})),
                "YELLOW",
                "594425",
                json!({"previous_quality_score": "GREEN", "message_template_name": "hello", "message_template_language": "es"}),
            ),
            (
                "message_template_components_update",
                template.clone(),
                "CHANGED",
                "594425",
                json!({"message_template_name": "hello", "message_template_language": "es"}),
            ),
            (
                "template_category_update",
                with(&json!({"previous_category": "UTILITY", "new_category": "MARKETING"})),
                "MARKETING",
                "594425",
                json!({"previous_category": "UTILITY", "message_template_name": "hello", "message_template_language": "es"}),
            ),
            (
                "phone_number_quality_update",
                number(
                    &json!({"event": "ONBOARDING", "max_daily_conversations_per_business": "TIER_250"}),
                ),
                "ONBOARDING",
                "",
                json!({"max_daily_conversations_per_business": "TIER_250"}),
            ),
            (
                "business_capability_update",
                json!({"max_daily_conversation_per_phone": -1, "max_phone_numbers_per_waba": 25}),
                "-1",
                "",
                json!({"max_daily_conversation_per_phone": -1, "max_phone_numbers_per_waba": 25}),
            ),
            (
                "phone_number_name_update",
                number(
                    &json!({"decision": "APPROVED", "requested_verified_name": "Bloom", "rejection_reason": null}),
                ),
                "APPROVED",
                "",
                json!({"requested_verified_name": "Bloom"}),
            ),
            (
                "account_alerts",
                json!({"entity_type": "BUSINESS", "entity_id": 7, "alert_info": {"alert_severity": "INFORMATIONAL", "alert_status": "NONE", "alert_type": "OBA_APPROVED", "alert_description": "d"}}),
                "OBA_APPROVED",
                "7",
                json!({"alert_severity": "INFORMATIONAL", "alert_status": "NONE", "alert_description": "d"}),
            ),
            ("account_review_update", json!({"decision": "APPROVED"}), "APPROVED", "", json!({})),
            (
                "security",
                number(&json!({"event": "PIN_CHANGED", "requester": "61555822107539"})),
                "PIN_CHANGED",
                "",
                json!({}),
            ),
            (
                "business_username_update",
                number(&json!({"status": "approved", "username": "bloom"})),
                "approved",
                "",
                json!({"username": "bloom"}),
            ),
        ] {
            let things = things(field, &value);
            let [Thing::Fact(fact)] = things.as_slice() else { panic!("{field} {things:?}") };
            assert_eq!((fact.word.as_str(), fact.subject.as_str()), (word, subject), "{field}");
            assert_eq!((fact.waba_id.as_str(), fact.at), ("b", Some(17_000)));
            assert_eq!(Value::Object(fact.details.clone()), details, "{field}");
        }
    }

    #[test]
    fn words_of_tomorrow_are_kept_and_neutral_fields_are_left() {
        let later = things("security", &json!({"event": "SOMETHING_NEW"}));
        assert!(matches!(later.as_slice(), [Thing::Fact(fact)] if fact.word == "SOMETHING_NEW"));
        for field in ["flows", "calls", "partner_solutions", "group_lifecycle_update"] {
            let things = things(field, &json!({"event": "X"}));
            assert!(
                matches!(things.as_slice(), [Thing::Leftover(l)] if l.reason == "kept_neutral")
            );
        }
        // A printed sample has a quality update under another field's name (whatsapp.md 0.23).
        let odd = things("message_template_status_update", &json!({"new_quality_score": "GREEN"}));
        assert!(matches!(odd.as_slice(), [Thing::Leftover(_)]));
    }
}
