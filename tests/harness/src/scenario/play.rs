//! Plays one scenario: sends each step to whom it concerns, and judges the answer.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::Trouble;
use super::file::{Scenario, Step};
use super::pattern::{filled, matches};
use super::runner::{Command, Runner};
use super::world::{AGENTS, World};
use super::{LOOK_AGAIN, PATIENCE};

/// Lines of the runner's standard error that a failure shows.
const LAST_WORDS: usize = 20;

struct Player {
    world: World,
    command: Command,
    runner: Runner,
    saved: BTreeMap<String, Value>,
    held: BTreeMap<String, u64>,
}

/// Plays it in a world of its own.
pub(super) async fn play(scenario: &Scenario, words: &[OsString]) -> Result<(), Trouble> {
    let world = World::start().await?;
    let command = Command { words: words.to_vec(), stderr: world.folder().join("runner.log") };
    let runner = Runner::start(&command)?;
    let mut player =
        Player { world, command, runner, saved: BTreeMap::new(), held: BTreeMap::new() };
    for (index, step) in scenario.steps.iter().enumerate() {
        let doing = format!("step {} ({} {})", index + 1, step.who, step.verb);
        if let Err(trouble) = player.step(step).await {
            let problem = format!("{trouble}{}", player.last_words());
            return Err(Trouble::new(doing, problem));
        }
    }
    player.runner.end().await
}

impl Player {
    async fn step(&mut self, step: &Step) -> Result<(), Trouble> {
        let unsaved = |name: String| Trouble::new("nothing was saved as", name);
        let with = filled(&step.with, &self.saved).map_err(unsaved)?;
        let expect =
            step.expect.as_ref().map(|it| filled(it, &self.saved)).transpose().map_err(unsaved)?;
        if let Some(name) = &step.hold {
            let id = self.runner.send(&step.who, &step.verb, &with).await?;
            self.held.insert(name.clone(), id);
            return Ok(());
        }
        let deadline = Instant::now() + PATIENCE;
        let answer = loop {
            let answer = self.carry_out(step, &with).await?;
            match judge(expect.as_ref(), &answer) {
                Ok(()) => break answer,
                Err(why) if !looks(step) || Instant::now() >= deadline => {
                    return Err(Trouble::new("not as expected", why));
                }
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        };
        for (name, pointer) in &step.save {
            let value = answer.pointer(pointer).filter(|value| !value.is_null());
            let value = value.ok_or_else(|| Trouble::new("nothing to save at", pointer))?;
            self.saved.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    async fn carry_out(&mut self, step: &Step, with: &Value) -> Result<Value, Trouble> {
        if !AGENTS.contains(&step.who.as_str()) {
            return self.world.act(&step.who, &step.verb, with).await;
        }
        match step.verb.as_str() {
            "kill" => {
                let killed = std::mem::replace(&mut self.runner, Runner::start(&self.command)?);
                killed.kill().await?;
                self.held.clear();
                Ok(Value::Null)
            }
            "answer" => {
                let name = with.get("to").and_then(Value::as_str).unwrap_or_default();
                let id = self.held.remove(name).ok_or_else(|| Trouble::new("not held", name))?;
                self.runner.answer(id).await
            }
            verb => {
                let with = self.completed(&step.who, verb, with)?;
                let id = self.runner.send(&step.who, verb, &with).await?;
                self.runner.answer(id).await
            }
        }
    }

    /// Adds what a scenario cannot know: folders, addresses, passwords.
    fn completed(&self, who: &str, verb: &str, with: &Value) -> Result<Value, Trouble> {
        let employee = self.world.employee(who)?;
        let mut fields = with.as_object().cloned().unwrap_or_default();
        let mut fill = |name: &str, value: Value| {
            fields.entry(name.to_owned()).or_insert(value);
        };
        match verb {
            "open" => {
                fill("store", json!(employee.folder.join("phone.db")));
                fill("secrets", json!(employee.folder.join("secrets")));
                fill("server", json!(format!("http://{}", employee.relay.addr())));
                fill("device_name", json!(format!("{who}'s phone")));
            }
            "sign_in" if with.get("link_code").is_none() => {
                fill("email", json!(employee.email));
                fill("password", json!(employee.password));
            }
            _ => {}
        }
        Ok(Value::Object(Map::from_iter(fields)))
    }

    fn last_words(&self) -> String {
        let said = std::fs::read_to_string(&self.command.stderr).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.iter().skip(lines.len().saturating_sub(LAST_WORDS));
        last.fold(String::new(), |said, line| said + "\n    runner: " + line)
    }
}

fn judge(expect: Option<&Value>, answer: &Value) -> Result<(), String> {
    match expect {
        Some(pattern) => matches(pattern, answer),
        None if answer.get("error").is_some() => Err(answer.to_string()),
        None => Ok(()),
    }
}

fn looks(step: &Step) -> bool {
    World::looks(&step.verb)
        || matches!(step.verb.as_str(), "inbox" | "timeline" | "outbox" | "status" | "account")
}
