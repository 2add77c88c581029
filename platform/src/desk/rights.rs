//! Rights are lists, not hard-wired (experience.md S22): what each role may do is a list of
//! words, with a default that a workplace may change.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agents::outcome::Role;
use crate::store::StoreError;
use crate::store::workspaces::Workspace;

/// One thing that somebody may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See every conversation of the workspace.
    SeeAll,
    /// See what is nobody's even where the workspace does not let members see it.
    SeeUnassigned,
    /// Answer customers, withdraw, release, settle.
    Answer,
    /// Write notes for the team.
    Note,
    /// Put labels on and take them off.
    Label,
    /// Open, snooze and resolve.
    Status,
    /// Move conversations that one sees to somebody else, to the AI or to nobody.
    Assign,
    /// Take a conversation over from the AI and hand it back.
    TakeOver,
    /// Change a customer's name and fields.
    EditContact,
    /// Say that the owner's phone was opened.
    OwnerApp,
    /// Invite, change and remove members.
    Members,
    /// See devices and sign them out.
    Devices,
    /// Make and change teams.
    Teams,
    /// Make and change labels.
    Labels,
    /// Make and change quick replies.
    QuickReplies,
    /// Change hours and what happens outside them.
    Hours,
    /// Change the workspace's name, options, greetings and retention.
    Options,
    /// Change these lists.
    Rights,
    /// Connect, watch and stop channels.
    Channels,
    /// Write and submit templates.
    Templates,
    /// Read who did what.
    Audit,
    /// Search all contacts.
    Contacts,
    /// Join two contacts.
    Merge,
    /// Erase a contact's content.
    Erase,
    /// Take a contact's data out.
    Export,
    /// Change many conversations at once.
    Bulk,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::SeeAll,
        Self::SeeUnassigned,
        Self::Answer,
        Self::Note,
        Self::Label,
        Self::Status,
        Self::Assign,
        Self::TakeOver,
        Self::EditContact,
        Self::OwnerApp,
        Self::Members,
        Self::Devices,
        Self::Teams,
        Self::Labels,
        Self::QuickReplies,
        Self::Hours,
        Self::Options,
        Self::Rights,
        Self::Channels,
        Self::Templates,
        Self::Audit,
        Self::Contacts,
        Self::Merge,
        Self::Erase,
        Self::Export,
        Self::Bulk,
    ];

    /// Whether an employee has it unless the workplace says otherwise.
    const fn of_employees(self) -> bool {
        matches!(
            self,
            Self::Answer
                | Self::Note
                | Self::Label
                | Self::Status
                | Self::Assign
                | Self::TakeOver
                | Self::EditContact
                | Self::OwnerApp
        )
    }

    /// Whether a manager has it unless the workplace says otherwise.
    const fn of_managers(self) -> bool {
        !matches!(self, Self::Rights | Self::Erase)
    }
}

/// The list of a role unless the workplace has its own.
fn standard(role: Role) -> BTreeSet<Right> {
    Right::ALL
        .into_iter()
        .filter(|right| match role {
            Role::Owner => true,
            Role::Manager => right.of_managers(),
            Role::Employee => right.of_employees(),
        })
        .collect()
}

/// The lists of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rights {
    /// What owners may do: always everything, so that nobody locks themselves out.
    pub owner: BTreeSet<Right>,
    /// What managers may do.
    pub manager: BTreeSet<Right>,
    /// What employees may do.
    pub employee: BTreeSet<Right>,
}

impl Rights {
    /// The lists of a workspace.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self, StoreError> {
        let own: BTreeMap<Role, BTreeSet<Right>> = serde_json::from_str(&workspace.rights)?;
        let list = |role: Role| own.get(&role).cloned().unwrap_or_else(|| standard(role));
        Ok(Self {
            owner: standard(Role::Owner),
            manager: list(Role::Manager),
            employee: list(Role::Employee),
        })
    }

    /// Writes them into a workspace's row; what the owner may do is never written.
    pub(crate) fn put(
        workspace: &mut Workspace,
        manager: Option<BTreeSet<Right>>,
        employee: Option<BTreeSet<Right>>,
    ) -> Result<(), StoreError> {
        let mut own: BTreeMap<Role, BTreeSet<Right>> = serde_json::from_str(&workspace.rights)?;
        own.extend(manager.map(|list| (Role::Manager, list)));
        own.extend(employee.map(|list| (Role::Employee, list)));
        workspace.rights = serde_json::to_string(&own)?;
        Ok(())
    }

    /// Whether a role has a right.
    pub(crate) fn allow(&self, role: Role, right: Right) -> bool {
        match role {
            Role::Owner => self.owner.contains(&right),
            Role::Manager => self.manager.contains(&right),
            Role::Employee => self.employee.contains(&right),
        }
    }
}

/// Whether the role has the right in this workspace.
pub(crate) fn allows(workspace: &Workspace, role: Role, right: Right) -> Result<bool, StoreError> {
    Ok(Rights::of(workspace)?.allow(role, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(rights: &str) -> Workspace {
        Workspace { rights: rights.into(), ..Workspace::sample() }
    }

    /// Every right of every role, row by row: owner, manager, employee.
    const TABLE: [(Right, bool, bool, bool); 26] = [
        (Right::SeeAll, true, true, false),
        (Right::SeeUnassigned, true, true, false),
        (Right::Answer, true, true, true),
        (Right::Note, true, true, true),
        (Right::Label, true, true, true),
        (Right::Status, true, true, true),
        (Right::Assign, true, true, true),
        (Right::TakeOver, true, true, true),
        (Right::EditContact, true, true, true),
        (Right::OwnerApp, true, true, true),
        (Right::Members, true, true, false),
        (Right::Devices, true, true, false),
        (Right::Teams, true, true, false),
        (Right::Labels, true, true, false),
        (Right::QuickReplies, true, true, false),
        (Right::Hours, true, true, false),
        (Right::Options, true, true, false),
        (Right::Rights, true, false, false),
        (Right::Channels, true, true, false),
        (Right::Templates, true, true, false),
        (Right::Audit, true, true, false),
        (Right::Contacts, true, true, false),
        (Right::Merge, true, true, false),
        (Right::Erase, true, false, false),
        (Right::Export, true, true, false),
        (Right::Bulk, true, true, false),
    ];

    #[test]
    fn s22_every_role_and_right() {
        let rights = Rights::of(&workspace("{}")).unwrap();
        assert_eq!(TABLE.map(|row| row.0), Right::ALL);
        for (right, owner, manager, employee) in TABLE {
            for (role, expected) in
                [(Role::Owner, owner), (Role::Manager, manager), (Role::Employee, employee)]
            {
                assert_eq!(rights.allow(role, right), expected, "{role:?} {right:?}");
            }
        }
    }

    #[test]
    fn s22_a_list_replaces_the_default_of_its_role_alone() {
        let mut workspace = workspace("{}");
        let list = BTreeSet::from([Right::Answer, Right::Audit]);
        Rights::put(&mut workspace, None, Some(list.clone())).unwrap();
        let rights = Rights::of(&workspace).unwrap();
        for right in Right::ALL {
            assert_eq!(rights.allow(Role::Employee, right), list.contains(&right), "{right:?}");
            assert!(rights.allow(Role::Owner, right));
        }
        assert!(rights.allow(Role::Manager, Right::Bulk));
    }
}
