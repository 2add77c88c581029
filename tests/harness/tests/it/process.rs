//! Children: their ready line, their end, and that they do not outlive their parent.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt as _;

use fieldline_harness::process::{Process, Start};

fn shell(script: &str) -> Start {
    Start::this(["-c", script]).program("/bin/sh")
}

#[tokio::test]
async fn waits_for_the_ready_line_and_talks_in_lines() {
    let script = r#"echo noise; echo '{"event":"listening","addr":"127.0.0.1:7"}'; exec cat"#;
    let mut child = Process::start(&shell(script)).unwrap();
    assert!(child.id().is_some());
    assert_eq!(child.listening().await.unwrap().port(), 7);
    child.send("hello").await.unwrap();
    assert_eq!(child.line().await.unwrap(), "hello");
    assert_eq!(child.kill().await.unwrap().signal(), Some(9));
}

#[tokio::test]
async fn a_child_that_ends_before_it_is_ready_is_an_error() {
    let mut child = Process::start(&shell("exit 3")).unwrap();
    assert_eq!(child.listening().await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(child.kill().await.unwrap().code(), Some(3));
}

#[tokio::test]
async fn gives_input_and_variables_and_takes_what_was_printed() {
    let folder = tempfile::tempdir().unwrap();
    let errors = folder.path().join("stderr");
    let start = shell("read a; echo \"$a $B\"; echo bad >&2; exit 4").env("B", "b").stderr(&errors);
    let (status, printed) = Process::start(&start).unwrap().finish("a\n").await.unwrap();
    assert_eq!((status.code(), printed.as_str()), (Some(4), "a b\n"));
    assert_eq!(std::fs::read_to_string(errors).unwrap(), "bad\n");
}

#[tokio::test]
async fn a_closed_input_ends_a_child_that_watches_it() {
    let child = Process::start(&shell("cat >/dev/null; exit 5")).unwrap();
    assert_eq!(child.end().await.unwrap().code(), Some(5));
}
