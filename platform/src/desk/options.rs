//! What a workplace may choose (experience.md D9), and what other parts obey.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::store::StoreError;
use crate::store::workspaces::Workspace;

/// Whose answers hold a waiting reply back (the guard, N2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Everybody's: the owner's phone, colleagues, the AI.
    Everybody,
    /// Those of people alone.
    People,
}

/// What a locked screen may show of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LockScreen {
    /// Who wrote, and the text.
    Text,
    /// Who wrote.
    Name,
    /// Neither.
    Nothing,
}

/// The options of a workplace; each has a default, so that a new one is no change for anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "switches that a person sets, side by side")]
pub struct Options {
    /// Employees see conversations that are nobody's.
    pub members_see_unassigned: bool,
    /// Whose answers hold a waiting reply back.
    pub guard: Guard,
    /// What a reply said may be copied after its conversation left (R9).
    pub copy_after_left: bool,
    /// What a locked screen may show.
    pub lock_screen: LockScreen,
    /// Customers see blue ticks.
    pub blue_ticks: bool,
    /// Screenshots are allowed.
    pub screenshots: bool,
    /// Employees see only the last four digits of customers' numbers.
    pub masked_numbers: bool,
    /// The app must be locked with a PIN or biometry.
    pub lock_forced: bool,
    /// How long messages stay on phones, in days, 1 to 3650; 0 = as long as they are in scope.
    #[schemars(range(min = 0, max = 3650))]
    pub retention_days: u16,
    /// After how many days without contact the app locks itself, 1 to 90 (N4).
    #[schemars(range(min = 1, max = 90))]
    pub days_without_contact: u16,
    /// What a message costs is shown.
    pub cost_hints: bool,
    /// How long pushes of one conversation are gathered, in milliseconds, 0 to 10,000.
    #[schemars(range(min = 0, max = 10_000))]
    pub push_merge_ms: u16,
    /// Customers see that somebody is typing. Meta's call for it also sets blue ticks
    /// (whatsapp.md 5.2), so it needs them on.
    pub typing_shown: bool,
    /// Replies are signed with the employee's first name.
    pub signed_replies: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            members_see_unassigned: true,
            guard: Guard::Everybody,
            copy_after_left: false,
            lock_screen: LockScreen::Name,
            blue_ticks: true,
            screenshots: true,
            masked_numbers: false,
            lock_forced: false,
            retention_days: 0,
            days_without_contact: 7,
            cost_hints: false,
            push_merge_ms: 3000,
            typing_shown: false,
            signed_replies: false,
        }
    }
}

impl Options {
    /// The options of a workspace.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self, StoreError> {
        let kept: Self = serde_json::from_str(&workspace.options)?;
        Ok(Self { members_see_unassigned: workspace.members_see_unassigned, ..kept })
    }

    /// These options with some set anew; the name of the one that makes no sense otherwise.
    pub(crate) fn with(&self, wish: &Map<String, Value>) -> Result<Self, String> {
        let Ok(Value::Object(mut all)) = serde_json::to_value(self) else {
            return Err("options".to_owned());
        };
        for (name, value) in wish {
            if !all.contains_key(name) {
                return Err(format!("options.{name}"));
            }
            let before = all.insert(name.clone(), value.clone());
            if serde_json::from_value::<Self>(Value::Object(all.clone())).is_err() {
                drop(before);
                return Err(format!("options.{name}"));
            }
        }
        let made: Self =
            serde_json::from_value(Value::Object(all)).map_err(|_| "options".to_owned())?;
        let bad = [
            (made.retention_days > 3650, "retention_days"),
            (!(1..=90).contains(&made.days_without_contact), "days_without_contact"),
            (made.push_merge_ms > 10_000, "push_merge_ms"),
            (made.typing_shown && !made.blue_ticks, "typing_shown"),
        ];
        match bad.into_iter().find(|(bad, _)| *bad) {
            Some((_, name)) => Err(format!("options.{name}")),
            None => Ok(made),
        }
    }

    /// Writes them into a workspace's row.
    pub(crate) fn put(&self, workspace: &mut Workspace) -> Result<(), StoreError> {
        workspace.members_see_unassigned = self.members_see_unassigned;
        workspace.options = serde_json::to_string(self)?;
        Ok(())
    }
}

/// A number of which only the last four digits are to be seen.
pub(crate) fn masked(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().collect();
    let kept = digits.len().saturating_sub(4);
    digits.iter().enumerate().map(|(i, c)| if i < kept { '*' } else { *c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wish(value: &Value) -> Result<Options, String> {
        Options::default().with(value.as_object().unwrap())
    }

    #[test]
    fn each_option_is_checked_and_named() {
        for (bad, name) in [
            (json!({"guard": "nobody"}), "options.guard"),
            (json!({"retention_days": -1}), "options.retention_days"),
            (json!({"days_without_contact": 0}), "options.days_without_contact"),
            (json!({"days_without_contact": 91}), "options.days_without_contact"),
            (json!({"push_merge_ms": 10_001}), "options.push_merge_ms"),
            (json!({"typing_shown": true, "blue_ticks": false}), "options.typing_shown"),
            (json!({"dance": true}), "options.dance"),
        ] {
            assert_eq!(wish(&bad), Err(name.to_owned()));
        }
        let made = wish(&json!({"lock_screen": "nothing", "typing_shown": true})).unwrap();
        assert_eq!((made.lock_screen, made.typing_shown), (LockScreen::Nothing, true));
        assert_eq!(made.guard, Guard::Everybody);
    }

    #[test]
    fn a_masked_number_keeps_its_last_four_digits() {
        assert_eq!(masked("34600111222"), "*******1222");
        assert_eq!(masked("12"), "12");
    }
}
