//! The line between the owner's app and the Cloud API: on, off, limited (whatsapp.md 4.6, 5.5).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::agenda::Task;
use super::{Now, State};
use crate::control::input::ControlError;
use crate::webhooks::update::Update;

const DAY_TICKS: u64 = 24 * 3_600_000;
/// The owner must open the app about this often (whatsapp.md 4.1).
const QUIET_LIMIT: u64 = 14 * DAY_TICKS;
/// The portfolio in `entry[].id` of events about partners (whatsapp.md 1.1).
const PORTFOLIO_ID: &str = "506914307656634";

/// Restrictions that hold back templates, and all else.
const OF_TEMPLATES: &str = "RESTRICTED_BIZ_INITIATED_MESSAGING";
const OF_ANSWERS: &str = "RESTRICTED_CUSTOMER_INITIATED_MESSAGING";

/// A synchronisation that is asked for once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    Contacts,
    History,
}

/// What happens to the line: `POST /sim/owner/line`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineNews {
    /// A word of the table in the README, or any event of Meta's in capitals.
    pub event: String,
    /// Meta's reason of a disconnect, or the type of a restriction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For `quiet`: milliseconds until the line is cut for it; 14 days if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    /// More keys of `value`, over those that belong to the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Map<String, Value>>,
}

/// How the line stands.
#[derive(Debug)]
pub(crate) struct Line {
    on_app: bool,
    connected: bool,
    /// Meta's code that every send gets while the account is closed.
    closed: Option<u32>,
    /// The restrictions in force, by Meta's word.
    restrictions: Vec<String>,
    /// How often `/register` was called.
    pub(crate) registers: u32,
    onboarded_tick: u64,
    asked: Vec<Sync>,
    /// Counts what the owner did: a planned end of a quiet time knows whether it still holds.
    pub(crate) signs: u64,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            on_app: true,
            connected: true,
            closed: None,
            restrictions: Vec::new(),
            registers: 0,
            onboarded_tick: 0,
            asked: Vec::new(),
            signs: 0,
        }
    }
}

impl Line {
    pub(crate) fn on_app(&self) -> bool {
        self.on_app
    }

    pub(crate) fn registered(&mut self) {
        self.registers += 1;
        self.on_app = false;
    }

    /// Meta's code if a send cannot go.
    pub(crate) fn may_send(&self, template: bool) -> Result<(), u32> {
        match self.closed {
            Some(code) => Err(code),
            // 133010 on coexistence means that the owner disconnected (whatsapp.md 7).
            None if !self.connected => Err(133_010),
            None => {
                let kind = if template { OF_TEMPLATES } else { OF_ANSWERS };
                if self.restrictions.iter().any(|word| word == kind) { Err(368) } else { Ok(()) }
            }
        }
    }

    /// Each once within 24 hours of the onboarding: 2593107, 2593108 (whatsapp.md 5.5).
    pub(crate) fn ask_sync(&mut self, tick: u64, kind: Sync) -> Result<(), u32> {
        if tick.saturating_sub(self.onboarded_tick) >= DAY_TICKS {
            return Err(2_593_108);
        }
        if self.asked(kind) {
            return Err(2_593_107);
        }
        self.asked.push(kind);
        Ok(())
    }

    /// Whether a synchronisation was asked for since the onboarding.
    pub(crate) fn asked(&self, kind: Sync) -> bool {
        self.asked.contains(&kind)
    }

    fn cut(&mut self) {
        self.connected = false;
        self.on_app = false;
    }

    /// The owner scanned the code: everything begins anew, both synchronisations too.
    fn onboard(&mut self, tick: u64) {
        let registers = self.registers;
        *self = Self { registers, onboarded_tick: tick, signs: self.signs + 1, ..Self::default() };
    }
}

impl State {
    /// The owner did something on their phone: a quiet time is over.
    pub(crate) fn sign_of_life(&mut self) {
        self.line.signs += 1;
    }

    /// What `POST /sim/owner/line` does.
    pub(crate) fn line_news(&mut self, now: Now, news: &LineNews) -> Result<(), ControlError> {
        let number = self.settings.display_phone_number.clone();
        let waba = self.settings.waba_id_or_sample().to_owned();
        let about_partner =
            json!({"waba_info": {"waba_id": waba, "owner_business_id": PORTFOLIO_ID}});
        let removed = |reason: &str, by: &str| {
            json!({"event": "PARTNER_REMOVED", "phone_number": number,
                "waba_info": {"waba_id": waba, "owner_business_id": PORTFOLIO_ID},
                "disconnection_info": {"reason": reason, "initiated_by": by}})
        };
        let reason = news.reason.as_deref();
        let with_info = |event: &str| {
            let mut value = about_partner.clone();
            value["event"] = json!(event);
            value
        };
        let mut value = match news.event.as_str() {
            "quiet" => {
                let after = news.after_ms.unwrap_or(QUIET_LIMIT);
                let signs = self.line.signs;
                self.agenda.add(now.tick.saturating_add(after), Task::Inactive { signs });
                return Ok(());
            }
            "disconnect" => {
                self.line.cut();
                removed(reason.unwrap_or("ACCOUNT_DISCONNECTED"), "USER")
            }
            "inactive" => {
                self.line.cut();
                removed(reason.unwrap_or("PRIMARY_INACTIVITY"), "SYSTEM")
            }
            "offboard" => {
                self.line.cut();
                json!({"event": "ACCOUNT_OFFBOARDED", "phone_number": number})
            }
            "reconnect" => {
                // No second history comes with it (whatsapp.md 4.6).
                self.line.connected = true;
                self.line.on_app = true;
                self.sign_of_life();
                json!({"event": "ACCOUNT_RECONNECTED", "phone_number": number})
            }
            "restrict" => {
                let kind = reason.unwrap_or(OF_TEMPLATES);
                self.line.restrictions.push(kind.to_owned());
                json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": kind,
                    "expiration": (now.ms / 1_000).saturating_add(7 * 86_400)}]})
            }
            "disable" => {
                self.line.closed = Some(131_031);
                json!({"event": "DISABLED_UPDATE", "ban_info":
                    {"waba_ban_state": reason.unwrap_or("DISABLE"), "waba_ban_date": "November 24, 2026"}})
            }
            "reinstate" => {
                self.line.closed = None;
                self.line.restrictions.clear();
                json!({"event": "DISABLED_UPDATE",
                    "ban_info": {"waba_ban_state": "REINSTATE", "waba_ban_date": "November 24, 2026"}})
            }
            "violation" => json!({"event": "ACCOUNT_VIOLATION",
                "violation_info": {"violation_type": reason.unwrap_or("SPAM")}}),
            "delete" => {
                self.line.closed = Some(131_031);
                json!({"event": "ACCOUNT_DELETED"})
            }
            "partner_added" => {
                self.line.onboard(now.tick);
                with_info("PARTNER_ADDED")
            }
            "partner_removed" => {
                self.line.cut();
                with_info("PARTNER_REMOVED")
            }
            "app_installed" => with_info("PARTNER_APP_INSTALLED"),
            "app_uninstalled" => {
                self.line.cut();
                with_info("PARTNER_APP_UNINSTALLED")
            }
            other
                if !other.is_empty()
                    && other.chars().all(|c| c.is_ascii_uppercase() || c == '_') =>
            {
                json!({"event": other})
            }
            _ => return Err(ControlError::field("event", "is none of the words in the README")),
        };
        for (key, more) in news.value.iter().flatten() {
            value[key] = more.clone();
        }
        // Events about partners carry the portfolio in the entry (whatsapp.md 1.1).
        let of_portfolio = value.get("waba_info").is_some();
        let entry = if of_portfolio { PORTFOLIO_ID.to_owned() } else { waba };
        let change = json!({"field": "account_update", "value": value});
        self.enqueue(now, Update::timed(change, Some(entry), now.ms / 1_000));
        Ok(())
    }

    /// A quiet time is over: unless the owner did something meanwhile, WhatsApp cuts the line.
    pub(crate) fn end_quiet(&mut self, now: Now, signs: u64) {
        if self.line.signs == signs && self.line.connected {
            let news = LineNews { event: "inactive".to_owned(), ..LineNews::default() };
            // A word of the table: it is never refused.
            let _ = self.line_news(now, &news);
        }
    }
}
