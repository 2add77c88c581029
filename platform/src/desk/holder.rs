//! Who holds a conversation: one member, one team, the AI, or nobody.

use serde_json::{Value, json};

use crate::store::holders::Desk;

/// The one holder of a conversation (experience.md D2: never two).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A member, by id.
    Member(String),
    /// A team, by id.
    Team(String),
    /// The AI; managers and who may see unassigned ones watch it.
    Ai,
    /// Nobody.
    Nobody,
}

impl Holder {
    /// Reads `{kind: member | team | ai | none, id?}`.
    pub(crate) fn parse(value: &Value) -> Option<Self> {
        let id = || {
            let id = value.get("id")?.as_str()?;
            (!id.is_empty() && id.len() <= 64).then(|| id.to_owned())
        };
        match value.get("kind")?.as_str()? {
            "member" => id().map(Self::Member),
            "team" => id().map(Self::Team),
            "ai" => Some(Self::Ai),
            "none" => Some(Self::Nobody),
            _ => None,
        }
    }

    /// As it is written on the wire.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Member(id) => json!({ "kind": "member", "id": id }),
            Self::Team(id) => json!({ "kind": "team", "id": id }),
            Self::Ai => json!({ "kind": "ai" }),
            Self::Nobody => json!({ "kind": "none" }),
        }
    }

    /// Who holds it now.
    pub(crate) fn of(desk: &Desk) -> Self {
        match (&desk.assignee, &desk.team) {
            (Some(member), _) => Self::Member(member.clone()),
            (None, Some(team)) => Self::Team(team.clone()),
            (None, None) if desk.handler == "ai" => Self::Ai,
            (None, None) => Self::Nobody,
        }
    }

    /// Who may see it then: the `scope` column.
    pub(crate) fn scope(&self) -> String {
        match self {
            Self::Member(id) => format!("member:{id}"),
            Self::Team(id) => format!("team:{id}"),
            Self::Ai | Self::Nobody => "unassigned".to_owned(),
        }
    }

    /// Writes it into a conversation. Who gets it from the AI answers themselves.
    pub(crate) fn put(&self, desk: &mut Desk) {
        desk.scope = self.scope();
        desk.assignee = match self {
            Self::Member(id) => Some(id.clone()),
            _ => None,
        };
        desk.team = match self {
            Self::Team(id) => Some(id.clone()),
            _ => None,
        };
        (if *self == Self::Ai { "ai" } else { "human" }).clone_into(&mut desk.handler);
        desk.ai_resumes_at = None;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn desk() -> Desk {
        Desk {
            id: "v".into(),
            workspace: "w".into(),
            contact: "c".into(),
            scope: "unassigned".into(),
            assignee: None,
            team: None,
            handler: "human".into(),
            status: "open".into(),
            snoozed_until: None,
            ai_resumes_at: None,
            last_n: 0,
            last_at: 0,
            status_set: None,
            holder_set: None,
            continued_in: None,
        }
    }

    #[test]
    fn d2_there_is_one_holder_whatever_was_before() {
        let all =
            [Holder::Member("m".into()), Holder::Team("t".into()), Holder::Ai, Holder::Nobody];
        for before in &all {
            for after in &all {
                let mut desk = desk();
                before.put(&mut desk);
                after.put(&mut desk);
                assert_eq!(&Holder::of(&desk), after, "{before:?} -> {after:?}");
                assert_eq!(desk.scope, after.scope());
            }
            assert_eq!(Holder::parse(&before.to_json()).as_ref(), Some(before));
        }
        for bad in [json!({"kind": "member"}), json!({"kind": "x"}), json!("m"), Value::Null] {
            assert_eq!(Holder::parse(&bad), None, "{bad}");
        }
    }
}
