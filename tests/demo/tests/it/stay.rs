//! What a person in other terminals can do, with the real programs.

use std::path::Path;
use std::time::Duration;

use fieldline_demo::cast::ANA;
use fieldline_demo::phone::Screens;
use fieldline_demo::state_file::{Running, StateFile};
use fieldline_demo::world::{Plan, World};
use fieldline_harness::process::{Process, Start};

const DEMO: &str = env!("CARGO_BIN_EXE_fieldline-demo");

fn terminal(runtime: &Path, args: &[&str]) -> Start {
    Start::this(args.iter().copied()).program(DEMO).env("XDG_RUNTIME_DIR", runtime.as_os_str())
}

async fn run(runtime: &Path, args: &[&str]) -> (bool, String) {
    let (status, printed) =
        Process::start(&terminal(runtime, args)).unwrap().finish("").await.unwrap();
    (status.success(), printed)
}

/// Reads lines until one holds `words`: all of them, and that one.
async fn through(agent: &mut Process, words: &str) -> (String, String) {
    let mut seen = String::new();
    loop {
        let line = until(agent, "").await;
        seen.push_str(&line);
        if line.contains(words) {
            return (seen, line);
        }
    }
}

/// Reads lines until one holds `words`.
async fn until(agent: &mut Process, words: &str) -> String {
    let found = async {
        loop {
            let line = agent.line().await.unwrap_or_else(|_| panic!("it ended before: {words}"));
            if line.contains(words) {
                return line;
            }
        }
    };
    let limit = Duration::from_mins(1);
    tokio::time::timeout(limit, found).await.unwrap_or_else(|_| panic!("never said: {words}"))
}

#[tokio::test]
async fn a_third_employee_plays_on() {
    let runtime = tempfile::tempdir().unwrap();
    assert!(!run(runtime.path(), &["customer", "Hello?"]).await.0, "no demo runs");
    let plan = Plan { program: Some(DEMO.into()), ..Plan::default() };
    let mut world = World::start(&plan).await.unwrap();
    let file = StateFile::write(runtime.path(), &Running::of(&world)).unwrap();

    let (done, said) = run(runtime.path(), &["customer", "Is anybody there?"]).await;
    assert!(done && said == "Ana: Is anybody there?\n", "{said}");
    assert!(!run(runtime.path(), &["customer", "x", "--name", "nobody"]).await.0);

    let mut agent = Process::start(&terminal(runtime.path(), &["agent"])).unwrap();
    until(&mut agent, "You are Sam").await;
    agent.send("list").await.unwrap();
    until(&mut agent, "Ana").await;
    agent.send("list").await.unwrap();
    agent.send("open 1").await.unwrap();
    assert!(until(&mut agent, "Ana: Is anybody").await.contains("there?"));
    agent.send("type Sam here").await.unwrap();
    until(&mut agent, "\"Sam here\" is now: Delivered").await;

    agent.send("net off").await.unwrap();
    until(&mut agent, "network off").await;
    agent.send("type In ten minutes").await.unwrap();
    until(&mut agent, "me: In ten minutes").await;
    assert!(run(runtime.path(), &["owner", "In an hour"]).await.0);
    // At the platform before the reply is: another phone shows it.
    let there = |s: &Screens| s.bubble(ANA.name, "In an hour").is_some();
    assert!(world.tom.until(there).await.unwrap().met, "it did not come");
    agent.send("outbox").await.unwrap();
    until(&mut agent, "1  to Ana: In ten minutes").await;
    until(&mut agent, "you can:").await;
    agent.send("net on").await.unwrap();
    agent.send("now").await.unwrap();
    until(&mut agent, "(R8)").await;
    // The refusal may be here a moment before the owner's text is.
    let choices = loop {
        agent.send("outbox").await.unwrap();
        let (seen, choices) = through(&mut agent, "you can:").await;
        if seen.contains("the answer: In an hour") {
            break choices;
        }
    };
    assert!(choices.contains("send-anyway 1"));
    agent.send("send-anyway 1").await.unwrap();
    until(&mut agent, "\"In ten minutes\" is now: Delivered").await;
    agent.send("quit").await.unwrap();
    until(&mut agent, "closing").await;
    assert!(agent.end().await.unwrap().success());

    let chats = world.chats().await.unwrap();
    let ana = chats.customers.iter().find(|chat| chat.wa_id == ANA.wa_id).unwrap();
    let texts: Vec<&str> = ana.messages.iter().filter_map(|m| m.text.as_deref()).collect();
    assert_eq!(texts, ["Is anybody there?", "Sam here", "In an hour", "In ten minutes"]);
    world.end().await;
    drop(file);
    assert!(std::fs::read_dir(runtime.path()).unwrap().next().is_none(), "the state file stays");
}
