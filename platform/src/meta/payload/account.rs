//! `account_update`: the life of the business account at Meta (whatsapp.md 4.6).

use serde_json::Value;

use super::Thing;
use super::people;
use super::read::Place;
use super::values::{id, int, items, time_ms, word};

/// A limit that Meta has put on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Restriction {
    /// Meta's word, `RESTRICTED_BIZ_INITIATED_MESSAGING` for example.
    pub(crate) kind: String,
    /// Its end, ms UTC; none where it has none.
    pub(crate) until: Option<i64>,
}

/// An event in the life of an account. Its words are Meta's; unknown ones are normal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountNews {
    /// The WhatsApp Business Account that it is about: the one thing to route by.
    pub(crate) waba_id: String,
    /// Digits of the one number that it is about; none for all numbers of the account.
    pub(crate) number: Option<String>,
    /// `PARTNER_REMOVED` for example.
    pub(crate) event: String,
    /// When, ms UTC.
    pub(crate) at: Option<i64>,
    /// Why the number was disconnected, `PRIMARY_INACTIVITY` for example.
    pub(crate) reason: Option<String>,
    /// `USER` or `SYSTEM`.
    pub(crate) initiated_by: Option<String>,
    /// `DISABLE`, `REINSTATE` or `SCHEDULE_FOR_DISABLE`.
    pub(crate) ban_state: Option<String>,
    /// What the account broke, Meta's word.
    pub(crate) violation: Option<String>,
    /// Limits.
    pub(crate) restrictions: Vec<Restriction>,
}

/// Reads the value of such a change; its entry holds the time and, but for partner events, the WABA.
pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    things.push(read_one(place.entry, value).map_or_else(
        |reason| {
            let event = value.get("event").and_then(Value::as_str).map_or_else(String::new, word);
            place.leftover(&event, reason)
        },
        Thing::Account,
    ));
}

fn read_one(entry: &Value, value: &Value) -> Result<AccountNews, &'static str> {
    let event = value.get("event").and_then(Value::as_str).map(word).filter(|e| !e.is_empty());
    let event = event.ok_or("no_event")?;
    let info = value.get("waba_info");
    // With `waba_info` the entry names a business portfolio.
    let waba_id = id(info.and_then(|info| info.get("waba_id"))).or_else(|| id(entry.get("id")));
    let said = |value: Option<&Value>| value.and_then(Value::as_str).map(word);
    let disconnection = value.get("disconnection_info");
    let number = value.get("phone_number").or_else(|| value.get("display_phone_number"));
    Ok(AccountNews {
        waba_id: waba_id.ok_or("no_waba_id")?,
        number: id(number).and_then(|number| people::digits(&number)),
        event,
        at: time_ms(entry.get("time")).or_else(|| time_ms(value.get("timestamp"))),
        reason: said(disconnection.and_then(|d| d.get("reason"))),
        initiated_by: said(disconnection.and_then(|d| d.get("initiated_by"))),
        ban_state: said(value.get("ban_info").and_then(|b| b.get("waba_ban_state"))),
        violation: said(value.get("violation_info").and_then(|v| v.get("violation_type"))),
        restrictions: items(value.get("restriction_info"))
            .iter()
            .map(|restriction| Restriction {
                kind: said(restriction.get("restriction_type")).unwrap_or_default(),
                until: int(restriction.get("expiration"))
                    .filter(|until| *until > 0)
                    .and_then(|until| until.checked_mul(1_000)),
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use serde_json::json;

    fn news(entry: &Value) -> AccountNews {
        let things = read(json!({"entry": [entry]}).to_string().as_bytes()).unwrap();
        match things.as_slice() {
            [Thing::Account(news)] => news.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn change(value: &Value) -> Value {
        json!([{"field": "account_update", "value": value}])
    }

    #[test]
    fn both_forms_of_a_removed_partner_name_the_account() {
        let by_info = news(&json!({"id": "portfolio", "time": 17, "changes": change(&json!({
            "event": "PARTNER_REMOVED", "waba_info": {"waba_id": "b", "owner_business_id": "portfolio"},
            "disconnection_info": {"reason": "PRIMARY_INACTIVITY", "initiated_by": "SYSTEM"}}))}));
        assert_eq!((by_info.waba_id.as_str(), by_info.at), ("b", Some(17_000)));
        assert_eq!(by_info.reason.as_deref(), Some("PRIMARY_INACTIVITY"));
        let by_number = news(&json!({"id": "b", "time": "17", "changes": change(&json!({
            "event": "PARTNER_REMOVED", "phone_number": "34 600"}))}));
        assert_eq!((by_number.waba_id.as_str(), by_number.number.as_deref()), ("b", Some("34600")));
        assert_eq!((by_number.at, by_number.reason), (Some(17_000), None));
    }

    #[test]
    fn a_field_outside_the_changes_counts() {
        let value = json!({"event": "PARTNER_APP_INSTALLED", "waba_info": {"waba_id": 77}});
        for entry in [
            json!({"id": "p", "time": 1, "changes": [{"value": value}], "field": "account_update"}),
            json!({"id": "p", "time": 1, "field": "account_update", "value": value}),
        ] {
            assert_eq!(news(&entry).waba_id, "77");
        }
    }

    #[test]
    fn limits_have_ends_as_numbers_or_texts() {
        let news = news(&json!({"id": "b", "time": 1, "changes": change(&json!({
            "event": "ACCOUNT_RESTRICTION", "restriction_info": [
                {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1_800_000_000},
                {"restriction_type": "RESTRICTED_CUSTOMER_INITIATED_MESSAGING", "expiration": "1800000001"},
                {"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION", "expiration": "never"}]}))}));
        let ends: Vec<_> = news.restrictions.iter().map(|r| r.until).collect();
        assert_eq!(ends, [Some(1_800_000_000_000), Some(1_800_000_001_000), None]);
    }

    #[test]
    fn what_names_no_event_or_account_is_left() {
        for (entry, reason) in [
            (json!({"id": "b", "changes": change(&json!({"x": 1}))}), "no_event"),
            (json!({"changes": change(&json!({"event": "ACCOUNT_DELETED"}))}), "no_waba_id"),
        ] {
            let things = read(json!({"entry": [entry]}).to_string().as_bytes()).unwrap();
            assert!(matches!(things.as_slice(), [Thing::Leftover(left)] if left.reason == reason));
        }
    }
}
