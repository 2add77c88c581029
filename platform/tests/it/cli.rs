//! The operator's command line, by the built binary.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_fieldline-platform");
pub(crate) const PASSWORD: &str = "canary-password-91";
pub(crate) const TOKEN: &str = "canary-token-92";

pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .env_clear()
        .env("FIELDLINE_DATA", data)
        .env("FIELDLINE_LISTEN", "127.0.0.1:0")
        .env("FIELDLINE_LOG", "debug")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn run(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command(data, arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn ok(data: &Path, arguments: &[&str], input: &str) -> Value {
    let output = run(data, arguments, input);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1);
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn failed(data: &Path, arguments: &[&str], input: &str) -> String {
    let output = run(data, arguments, input);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    let error: Value = serde_json::from_str(&text).unwrap();
    error["error"]["code"].as_str().unwrap().to_owned()
}

fn serve(data: &Path) -> (Child, String) {
    let mut child = command(data, &["serve"])
        .env("FIELDLINE_APP_SECRET", "canary-secret-93")
        .env("FIELDLINE_VERIFY_TOKEN", "canary-verify-94")
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

pub(crate) fn end(mut child: Child) -> String {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    log
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// One request over a plain socket: the status and the body.
pub(crate) fn post(address: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nFieldline-Client: test/1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split("\r\n\r\n").nth(1).unwrap().to_owned())
}

#[test]
fn a_business_is_set_up_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let data = &dir.path().join("data");
    let create =
        ["workspace", "create", "--name", "Bloom", "--owner-email", "canary95@example.test"];
    let made = ok(data, &create, &format!("{PASSWORD}\n"));
    let workspace = made["workspace_id"].as_str().unwrap();
    let agent = |email: &'static str| {
        [
            "agent",
            "add",
            "--workspace",
            workspace,
            "--email",
            email,
            "--name",
            "Canary Ninety-Six",
            "--role",
            "employee",
        ]
    };
    let channel = [
        "channel",
        "add",
        "--workspace",
        workspace,
        "--phone-number-id",
        "4242",
        "--waba-id",
        "77",
        "--display",
        "+34 600 111",
    ];
    assert!(ok(data, &agent("maria@example.test"), PASSWORD)["agent_id"].is_string());
    assert_eq!(mode(data), 0o700);
    for file in ["platform.db", "key"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }

    // All of it beside a running server, too.
    let (child, line) = serve(data);
    let ready: Value = serde_json::from_str(&line).unwrap();
    let address = ready["addr"].as_str().unwrap().to_owned();
    assert_eq!(line, format!("{{\"event\":\"listening\",\"addr\":\"{address}\"}}\n"));
    assert!(ok(data, &channel, &format!("{TOKEN}\n"))["channel_id"].is_string());
    let status = ok(data, &["status"], "");
    assert_eq!((&status["serving"], &status["agents"]), (&Value::Bool(true), &2.into()));
    let code = ok(data, &["agent", "link-code", "--email", "maria@example.test"], "");
    let code = code["link_code"].as_str().unwrap();
    let preview = format!("{{\"link_code\": \"{code}\"}}");
    assert_eq!(post(&address, "/v1/session/preview", &preview).0, 200);
    let device =
        "{\"id\": \"00000000-0000-4000-8000-000000000001\", \"name\": \"P\", \"platform\": \"t\"}";
    let sign_in = |password: &str| {
        format!(
            "{{\"email\": \"canary95@example.test\", \"password\": \"{password}\", \"device\": {device}}}"
        )
    };
    assert_eq!(post(&address, "/v1/session", &sign_in(PASSWORD)).0, 200);
    assert_eq!(post(&address, "/v1/session", &sign_in("canary-wrong-97")).0, 401);
    assert_eq!(post(&address, "/canary-path-98", "").0, 404);

    // Somebody leaves, and a phone is signed out for good; the running server hears of it.
    let email = ["--email", "canary95@example.test"];
    let devices = ok(data, &[&["device", "list"][..], &email].concat(), "");
    let id = devices["devices"][0]["id"].as_str().unwrap();
    assert_eq!(devices["devices"][0]["wipe"], "none");
    let asked = ok(data, &["device", "revoke", "--device", id], "");
    assert_eq!(asked["wipe"], "asked");
    assert_eq!(ok(data, &["device", "revoke", "--device", id], ""), asked);
    assert_eq!(post(&address, "/v1/session", &sign_in(PASSWORD)).0, 401);
    assert_eq!(failed(data, &["device", "revoke", "--device", "x"], ""), "no_device");
    let leave = ["agent", "remove", "--email", "maria@example.test"];
    assert_eq!(ok(data, &leave, "")["removed"], true);
    assert_eq!(failed(data, &leave, ""), "no_agent");
    assert_eq!(failed(data, &[&["agent", "remove"][..], &email].concat(), ""), "last_owner");
    assert_eq!(mode(&data.join("revoked")), 0o600);

    // A second server on the same folder is refused.
    let second = command(data, &["serve"])
        .env("FIELDLINE_APP_SECRET", "s")
        .env("FIELDLINE_VERIFY_TOKEN", "v")
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("already_serving"));

    let log = end(child);
    // Nothing came, nothing differs; the data folder is as it was.
    let replay = ok(data, &["webhooks", "replay"], "");
    assert_eq!((&replay["equal"], &replay["bodies"]), (&Value::Bool(true), &0.into()));
    assert_eq!(ok(data, &["status"], "")["serving"], false);
    for word in ["listening", "request id=", "stopped"] {
        assert!(log.contains(word), "{log}");
    }
    for secret in ["canary", "Canary", code, &code.replace('-', "")] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    for file in std::fs::read_dir(data).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in [PASSWORD, TOKEN, "canary-secret", "canary-verify", "canary-wrong"] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{path:?}");
        }
    }
    for line in log.lines() {
        let mut words = line.split(' ');
        let (time, level) = (words.next().unwrap(), words.next().unwrap());
        assert!(
            time.ends_with('Z') && ["error", "warn", "info", "debug"].contains(&level),
            "{line}"
        );
    }
}

#[test]
fn errors_are_one_line_with_a_code_and_nothing_private() {
    let dir = tempfile::tempdir().unwrap();
    let data = &dir.path().join("data");
    let create = |email| ["workspace", "create", "--name", "B", "--owner-email", email];
    assert_eq!(failed(data, &create("o@example.test"), "short\n"), "password");
    assert_eq!(failed(data, &create("nonsense"), PASSWORD), "invalid");
    let made = ok(data, &create("o@example.test"), PASSWORD);
    assert_eq!(failed(data, &create("O@example.test"), PASSWORD), "email_taken");
    assert_eq!(failed(data, &["agent", "link-code", "--email", "x@example.test"], ""), "no_agent");
    let workspace = made["workspace_id"].as_str().unwrap();
    let channel = |workspace, number| {
        [
            "channel",
            "add",
            "--workspace",
            workspace,
            "--phone-number-id",
            number,
            "--waba-id",
            "7",
            "--display",
            "+34 600 111",
        ]
    };
    assert_eq!(failed(data, &channel("other", "42"), TOKEN), "no_workspace");
    assert_eq!(failed(data, &channel(workspace, "4x"), TOKEN), "invalid");
    assert_eq!(failed(data, &channel(workspace, "42"), "\n"), "invalid");
    ok(data, &channel(workspace, "42"), TOKEN);
    let second = ok(data, &create("p@example.test"), PASSWORD);
    let second = second["workspace_id"].as_str().unwrap();
    assert_eq!(failed(data, &channel(second, "42"), TOKEN), "number_taken");
    assert_eq!(failed(data, &["serve"], ""), "setting");
    let other = command(data, &["status"]).env("FIELDLINE_KEY", "AAAA").output().unwrap();
    assert!(String::from_utf8_lossy(&other.stderr).contains("FIELDLINE_KEY"));
    std::fs::remove_file(data.join("key")).unwrap();
    assert_eq!(failed(data, &["status"], ""), "setting");
    for usage in [vec![], vec!["nothing"], vec!["agent", "add"]] {
        let output = run(data, &usage, "");
        assert_eq!(output.status.code(), Some(2), "{usage:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let error: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(error["error"]["code"], "usage");
        assert!(!error["error"]["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(run(data, &["--help"], "").status.code(), Some(0));
}
