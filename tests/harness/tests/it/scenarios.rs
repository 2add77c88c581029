//! The scenarios' player as a program: what it must call a failure.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const RUNNER: &str = env!("CARGO_BIN_EXE_fieldline-rust-runner");

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, steps) in files {
        let text = format!(r#"{{"name": "{name}", "steps": {steps}}}"#);
        std::fs::write(folder.path().join(name).with_extension("json"), text).unwrap();
    }
    folder
}

fn play(scenarios: &Path, runner: &[&str]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldline-harness"));
    command.args(["play", "--language", "test", "--scenarios"]).arg(scenarios).arg("--");
    let output = command.args(runner).output().unwrap();
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    (output, said)
}

#[test]
fn what_is_not_as_expected_is_named_and_fails() {
    let folder = folder(&[
        (
            "good",
            r#"[{"as": "ana", "do": "open"}, {"as": "ana", "do": "account", "expect": null}]"#,
        ),
        ("other", r#"[{"as": "ana", "do": "version", "expect": "0"}]"#),
        ("unfit", r#"[{"as": "ana", "do": "open"}, {"as": "ana", "do": "fly"}]"#),
        ("unsaved", r#"[{"as": "ana", "do": "open", "with": {"store": "$nothing"}}]"#),
    ]);
    let (output, said) = play(folder.path(), &[RUNNER]);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().last(), Some("test scenarios: 1 passed, 3 failed"));
    for line in [
        "ok      good",
        "FAILED  other: step 1 (ana version)",
        "FAILED  unfit: step 2 (ana fly)",
        "FAILED  unsaved: step 1 (ana open): nothing was saved as: $nothing",
    ] {
        assert!(said.lines().any(|it| it.starts_with(line)), "{line}\n{said}");
    }
}

#[test]
fn nothing_played_fails() {
    let (output, said) = play(folder(&[]).path(), &[RUNNER]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said, "test scenarios: 0 passed, 0 failed\n");
}

#[test]
fn a_runner_that_ends_badly_fails_a_scenario_that_went_well() {
    let folder = folder(&[("short", r#"[{"as": "ana", "do": "version"}]"#)]);
    let careless = r#"read line; echo '{"id": 1, "ok": "1"}'; cat >/dev/null; exit 134"#;
    let (output, said) = play(folder.path(), &["/bin/sh", "-c", careless]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("FAILED  short: ending the runner"), "{said}");
    let (_, said) = play(folder.path(), &["/bin/sh", "-c", "exit 0"]);
    assert!(said.contains("FAILED  short: step 1 (ana version)"), "{said}");
}
