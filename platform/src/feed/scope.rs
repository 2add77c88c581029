//! Who may see what: assigned to me, unassigned if the workspace permits, all for managers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::agents::outcome::{Actor, Role};
use crate::store::conversations::{Sight, scope_of};
use crate::store::workspaces::{self, Workspace};
use crate::store::{Sql, StoreError};
use crate::support::keys::sha256;

/// Somebody who reads, with the rules that hold for them now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Who reads.
    pub actor: Actor,
    /// What they may see.
    pub sight: Sight,
}

impl Reader {
    /// By the actor's role and the workspace's options.
    pub fn new(actor: Actor, workspace: &Workspace) -> Self {
        let all = matches!(actor.role, Role::Owner | Role::Manager);
        let unassigned = all || workspace.members_see_unassigned;
        let sight = Sight { all, unassigned, member: actor.member.clone() };
        Self { actor, sight }
    }

    /// Whether a conversation with this scope may be seen.
    pub fn may_see(&self, scope: &str) -> bool {
        self.sight.sees(scope)
    }

    /// Stands in cursors: moves when what is seen changes otherwise than by rows of the line.
    pub fn fingerprint(&self) -> String {
        let text = format!("{} {} {}", self.sight.member, self.sight.all, self.sight.unassigned);
        let hash = sha256(text.as_bytes());
        URL_SAFE_NO_PAD.encode(hash.get(..6).unwrap_or(&hash))
    }
}

/// Whether the actor may see, and so answer in, this conversation; false if there is none.
pub fn may_see(sql: &Sql, actor: &Actor, conversation: &str) -> Result<bool, StoreError> {
    let Some(scope) = scope_of(sql, &actor.workspace, conversation)? else { return Ok(false) };
    let workspace = workspaces::get(sql, &actor.workspace)?;
    Ok(Reader::new(actor.clone(), &workspace).may_see(&scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(role: Role, members_see_unassigned: bool) -> Reader {
        let workspace = Workspace {
            id: "w".into(),
            name: String::new(),
            epoch: "e".into(),
            version: 1,
            head_seq: 1,
            head_tag: String::new(),
            members_see_unassigned,
            greeting_texts: "[]".into(),
        };
        let actor = Actor { workspace: "w".into(), member: "m1".into(), device: "d".into(), role };
        Reader::new(actor, &workspace)
    }

    #[test]
    fn each_role_sees_its_scopes() {
        for (role, option, unassigned, mine, other, team) in [
            (Role::Owner, false, true, true, true, true),
            (Role::Manager, false, true, true, true, true),
            (Role::Employee, true, true, true, false, false),
            (Role::Employee, false, false, true, false, false),
        ] {
            let reader = reader(role, option);
            let seen =
                ["unassigned", "member:m1", "member:m2", "team:t1"].map(|s| reader.may_see(s));
            assert_eq!(seen, [unassigned, mine, other, team], "{role:?} {option}");
        }
    }

    #[test]
    fn the_fingerprint_moves_with_the_rules() {
        let open = reader(Role::Employee, true).fingerprint();
        assert_eq!(open, reader(Role::Employee, true).fingerprint());
        assert_ne!(open, reader(Role::Employee, false).fingerprint());
        assert_ne!(open, reader(Role::Manager, true).fingerprint());
    }
}
