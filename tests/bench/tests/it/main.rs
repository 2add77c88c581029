//! The bench runs: in its tiny form every measurement is taken once, and every figure is there.

use std::process::Command;

use serde_json::Value;

#[test]
fn every_figure_of_the_platform_can_be_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("platform.json");
    let output = Command::new(env!("CARGO_BIN_EXE_fieldline-bench"))
        .args(["platform", "--tiny", "--out"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(written["tiny"], true);
    let figures = written["figures"].as_array().unwrap();
    assert_eq!(figures.len(), 11);
    let table = String::from_utf8(output.stdout).unwrap();
    for figure in figures {
        assert!(figure["ours"].is_f64(), "{figure}");
        assert!(table.contains(figure["name"].as_str().unwrap()), "{table}");
    }
    let lost = figures.iter().find(|it| it["name"].as_str().unwrap().contains("kill -9")).unwrap();
    assert_eq!(lost["ours"], 0.0, "this one holds on every machine");
}
