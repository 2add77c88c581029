//! A channel as the office sees it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::meta::line::reading::Reading;
use crate::meta::line::state::{DAY_MS, Facts};
use crate::meta::onboarding::sync::Kind;
use crate::store::alerts::{self, Alert};
use crate::store::lines::{self, Address};
use crate::store::reports::{self, HandoverNews, ReportedError};
use crate::store::{Sql, StoreError, accounts, gauges, objects, onboardings};
use crate::wire::objects as wire;

/// WhatsApp ends a line after about so many days without its owner (whatsapp.md 4.1).
pub(super) const LIFE_DAYS: i64 = 14;

/// A channel's health; times ms UTC.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChannelHealth")]
pub(crate) struct Health {
    /// As phones see it.
    #[schemars(with = "wire::Channel")]
    channel: Value,
    /// Meta's id of the number.
    phone_number_id: String,
    /// Meta's id of the business account.
    waba_id: String,
    /// The owner's phone was last heard of then, or the number was connected then.
    alive_at: i64,
    /// Whole days since.
    quiet_days: i64,
    /// The line may end then.
    may_end_at: i64,
    /// Everything that stands, worst first.
    causes: Vec<Cause>,
    /// Whether anything holds what waits, and with which reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    holds: Option<&'static str>,
    /// Messages that wait for the channel.
    waiting: i64,
    /// The newest reading of Meta's phone node.
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<Reading>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<i64>,
    /// What Meta told about templates, quality, name and limits, newest first.
    #[schemars(with = "Vec<wire::AccountFact>")]
    facts: Vec<Value>,
    /// The calls that Meta takes once a connection.
    syncs: Vec<Sync>,
    /// The newest alerts.
    alerts: Vec<Alert>,
    /// Errors that Meta reported and that belong to no message, newest first.
    reported_errors: Vec<ReportedError>,
    /// Chats that a program of Meta's has or had, newest first.
    handovers: Vec<HandoverNews>,
    /// How this server keeps up with what Meta sends, all numbers together.
    webhooks: Webhooks,
}

#[derive(Debug, Serialize, JsonSchema)]
/// Something that stands; times ms UTC.
#[schemars(rename = "LineCause")]
struct Cause {
    #[serde(rename = "cause")]
    word: String,
    since: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whatsapp_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
/// A call that Meta takes once a connection; times ms UTC.
#[schemars(rename = "SyncCall")]
struct Sync {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<i64>,
    tried_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    whatsapp_code: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
/// How this server keeps up with what Meta sends.
#[schemars(rename = "WebhookHealth")]
struct Webhooks {
    /// Bodies that wait.
    waiting: i64,
    /// When the oldest of them came, ms UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_since: Option<i64>,
    /// Bodies that nobody could work off.
    failed: i64,
}

/// How many alerts, and how many handovers, come with a channel.
const NEWEST: i64 = 20;

/// The health of a channel at `now`.
pub(super) fn health(
    sql: &Sql,
    id: &str,
    address: &Address,
    facts: &Facts,
    now: i64,
) -> Result<Health, StoreError> {
    let channel = objects::channel_json(sql, id)?.ok_or(StoreError::Unexpected("channel"))?;
    let causes = facts.causes(now).into_iter().map(|(cause, since)| {
        let held = facts.held.iter().find(|held| held.cause == cause);
        Cause {
            reason: held.and_then(|held| held.reason.clone()),
            whatsapp_code: held.and_then(|held| held.code),
            ends_at: held.and_then(|held| held.ends_at),
            word: cause,
            since,
        }
    });
    let reading = lines::reading(sql, id)?;
    let mut syncs = Vec::new();
    for kind in [Kind::Contacts, Kind::History] {
        if let Some(call) = onboardings::sync_call(sql, id, kind)? {
            syncs.push(Sync {
                kind: kind.word(),
                accepted_at: call.accepted_at,
                tried_at: call.tried_at,
                whatsapp_code: call.code,
            });
        }
    }
    let gauges = gauges::take_webhooks(sql)?;
    Ok(Health {
        channel,
        phone_number_id: address.phone_number_id.clone(),
        waba_id: address.waba_id.clone(),
        alive_at: facts.alive_at(),
        quiet_days: facts.quiet_days(now),
        may_end_at: facts.alive_at().saturating_add(LIFE_DAYS * DAY_MS),
        causes: causes.collect(),
        holds: crate::meta::line::stopped(sql, id)?.map(|stop| stop.reason),
        waiting: lines::waiting(sql, id)?,
        read_at: reading.as_ref().map(|(at, _)| *at),
        reading: reading.map(|(_, reading)| reading),
        facts: accounts::facts(sql, &address.waba_id, &address.digits)?,
        syncs,
        alerts: alerts::newest_of(sql, id, NEWEST)?,
        reported_errors: reports::errors_of(sql, id)?,
        handovers: reports::handovers_of(sql, id, NEWEST)?,
        webhooks: Webhooks {
            waiting: gauges.pending,
            waiting_since: gauges.oldest_pending,
            failed: gauges.in_trouble.iter().map(|(_, count)| count).sum(),
        },
    })
}
