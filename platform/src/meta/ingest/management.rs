//! News about templates, quality, names and limits: kept as facts, and told where somebody must act.

use super::account::concerned;
use super::{Body, Left};
use crate::meta::line::{self, causes};
use crate::meta::payload::Fact;
use crate::meta::templates::{self, News};
use crate::store::accounts::Concerned;
use crate::store::{StoreError, WriteTx, accounts, alerts, lines};

/// Words that owner and managers are told of: field, word, kind of the alert. `*` = any word.
const TOLD: [(&str, &str, &str); 9] = [
    ("message_template_status_update", "PAUSED", "template_paused"),
    ("message_template_status_update", "DISABLED", "template_disabled"),
    ("message_template_status_update", "REJECTED", "template_rejected"),
    ("message_template_status_update", "FLAGGED", "template_flagged"),
    ("phone_number_quality_update", "FLAGGED", "quality_flagged"),
    ("phone_number_name_update", "REJECTED", "name_rejected"),
    ("account_review_update", "REJECTED", "review_rejected"),
    ("account_alerts", "*", "account_alert"),
    ("security", "*", "security"),
];

impl Body<'_> {
    /// A fact.
    pub(super) fn fact(
        &mut self,
        tx: &mut WriteTx<'_>,
        fact: &Fact,
    ) -> Result<Option<Left>, StoreError> {
        let concerned = match concerned(tx, &fact.waba_id, fact.number.as_deref())? {
            Ok(concerned) => concerned,
            Err(left) => return Ok(Some(left)),
        };
        let at = self.at(fact.at);
        // Under the number as we print it, so that it is found again.
        let mut fact = fact.clone();
        if fact.number.is_some() {
            fact.number = concerned.first().map(|channel| channel.digits.clone());
        }
        if !accounts::keep_fact(tx.sql(), &fact, at)? {
            return Ok(Some("older_fact"));
        }
        if let Some(news) = template_news(&fact) {
            templates::status(tx, &fact.waba_id, &fact.subject, news)?;
        }
        if fact.field == "phone_number_name_update" && fact.word == "APPROVED" {
            self.name_approved(tx, &concerned, at)?;
        }
        let told = TOLD
            .iter()
            .find(|(field, word, _)| *field == fact.field && (*word == "*" || *word == fact.word));
        if let Some((_, _, kind)) = told {
            for channel in &concerned {
                alerts::tell(tx, &channel.workspace, &channel.channel, kind, 0, at, false)?;
            }
        }
        Ok(None)
    }

    /// Meta has approved the display name: what it held back for that goes on.
    fn name_approved(
        &mut self,
        tx: &mut WriteTx<'_>,
        concerned: &[Concerned],
        at: i64,
    ) -> Result<(), StoreError> {
        for channel in concerned {
            let held = lines::held(tx.sql(), &channel.channel)?;
            let cause = causes::NAME_NOT_APPROVED;
            if held.iter().any(|held| held.cause == cause && held.since <= at) {
                line::lift(tx, self.marks, &channel.channel, Some(cause))?;
            }
        }
        Ok(())
    }
}

/// What a fact says of a template, if it is about one.
fn template_news(fact: &Fact) -> Option<News<'_>> {
    match fact.field.as_str() {
        "message_template_status_update" => {
            let reason = fact.details.get("reason").and_then(serde_json::Value::as_str);
            Some(News::Status(&fact.word, reason))
        }
        "message_template_quality_update" => Some(News::Quality(&fact.word)),
        "message_template_components_update" => Some(News::Components),
        "template_category_update" => Some(News::Category(&fact.word)),
        _ => None,
    }
}
