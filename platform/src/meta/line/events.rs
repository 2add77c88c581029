//! What an event in the life of an account does to the line of a number: a table, and pure.
//!
//! Events come twice, late or never (whatsapp.md 4.6). So each belongs to a topic, and within a
//! topic only news that is newer than what was last applied counts.

use super::causes;
use crate::meta::payload::AccountNews;

/// What may not be overtaken by older news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Whether the number is on the owner's app.
    Connection,
    /// Whether Meta has disabled the account.
    Ban,
    /// What Meta has limited.
    Restriction,
    /// Whether the account is there at all.
    Existence,
    /// What the account broke. Apart from all that changes nothing, which must not make it old.
    Violation,
    /// Everything that changes nothing here.
    Other,
}

impl Topic {
    /// As stored.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Ban => "ban",
            Self::Restriction => "restriction",
            Self::Existence => "existence",
            Self::Violation => "violation",
            Self::Other => "other",
        }
    }
}

/// What is to be done with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Stop, or note something that stops nothing (no R reason).
    Hold {
        /// A word of [`causes`].
        cause: &'static str,
        /// R5, R11 or nothing.
        reason: Option<&'static str>,
        /// Its own end, ms UTC.
        ends_at: Option<i64>,
    },
    /// These causes are over.
    Lift(&'static [&'static str]),
    /// The number is on the owner's app again: its causes are over and a new connected period begins.
    Reconnected,
    /// Look at the phone node now: the event alone does not prove enough.
    Look,
    /// Tell owner and managers, once; nothing stands.
    Tell(&'static str),
}

/// Events that tell of prices, places and contracts: nothing follows from them here.
pub(crate) const INFORMATIONAL: [&str; 6] = [
    "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE",
    "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
    "VOLUME_BASED_PRICING_TIER_UPDATE",
    "MM_LITE_TERMS_SIGNED",
    "AD_ACCOUNT_LINKED",
    "PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE",
];

/// What an event says, as it is noted: two of one name and one second are a repeat only if they say
/// the same.
pub(crate) fn told(news: &AccountNews) -> String {
    let limits = news.restrictions.iter().map(|restriction| restriction.kind.as_str());
    let said = news.ban_state.as_deref().into_iter().chain(limits);
    said.fold(news.event.clone(), |told, word| format!("{told} {word}"))
}

/// The topic of an event and what it does. An event that is not known does nothing.
pub(crate) fn effects(news: &AccountNews) -> (Topic, Vec<Effect>) {
    match news.event.as_str() {
        // Somebody scanned the QR code: the onboarding that follows, or a look, proves the rest.
        "PARTNER_ADDED" | "PARTNER_APP_INSTALLED" => (Topic::Connection, vec![Effect::Look]),
        "PARTNER_REMOVED" => {
            let cause = disconnected(news.reason.as_deref());
            (Topic::Connection, vec![stop(cause, "R5")])
        }
        "PARTNER_APP_UNINSTALLED" => {
            (Topic::Connection, vec![stop(causes::ACCESS_WITHDRAWN, "R5")])
        }
        "ACCOUNT_OFFBOARDED" => (Topic::Connection, vec![stop(causes::REREGISTERING, "R5")]),
        "ACCOUNT_RECONNECTED" => (Topic::Connection, vec![Effect::Reconnected, Effect::Look]),
        "ACCOUNT_DELETED" => (Topic::Existence, vec![stop(causes::ACCOUNT_DELETED, "R5")]),
        "DISABLED_UPDATE" => (Topic::Ban, ban(news.ban_state.as_deref())),
        "ACCOUNT_RESTRICTION" => (Topic::Restriction, restrictions(news)),
        "ACCOUNT_VIOLATION" => (Topic::Violation, vec![Effect::Tell("violation")]),
        _ => (Topic::Other, Vec::new()),
    }
}

/// Whether an event says that a number is on the owner's app no more, or we have no access to it.
pub(crate) fn ends_connection(event: &str) -> bool {
    matches!(event, "PARTNER_REMOVED" | "PARTNER_APP_UNINSTALLED" | "ACCOUNT_OFFBOARDED")
}

const fn stop(cause: &'static str, reason: &'static str) -> Effect {
    Effect::Hold { cause, reason: Some(reason), ends_at: None }
}

/// Why a number was disconnected. Without a reason, Disconnect was chosen on the phone.
fn disconnected(reason: Option<&str>) -> &'static str {
    match reason {
        None | Some("ACCOUNT_DISCONNECTED") => causes::OWNER_DISCONNECTED,
        Some("BUSINESS_DOWNGRADE") => causes::DOWNGRADED,
        Some("CHANGE_NUMBER") => causes::NUMBER_CHANGED,
        Some("COMPANION_INACTIVITY" | "PRIMARY_INACTIVITY") => causes::INACTIVE,
        Some("USER_RE_REGISTERED") => causes::REREGISTERED,
        Some(_) => causes::REMOVED,
    }
}

fn ban(state: Option<&str>) -> Vec<Effect> {
    match state {
        Some("DISABLE") => {
            vec![Effect::Lift(&[causes::DISABLE_SCHEDULED]), stop(causes::DISABLED, "R11")]
        }
        Some("REINSTATE") => {
            vec![Effect::Lift(&[causes::DISABLED, causes::DISABLE_SCHEDULED])]
        }
        Some("SCHEDULE_FOR_DISABLE") => {
            vec![Effect::Hold { cause: causes::DISABLE_SCHEDULED, reason: None, ends_at: None }]
        }
        _ => vec![Effect::Tell("ban")],
    }
}

/// Answering is what an employee does: only its prohibition stops the line.
fn restrictions(news: &AccountNews) -> Vec<Effect> {
    if news.restrictions.is_empty() {
        return vec![Effect::Tell("restriction")];
    }
    let each = news.restrictions.iter().map(|restriction| match restriction.kind.as_str() {
        "RESTRICTED_CUSTOMER_INITIATED_MESSAGING" => Effect::Hold {
            cause: causes::RESTRICTED,
            reason: Some("R11"),
            ends_at: restriction.until,
        },
        "RESTRICTED_BIZ_INITIATED_MESSAGING" => {
            Effect::Hold { cause: causes::LIMITED, reason: None, ends_at: restriction.until }
        }
        _ => Effect::Tell("restriction"),
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::payload::Restriction;

    fn news(event: &str) -> AccountNews {
        AccountNews {
            waba_id: "b".into(),
            number: None,
            event: event.into(),
            at: Some(1),
            reason: None,
            initiated_by: None,
            ban_state: None,
            violation: None,
            restrictions: Vec::new(),
        }
    }

    fn text(news: &AccountNews) -> String {
        let (topic, effects) = effects(news);
        let each = effects.iter().map(|effect| match effect {
            Effect::Hold { cause, reason, ends_at } => {
                format!("hold {cause} {} {}", reason.unwrap_or("-"), ends_at.unwrap_or(0))
            }
            Effect::Lift(causes) => format!("lift {}", causes.join(",")),
            Effect::Reconnected => "reconnected".into(),
            Effect::Look => "look".into(),
            Effect::Tell(kind) => format!("tell {kind}"),
        });
        format!("{}: {}", topic.word(), each.collect::<Vec<_>>().join("; "))
    }

    /// Every event of whatsapp.md 4.6, and what comes of it.
    #[test]
    fn the_table_of_events() {
        for (event, expected) in [
            ("PARTNER_ADDED", "connection: look"),
            ("PARTNER_APP_INSTALLED", "connection: look"),
            ("PARTNER_APP_UNINSTALLED", "connection: hold access_withdrawn R5 0"),
            ("ACCOUNT_OFFBOARDED", "connection: hold reregistering R5 0"),
            ("ACCOUNT_RECONNECTED", "connection: reconnected; look"),
            ("ACCOUNT_DELETED", "existence: hold account_deleted R5 0"),
            ("ACCOUNT_VIOLATION", "violation: tell violation"),
            ("ACCOUNT_RESTRICTION", "restriction: tell restriction"),
            ("DISABLED_UPDATE", "ban: tell ban"),
            ("BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE", "other: "),
            ("AUTH_INTL_PRICE_ELIGIBILITY_UPDATE", "other: "),
            ("VOLUME_BASED_PRICING_TIER_UPDATE", "other: "),
            ("MM_LITE_TERMS_SIGNED", "other: "),
            ("AD_ACCOUNT_LINKED", "other: "),
            ("PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE", "other: "),
            ("A_WORD_OF_TOMORROW", "other: "),
        ] {
            assert_eq!(text(&news(event)), expected, "{event}");
        }
    }

    #[test]
    fn each_reason_of_a_disconnect_has_its_words() {
        for (reason, cause) in [
            (None, "owner_disconnected"),
            (Some("ACCOUNT_DISCONNECTED"), "owner_disconnected"),
            (Some("BUSINESS_DOWNGRADE"), "downgraded"),
            (Some("CHANGE_NUMBER"), "number_changed"),
            (Some("COMPANION_INACTIVITY"), "inactive"),
            (Some("PRIMARY_INACTIVITY"), "inactive"),
            (Some("USER_RE_REGISTERED"), "reregistered"),
            (Some("OF_TOMORROW"), "removed"),
        ] {
            let news = AccountNews { reason: reason.map(str::to_owned), ..news("PARTNER_REMOVED") };
            assert_eq!(text(&news), format!("connection: hold {cause} R5 0"));
        }
    }

    #[test]
    fn bans_and_limits_by_their_words() {
        for (state, expected) in [
            ("DISABLE", "ban: lift disable_scheduled; hold disabled R11 0"),
            ("REINSTATE", "ban: lift disabled,disable_scheduled"),
            ("SCHEDULE_FOR_DISABLE", "ban: hold disable_scheduled - 0"),
            ("OF_TOMORROW", "ban: tell ban"),
        ] {
            let news = AccountNews { ban_state: Some(state.into()), ..news("DISABLED_UPDATE") };
            assert_eq!(text(&news), expected);
        }
        for (kind, expected) in [
            ("RESTRICTED_BIZ_INITIATED_MESSAGING", "restriction: hold limited - 9"),
            ("RESTRICTED_CUSTOMER_INITIATED_MESSAGING", "restriction: hold restricted R11 9"),
            ("RESTRICTED_ADD_PHONE_NUMBER_ACTION", "restriction: tell restriction"),
            ("OF_TOMORROW", "restriction: tell restriction"),
        ] {
            let restrictions = vec![Restriction { kind: kind.into(), until: Some(9) }];
            let news = AccountNews { restrictions, ..news("ACCOUNT_RESTRICTION") };
            assert_eq!(text(&news), expected);
        }
    }
}
