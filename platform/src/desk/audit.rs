//! Who did what (experience.md D8): words and ids, never a text, a name or a number.

use crate::agents::outcome::Actor;
use crate::store::audit::{self, NewRow};
use crate::store::{StoreError, WriteTx};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who<'a> {
    /// A member, from one of their devices if it is known.
    Member {
        /// Member id.
        id: &'a str,
        /// Device id.
        device: Option<&'a str>,
    },
    /// Who runs the server.
    Operator,
    /// The platform itself: a clock, a rule.
    System,
}

impl<'a> From<&'a Actor> for Who<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self::Member { id: &actor.member, device: Some(&actor.device) }
    }
}

/// Adds a row: `what` was done to the object.
pub(crate) fn note<'a>(
    tx: &WriteTx<'_>,
    workspace: &str,
    who: impl Into<Who<'a>>,
    what: &str,
    object_kind: &str,
    object: &str,
) -> Result<(), StoreError> {
    let (actor, member, device) = match who.into() {
        Who::Member { id, device } => ("member", Some(id), device),
        Who::Operator => ("operator", None, None),
        Who::System => ("system", None, None),
    };
    audit::add(tx, &NewRow { workspace, actor, member, device, what, object_kind, object })
}
