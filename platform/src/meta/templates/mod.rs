//! Message templates: Meta holds them, we hold a copy (whatsapp.md 5.4, 1.5).
//!
//! - `fill`: a template as phones see it, and filled (pure)
//! - `list`: the worker that fetches each account's list
//! - [`http`]: the office's screen of them (experience.md D5)
//! - [`budget`]: how many management calls an account may make
//!
//! Phones hold the approved ones: one that is paused, disabled or deleted leaves their lists as
//! soon as a webhook or a list says so.

pub mod budget;
pub(crate) mod fill;
pub mod http;
pub(crate) mod list;

use serde_json::Value;

use crate::store::templates::{self, TemplateRow};
use crate::store::{ChangeKind, ChangeScope, Sql, StoreError, WriteTx};

/// Meta's word of a template that can be sent, in lower case.
const APPROVED: &str = "approved";

/// The approved templates of a workspace, as phones read them.
pub(crate) fn approved_json(sql: &Sql, workspace: &str) -> Result<Vec<Value>, StoreError> {
    let all = templates::all(sql, workspace)?;
    Ok(all.iter().filter(|template| template.status == APPROVED).map(fill::json).collect())
}

/// A template as phones read it, or none: then it is gone for them.
pub(crate) fn change_json(
    sql: &Sql,
    workspace: &str,
    id: &str,
) -> Result<Option<Value>, StoreError> {
    let found = templates::find(sql, workspace, id)?;
    Ok(found.filter(|template| template.status == APPROVED).as_ref().map(fill::json))
}

/// Writes a template, new or anew, and tells phones if they see a difference.
fn save(
    tx: &mut WriteTx<'_>,
    before: Option<&TemplateRow>,
    mut template: TemplateRow,
) -> Result<(), StoreError> {
    template.version = before.map_or(0, |before| before.version);
    if before == Some(&template) {
        return Ok(());
    }
    let held = before.is_some_and(|before| before.status == APPROVED);
    if held || template.status == APPROVED {
        template.version = tell(tx, &template, template.status != APPROVED)?;
    }
    templates::put(tx.sql(), &template, tx.now())
}

/// Deletes a template that Meta does not list any more.
fn remove(tx: &mut WriteTx<'_>, template: &TemplateRow) -> Result<(), StoreError> {
    if template.status == APPROVED {
        tell(tx, template, true)?;
    }
    templates::delete(tx.sql(), &template.id)
}

fn tell(tx: &mut WriteTx<'_>, template: &TemplateRow, gone: bool) -> Result<i64, StoreError> {
    let (workspace, id) = (&template.workspace, &template.id);
    if gone {
        tx.gone(workspace, &ChangeScope::Workspace, ChangeKind::Template, id)
    } else {
        tx.change(workspace, &ChangeScope::Workspace, ChangeKind::Template, id)
    }
}

/// What a webhook says of a template; each is Meta's own word.
#[derive(Debug, Clone, Copy)]
pub(crate) enum News<'n> {
    /// `message_template_status_update`: event and reason.
    Status(&'n str, Option<&'n str>),
    /// `message_template_quality_update`.
    Quality(&'n str),
    /// `template_category_update`.
    Category(&'n str),
    /// `message_template_components_update`: the list has to be fetched.
    Components,
}

/// Takes in what a webhook says of a template, by Meta's ids of account and template. What is new
/// or changed in its parts is in the list, which is fetched after the commit.
pub(crate) fn status(
    tx: &mut WriteTx<'_>,
    waba_id: &str,
    meta_id: &str,
    news: News<'_>,
) -> Result<(), StoreError> {
    let known = templates::by_meta_id(tx.sql(), meta_id)?;
    for before in &known {
        let mut after = before.clone();
        match news {
            News::Status(event, reason) => {
                let Some(status) = status_of(event) else { continue };
                after.status = status;
                after.reason = reason.filter(|reason| *reason != "NONE").map(str::to_owned);
            }
            News::Quality(word) => after.quality = Some(word.to_ascii_lowercase()),
            News::Category(word) => after.category = word.to_ascii_lowercase(),
            News::Components => {}
        }
        save(tx, Some(before), after)?;
    }
    list::due(tx, waba_id)
}

/// The status that an event leads to; none for one that tells of something else.
fn status_of(event: &str) -> Option<String> {
    match event.to_ascii_uppercase().as_str() {
        // A warning only: it can still be sent.
        "FLAGGED" => None,
        "REINSTATED" => Some(APPROVED.to_owned()),
        other => Some(other.to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_lead_to_a_status() {
        assert_eq!(status_of("APPROVED").as_deref(), Some("approved"));
        assert_eq!(status_of("REINSTATED").as_deref(), Some("approved"));
        assert_eq!(status_of("PAUSED").as_deref(), Some("paused"));
        assert_eq!(status_of("FLAGGED"), None);
        // A word of tomorrow: certainly not sendable by guess.
        assert_eq!(status_of("HIBERNATED").as_deref(), Some("hibernated"));
    }
}
