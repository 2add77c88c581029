//! The program: its ready line, its end, its refusals.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::client;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldline-whatsapp-sim"));
    command.arg("serve").args(["--webhook", "http://127.0.0.1:9/hook", "--app-secret", "canary-s"]);
    command.args(arguments).stdin(Stdio::null());
    command
}

#[tokio::test]
async fn says_when_it_is_ready_plays_its_script_and_ends_by_sigterm_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.json");
    let steps = r#"[{"path":"/sim/owner","body":{"to":"34600111222","text":"scripted"}}]"#;
    std::fs::write(&script, steps).unwrap();
    let mut child = program(&["--seed", "5", "--script", script.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["event"], "listening");
    let url = format!("http://{}/sim/chats", ready["addr"].as_str().unwrap());
    let client = client();
    loop {
        let bytes = client.get(&url).send().await.unwrap().bytes().await.unwrap();
        let chats: Value = serde_json::from_slice(&bytes).unwrap();
        if chats["owner"][0]["messages"][0]["text"] == "scripted" {
            break;
        }
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn refuses_in_one_line_of_json_without_the_secret() {
    for (arguments, told) in [
        (vec!["--listen", "0.0.0.0:0"], "--expose"),
        (vec!["--listen", "[::]:0"], "--expose"),
        (vec!["--script", "/nonexistent/script.json"], "--script"),
    ] {
        let output = program(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(serde_json::from_str::<Value>(&error).is_ok(), "{error}");
        assert!(error.contains(told) && !error.contains("canary-s"), "{error}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldline-whatsapp-sim"));
    command.args(["serve", "--app-secret", "s", "--webhook", "http://a.example/hook"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("loopback"));
    let usage = Command::new(env!("CARGO_BIN_EXE_fieldline-whatsapp-sim")).output().unwrap();
    assert_eq!(usage.status.code(), Some(2));
}
