//! Troubleshooting as live checks with verdicts (experience.md S23).

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::channel;
use super::view::LIFE_DAYS;
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::session::Caller;
use crate::meta::ask::{Refusal, ask};
use crate::meta::graph::GraphRequest;
use crate::meta::line::causes::{self, Shows};
use crate::meta::line::reading::Reading;
use crate::meta::line::state::{Facts, ImportStage, WARN_DAYS};
use crate::meta::line::worker;
use crate::meta::onboarding::own_address::{self, Way};
use crate::meta::onboarding::refusals;
use crate::meta::onboarding::subscriptions::{self, Subscription};
use crate::meta::payload::values::{id, items};
use crate::state::AppState;
use crate::store::lines;
use crate::store::lines::Address;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// All is well.
    Ok,
    /// It needs somebody, in time.
    Warn,
    /// It does not work.
    Bad,
    /// Nobody could tell just now.
    Unknown,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct Check {
    /// What was looked at, a stable word.
    #[serde(rename = "check")]
    name: &'static str,
    /// How it is.
    verdict: Verdict,
    /// ms UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    /// A stable word.
    detail: String,
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { name, verdict, since: None, detail: detail.into() }
    }

    fn since(self, at: i64) -> Self {
        Self { since: Some(at), ..self }
    }
}

/// All of them, made at one moment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Checks {
    /// ms UTC.
    at: i64,
    /// Each of them.
    checks: Vec<Check>,
}

/// `GET /v1/office/channels/{id}/checks`: asks Meta now.
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Checks>, ApiError> {
    let address = channel(&state, &caller, &id).await?;
    let reading = worker::read_now(&state, &id).await?;
    let subscription = match &state.settings.app_id {
        Some(app_id) => Some(subscriptions::look(&state, app_id).await),
        None => None,
    };
    let subscribed = account(&state, &address).await;
    let found = {
        let id = id.clone();
        state.store.read(move |sql| lines::facts(sql, &id)).await?
    };
    let (_, facts) = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let at = state.ports.clock.now_ms();
    let way = match &state.settings.public_url {
        Some(_) => Some(own_address::test(&state).await),
        None => None,
    };
    let mut checks =
        vec![webhooks(subscription.as_ref()), address_check(way), account_check(subscribed)];
    checks.extend(of_reading(&reading, &facts));
    checks.extend(of_facts(&facts, at));
    Ok(Json(Checks { at, checks }))
}

/// Whether the account sends its webhooks to our app; where ours is not known, to any, as far as our
/// token may see.
async fn account(state: &AppState, address: &Address) -> Result<bool, Refusal> {
    let token = worker::open(state, &address.token_sealed).ok_or(Refusal::NotSent)?;
    let path = format!("/{}/subscribed_apps", address.waba_id);
    let answer = ask(state.ports.graph.as_ref(), GraphRequest::get(path, token)).await?;
    Ok(sends_to(&answer, state.settings.app_id.as_deref()))
}

/// Whether `app_id`, or any app without one, is among the subscribed.
fn sends_to(answer: &Value, app_id: Option<&str>) -> bool {
    items(answer.get("data")).iter().any(|one| {
        let app = one.pointer("/whatsapp_business_api_data/id");
        app_id.is_none_or(|ours| id(app).as_deref() == Some(ours))
    })
}

fn webhooks(subscription: Option<&Result<Subscription, Refusal>>) -> Check {
    const NAME: &str = "webhooks";
    match subscription {
        None => Check::new(NAME, Verdict::Unknown, "not_configured"),
        Some(Err(refusal)) => Check::new(NAME, Verdict::Unknown, refusals::of(*refusal).0),
        Some(Ok(it)) if it.is_whole() => Check::new(NAME, Verdict::Ok, "subscribed"),
        Some(Ok(it)) if !it.is_ours => Check::new(NAME, Verdict::Bad, "another_address"),
        Some(Ok(it)) if !it.active => Check::new(NAME, Verdict::Bad, "switched_off"),
        Some(Ok(it)) => Check::new(NAME, Verdict::Bad, format!("missing:{}", it.missing.join(","))),
    }
}

/// Whether what is sent to our public address comes to us.
fn address_check(way: Option<Way>) -> Check {
    const NAME: &str = "address";
    match way {
        None => Check::new(NAME, Verdict::Bad, "no_public_url"),
        Some(Way::Back) => Check::new(NAME, Verdict::Ok, Way::Back.word()),
        Some(Way::Refused(status)) => Check::new(NAME, Verdict::Bad, format!("refused:{status}")),
        Some(way) => Check::new(NAME, Verdict::Bad, way.word()),
    }
}

fn account_check(subscribed: Result<bool, Refusal>) -> Check {
    const NAME: &str = "account";
    match subscribed {
        Ok(true) => Check::new(NAME, Verdict::Ok, "subscribed"),
        Ok(false) => Check::new(NAME, Verdict::Bad, "not_subscribed"),
        Err(refusal) => Check::new(NAME, Verdict::Unknown, refusals::of(refusal).0),
    }
}

/// What the phone node tells: token, app, payment, quality. Without it they are unknown since the
/// last reading, and never well.
fn of_reading(reading: &Result<Reading, Refusal>, facts: &Facts) -> Vec<Check> {
    let unknown = |name, detail: &str| {
        let check = Check::new(name, Verdict::Unknown, detail);
        match facts.read_at {
            Some(at) => check.since(at),
            None => check,
        }
    };
    let reading = match reading {
        Ok(reading) => reading,
        Err(refusal) => {
            let (cause, _) = refusals::of(*refusal);
            let token = match cause {
                refusals::TOKEN => Check::new("token", Verdict::Bad, cause),
                refusals::PERMISSION => Check::new("token", Verdict::Warn, cause),
                _ => unknown("token", cause),
            };
            let mut checks = vec![token];
            checks.extend(["on_app", "payment", "quality"].map(|name| unknown(name, "not_read")));
            return checks;
        }
    };
    let on_app = match reading.on_app {
        Some(true) => Check::new("on_app", Verdict::Ok, "on_app"),
        Some(false) => Check::new("on_app", Verdict::Bad, causes::UNLINKED),
        None => unknown("on_app", "not_said"),
    };
    let held = facts.held.iter().find(|held| held.cause == causes::PAYMENT);
    let payment = match (held, reading.payment_trouble()) {
        (Some(held), _) => Check::new("payment", Verdict::Bad, causes::PAYMENT).since(held.since),
        (None, Some(true)) => Check::new("payment", Verdict::Bad, causes::PAYMENT),
        (None, Some(false)) => Check::new("payment", Verdict::Ok, "no_complaint"),
        (None, None) => unknown("payment", "not_said"),
    };
    let quality = match reading.quality.as_deref() {
        Some("GREEN") => Check::new("quality", Verdict::Ok, "green"),
        Some("YELLOW") => Check::new("quality", Verdict::Warn, "yellow"),
        Some("RED") => Check::new("quality", Verdict::Bad, "red"),
        Some(word) => unknown("quality", &word.to_lowercase()),
        None => unknown("quality", "not_said"),
    };
    vec![Check::new("token", Verdict::Ok, "valid"), on_app, payment, quality]
}

/// What we know ourselves: the line, the phone, the history, and what nobody will ever find.
fn of_facts(facts: &Facts, now: i64) -> Vec<Check> {
    let line = match facts.causes(now).into_iter().next() {
        None => Check::new("line", Verdict::Ok, "connected"),
        Some((cause, since)) => {
            let verdict = match (cause.as_str(), causes::shows(&cause)) {
                (causes::UNKNOWN, _) => Verdict::Unknown,
                (_, Shows::Disconnected) => Verdict::Bad,
                (_, Shows::Attention) => Verdict::Warn,
            };
            Check::new("line", verdict, cause).since(since)
        }
    };
    let days = facts.quiet_days(now);
    let warn = WARN_DAYS.into_iter().min().unwrap_or(LIFE_DAYS);
    let (verdict, detail) = match days {
        _ if facts.never_on_app => (Verdict::Unknown, "no_phone"),
        days if days >= LIFE_DAYS => (Verdict::Bad, "not_in_14_days"),
        days if days >= warn => (Verdict::Warn, "quiet"),
        _ => (Verdict::Ok, "seen"),
    };
    let phone = Check::new("phone_seen", verdict, detail).since(facts.alive_at());
    let import = &facts.import;
    let history = match import.stage(now) {
        ImportStage::None => Check::new("history", Verdict::Ok, "not_asked"),
        ImportStage::Running => {
            // Under a day old: it is still coming.
            let check = Check::new("history", Verdict::Ok, "running");
            match import.asked_at.or(import.first_at) {
                Some(at) => check.since(at),
                None => check,
            }
        }
        ImportStage::Done => Check::new("history", Verdict::Ok, "done"),
        ImportStage::Declined => Check::new("history", Verdict::Ok, refusals::HISTORY_DECLINED),
        ImportStage::NothingCame => Check::new("history", Verdict::Bad, "nothing_came"),
    };
    // Groups are never handed over (whatsapp.md 4.1): whoever looks for one shall know.
    vec![line, phone, history, Check::new("groups", Verdict::Ok, "never_mirrored")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::line::state::{DAY_MS, Held, Import};
    use serde_json::json;

    const NOW: i64 = 1_000 * DAY_MS;

    fn facts() -> Facts {
        Facts {
            connected_at: NOW - 99 * DAY_MS,
            last_sign_of_life: Some(NOW - 5),
            read_at: Some(NOW - 7),
            ..Facts::default()
        }
    }

    fn said(checks: &[Check]) -> Vec<String> {
        checks.iter().map(|c| format!("{} {:?} {}", c.name, c.verdict, c.detail)).collect()
    }

    #[test]
    fn all_well() {
        let reading = Reading {
            on_app: Some(true),
            quality: Some("GREEN".into()),
            can_send: Some("AVAILABLE".into()),
            ..Reading::default()
        };
        assert_eq!(
            said(&of_reading(&Ok(reading), &facts())),
            ["token Ok valid", "on_app Ok on_app", "payment Ok no_complaint", "quality Ok green"]
        );
        assert_eq!(
            said(&of_facts(&facts(), NOW)),
            [
                "line Ok connected",
                "phone_seen Ok seen",
                "history Ok not_asked",
                "groups Ok never_mirrored"
            ]
        );
    }

    #[test]
    fn without_a_reading_nothing_is_well() {
        let lost = of_reading(&Err(Refusal::Unanswered), &facts());
        assert!(lost.iter().all(|c| c.verdict == Verdict::Unknown && c.since == Some(NOW - 7)));
        let withdrawn = Refusal::Refused { status: 401, code: Some(190), subcode: None };
        assert_eq!(said(&of_reading(&Err(withdrawn), &facts()))[0], "token Bad access_withdrawn");
        let narrow = Refusal::Refused { status: 403, code: Some(10), subcode: None };
        assert_eq!(said(&of_reading(&Err(narrow), &facts()))[0], "token Warn permission_missing");
        let nothing = of_reading(&Ok(Reading::default()), &facts());
        assert!(nothing[1..].iter().all(|c| c.verdict == Verdict::Unknown));
    }

    #[test]
    fn each_fact_has_its_verdict() {
        for (days, expected) in
            [(9, "Ok seen"), (10, "Warn quiet"), (13, "Warn quiet"), (14, "Bad not_in_14_days")]
        {
            let quiet = Facts { last_sign_of_life: Some(NOW - days * DAY_MS), ..facts() };
            assert_eq!(said(&of_facts(&quiet, NOW))[1], format!("phone_seen {expected}"));
        }
        let held = |cause: &str| Held {
            cause: cause.into(),
            reason: None,
            code: None,
            since: 3,
            ends_at: None,
        };
        let down = Facts { held: vec![held("inactive")], ..facts() };
        assert_eq!(said(&of_facts(&down, NOW))[0], "line Bad inactive");
        let unpaid = Facts { held: vec![held("payment")], ..facts() };
        assert_eq!(said(&of_facts(&unpaid, NOW))[0], "line Warn payment");
        assert_eq!(said(&of_reading(&Ok(Reading::default()), &unpaid))[2], "payment Bad payment");
        for (import, expected) in [
            (Import { asked_at: Some(NOW - 5), ..Import::default() }, "history Ok running"),
            (
                Import { asked_at: Some(NOW - DAY_MS), ..Import::default() },
                "history Bad nothing_came",
            ),
            (Import { declined_at: Some(5), ..Import::default() }, "history Ok history_declined"),
            (
                Import { first_at: Some(5), last_at: Some(6), ..Import::default() },
                "history Ok done",
            ),
        ] {
            assert_eq!(said(&of_facts(&Facts { import, ..facts() }, NOW))[2], expected);
        }
    }

    #[test]
    fn the_account_of_another_app_is_none_of_ours() {
        let with = |id: Value| json!({"data": [{"whatsapp_business_api_data": {"id": id}}]});
        assert!(sends_to(&with(json!("77")), Some("77")) && sends_to(&with(json!(77)), Some("77")));
        assert!(!sends_to(&with(json!("78")), Some("77")));
        assert!(sends_to(&with(json!("78")), None));
        assert!(!sends_to(&json!({"data": []}), None));
    }

    #[test]
    fn subscriptions_are_named() {
        let it = |is_ours, active, missing: &[&'static str]| Subscription {
            is_ours,
            active,
            missing: missing.to_vec(),
        };
        for (subscription, expected) in [
            (Some(Ok(it(true, true, &[]))), "webhooks Ok subscribed"),
            (Some(Ok(it(false, true, &[]))), "webhooks Bad another_address"),
            (Some(Ok(it(true, false, &[]))), "webhooks Bad switched_off"),
            (Some(Ok(it(true, true, &["history"]))), "webhooks Bad missing:history"),
            (Some(Err(Refusal::Unanswered)), "webhooks Unknown unanswered"),
            (None, "webhooks Unknown not_configured"),
        ] {
            assert_eq!(said(&[webhooks(subscription.as_ref())]), [expected]);
        }
        assert_eq!(said(&[account_check(Ok(false))]), ["account Bad not_subscribed"]);
    }
}
