//! Who may see what: assigned to me, unassigned if the workspace permits, all for managers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use serde_json::Value;

use crate::agents::outcome::{Actor, Role};
use crate::desk::options::{Options, masked};
use crate::desk::rights::{Right, Rights};
use crate::store::conversations::{Sight, scope_of};
use crate::store::workspaces::{self, Workspace};
use crate::store::{Sql, StoreError, teams};
use crate::support::keys::sha256;

/// Somebody who reads, with the rules that hold for them now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Who reads.
    pub actor: Actor,
    /// What they may see.
    pub sight: Sight,
    /// They see only the end of customers' numbers.
    pub masks: bool,
}

impl Reader {
    /// By the actor's role and teams and the workspace's options.
    pub fn new(sql: &Sql, actor: Actor, workspace: &Workspace) -> Result<Self, StoreError> {
        let teams = teams::of_member(sql, &actor.member)?;
        Self::with(actor, workspace, teams)
    }

    fn with(actor: Actor, workspace: &Workspace, teams: Vec<String>) -> Result<Self, StoreError> {
        let rights = Rights::of(workspace)?;
        let all = rights.allow(actor.role, Right::SeeAll);
        let unassigned = all
            || workspace.members_see_unassigned
            || rights.allow(actor.role, Right::SeeUnassigned);
        let masks = actor.role == Role::Employee && Options::of(workspace)?.masked_numbers;
        let sight = Sight { all, unassigned, member: actor.member.clone(), teams };
        Ok(Self { actor, sight, masks })
    }

    /// Hides from a contact's object what this reader may not see.
    pub(crate) fn mask(&self, contact: &mut Value) {
        if !self.masks {
            return;
        }
        if let Some(phone) = contact.get_mut("phone")
            && let Some(text) = phone.as_str()
        {
            *phone = masked(text).into();
        }
    }

    /// Whether a conversation with this scope may be seen.
    pub fn may_see(&self, scope: &str) -> bool {
        self.sight.sees(scope)
    }

    /// Stands in cursors: moves when what is seen changes otherwise than by rows of the line.
    pub fn fingerprint(&self) -> String {
        let Sight { all, unassigned, member, teams } = &self.sight;
        let text = format!("{member} {all} {unassigned} {} {}", self.masks, teams.join(" "));
        let hash = sha256(text.as_bytes());
        URL_SAFE_NO_PAD.encode(hash.get(..6).unwrap_or(&hash))
    }
}

/// Whether the actor may see, and so answer in, this conversation; false if there is none.
pub fn may_see(sql: &Sql, actor: &Actor, conversation: &str) -> Result<bool, StoreError> {
    let Some(scope) = scope_of(sql, &actor.workspace, conversation)? else { return Ok(false) };
    let workspace = workspaces::get(sql, &actor.workspace)?;
    Ok(Reader::new(sql, actor.clone(), &workspace)?.may_see(&scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(role: Role, members_see_unassigned: bool, teams: &[&str]) -> Reader {
        let workspace = Workspace { members_see_unassigned, ..Workspace::sample() };
        let actor = Actor { workspace: "w".into(), member: "m1".into(), device: "d".into(), role };
        let teams = teams.iter().map(|team| (*team).to_owned()).collect();
        Reader::with(actor, &workspace, teams).unwrap()
    }

    #[test]
    fn each_role_sees_its_scopes() {
        for (role, option, unassigned, mine, other, team) in [
            (Role::Owner, false, true, true, true, true),
            (Role::Manager, false, true, true, true, true),
            (Role::Employee, true, true, true, false, false),
            (Role::Employee, false, false, true, false, false),
        ] {
            let scopes = ["unassigned", "member:m1", "member:m2", "team:t1"];
            let seen = scopes.map(|scope| reader(role, option, &[]).may_see(scope));
            assert_eq!(seen, [unassigned, mine, other, team], "{role:?} {option}");
            let in_team = reader(role, option, &["t0", "t1"]);
            assert_eq!(scopes.map(|scope| in_team.may_see(scope)), [unassigned, mine, other, true]);
        }
    }

    #[test]
    fn the_fingerprint_moves_with_the_rules() {
        let open = reader(Role::Employee, true, &[]).fingerprint();
        assert_eq!(open, reader(Role::Employee, true, &[]).fingerprint());
        assert_ne!(open, reader(Role::Employee, false, &[]).fingerprint());
        assert_ne!(open, reader(Role::Manager, true, &[]).fingerprint());
        assert_ne!(open, reader(Role::Employee, true, &["t"]).fingerprint());
        let masks = Reader { masks: true, ..reader(Role::Employee, true, &[]) };
        assert_ne!(open, masks.fingerprint());
    }
}
