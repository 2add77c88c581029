//! The operator's day by the built binary: settings from a file, backup and restore, figures, a
//! full disk.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};

use serde_json::Value;

use crate::cli::{PASSWORD, command, end, failed, ok, run};

fn set_up(data: &Path) {
    ok(data, &["workspace", "create", "--name", "B", "--owner-email", "o@example.test"], PASSWORD);
}

/// A running server with these settings besides, and its address.
fn serve(data: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> (Child, String) {
    let mut child = command(data, &[&["serve"], arguments].concat())
        .envs(settings.iter().copied())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap_or_default();
    let address = ready["addr"].as_str().unwrap_or_default().to_owned();
    if address.is_empty() {
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        panic!("it does not serve: {log}");
    }
    (child, address)
}

const SECRETS: [(&str, &str); 2] =
    [("FIELDLINE_APP_SECRET", "app secret"), ("FIELDLINE_VERIFY_TOKEN", "verify")];

/// One request; the whole answer.
fn ask(address: &str, request: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{request}\r\nHost: h\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

fn webhook(address: &str, body: &[u8]) -> u16 {
    let signature = crate::meta_world::sign(body);
    let request = format!("POST /webhooks/meta HTTP/1.1\r\nX-Hub-Signature-256: {signature}");
    status(&ask(address, &request, body))
}

#[test]
fn settings_stand_in_a_file_and_the_environment_goes_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("data"), dir.path().join("fieldline.toml"));
    set_up(&data);
    let text = "listen = \"127.0.0.1:1\"\napp_secret = \"app secret\"\nverify_token = \"v\"\n";
    fs::write(&config, text).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    let file = config.to_str().unwrap();
    // The environment of `command` says port 0, which goes before the file's.
    let (child, address) = serve(&data, &["--config", file], &[]);
    assert_eq!(webhook(&address, b"{}"), 200, "the file's app secret is not used");
    assert!(end(child).contains("config_file_holds_secrets_and_others_may_read_it"));
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let (child, _) = serve(&data, &["--config", file], &[]);
    assert!(!end(child).contains("config_file"));

    fs::write(&config, text.to_owned() + "log_level = \"info\"\n").unwrap();
    let refused = run(&data, &["status", "--config", file], "");
    let line = String::from_utf8(refused.stderr).unwrap();
    let error: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(error["error"]["code"], "setting");
    assert!(error["error"]["message"].as_str().unwrap().contains("log_level"), "{line}");
    assert_eq!(failed(&data, &["status", "--config", "/nowhere/at/all"], ""), "setting");
}

#[test]
fn a_folder_is_backed_up_beside_its_server_and_restored_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy, place) =
        (dir.path().join("data"), dir.path().join("copy"), dir.path().join("place"));
    let copy_name = copy.to_str().unwrap();
    set_up(&data);
    let (child, address) = serve(&data, &[], &SECRETS);
    assert_eq!(webhook(&address, b"{\"kept\": 1}"), 200);
    let taken = ok(&data, &["backup", copy_name], "");
    assert_eq!(taken["key_included"], false);
    assert!(taken["database_bytes"].as_u64().unwrap() > 0);
    assert_eq!(failed(&data, &["backup", copy_name], ""), "not_empty");
    assert_eq!(failed(&data, &["restore", copy_name], ""), "already_serving");
    end(child);
    for file in fs::read_dir(&copy).unwrap() {
        assert_eq!(fs::metadata(file.unwrap().path()).unwrap().permissions().mode() & 0o077, 0);
    }

    // Without the key there is no restore, and none is made up.
    assert_eq!(failed(&place, &["restore", copy_name], ""), "setting");
    assert!(!place.join("key").exists());
    fs::copy(data.join("key"), place.join("key")).unwrap();
    ok(&place, &["restore", copy_name], "");
    assert_eq!(failed(&place, &["restore", copy_name], ""), "not_empty");
    let before = ok(&data, &["status"], "");
    assert_eq!(before["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&before["webhooks_lag_ms"], &before["channels_not_connected"]),
        (&0.into(), &0.into())
    );
    let epoch = |data: &Path| -> String {
        let sql = rusqlite::Connection::open(data.join("platform.db")).unwrap();
        sql.query_row("SELECT epoch FROM workspaces", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(epoch(&place), epoch(&data), "only serve begins a new epoch");
    let (child, _) = serve(&place, &[], &SECRETS);
    assert_ne!(epoch(&place), epoch(&data));
    assert!(end(child).contains(" restored copied_at="));
    let after = ok(&place, &["status"], "");
    assert_eq!(after["agents"], before["agents"]);
}

#[test]
fn figures_have_a_listener_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    set_up(&data);
    // A port that was free a moment ago: the log names it only once the server has ended.
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let settings = [SECRETS[0], SECRETS[1], ("FIELDLINE_METRICS_LISTEN", free.as_str())];
    let (child, address) = serve(&data, &[], &settings);
    let page = ask(&free, "GET /metrics HTTP/1.1", b"");
    assert_eq!(status(&page), 200);
    assert!(page.contains("\nfieldline_webhooks_pending 0\n"), "{page}");
    assert_eq!(status(&ask(&free, "GET /readyz HTTP/1.1", b"")), 404, "nothing but figures there");
    assert_eq!(status(&ask(&address, "GET /metrics HTTP/1.1", b"")), 404);
    assert_eq!(status(&ask(&address, "GET /readyz HTTP/1.1", b"")), 200);
    end(child);
}

#[test]
fn a_small_disk_that_fills_up_loses_nothing() {
    // A file system of its own needs root; without it the floor is tested on an injected reading.
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=24m", "fieldline-test"];
    let mounted = Command::new("mount").args(mount).arg(&disk).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        assert!(!is_root(), "root, and yet no file system of its own");
        return;
    }
    let unmount = Unmount(&disk);
    let data = disk.join("data");
    set_up(&data);
    let settings = [SECRETS[0], SECRETS[1], ("FIELDLINE_DISK_FLOOR_MB", "8")];
    let (child, address) = serve(&data, &[], &settings);
    assert_eq!(webhook(&address, b"{\"first\": 1}"), 200);
    let ready = |address: &str| status(&ask(address, "GET /readyz HTTP/1.1", b""));
    assert_eq!(ready(&address), 200);

    let filler = disk.join("filler");
    fs::write(&filler, vec![0; 17 * 1024 * 1024]).unwrap();
    assert_eq!(webhook(&address, b"{\"second\": 1}"), 503);
    assert_eq!((ready(&address), status(&ask(&address, "GET /healthz HTTP/1.1", b""))), (503, 200));
    fs::remove_file(&filler).unwrap();
    assert_eq!((ready(&address), webhook(&address, b"{\"second\": 1}")), (200, 200));
    let log = end(child);
    assert!(log.contains(" disk_below_floor ") && log.contains(" disk_above_floor "), "{log}");

    // Without a floor the disk really fills: SQLite's own refusal is a 503 too.
    let settings = [SECRETS[0], SECRETS[1], ("FIELDLINE_DISK_FLOOR_MB", "0")];
    let (child, address) = serve(&data, &[], &settings);
    let body = vec![b' '; 2 * 1024 * 1024];
    let answers: Vec<u16> = (0..16).map(|_| webhook(&address, &body)).collect();
    let kept = answers.iter().filter(|status| **status == 200).count();
    assert!(kept > 0 && answers.ends_with(&[503]), "{answers:?}");
    assert!(answers.iter().all(|status| [200, 503].contains(status)), "{answers:?}");
    end(child);
    let sql = rusqlite::Connection::open(data.join("platform.db")).unwrap();
    let one = |query: &str| sql.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    let stored = one("SELECT count(*) FROM webhooks WHERE length(body) > 1000");
    assert_eq!(stored, i64::try_from(kept).unwrap(), "a 200 is on the disk, and nothing else");
    let sound: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    drop(sql);
    drop(unmount);
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

struct Unmount<'p>(&'p Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_number_on_a_server_without_a_public_address_comes_with_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let data = &dir.path().join("data");
    let made = ok(
        data,
        &["workspace", "create", "--name", "B", "--owner-email", "o@example.test"],
        PASSWORD,
    );
    let workspace = made["workspace_id"].as_str().unwrap();
    let add = |account: &'static str| {
        let ids = ["--phone-number-id", "42", "--waba-id", account, "--display", "+34 600 111"];
        [&["channel", "add", "--workspace", workspace], &ids[..]].concat()
    };
    let first = ok(data, &add("7"), "token\n");
    assert_eq!(first["warning"]["setting"], "FIELDLINE_PUBLIC_URL");
    assert!(first["warning"]["message"].as_str().unwrap().contains("Meta"));
    assert_eq!(ok(data, &["status"], "")["webhook_url"], Value::Null);
    // With one it is silent, and the number is the same channel with its new token.
    let file = dir.path().join("config.toml");
    fs::write(
        &file,
        "public_url = \"https://desk.example\"\napp_id = \"77\"\nconfig_id = \"88\"\n",
    )
    .unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let again = ok(data, &[&add("8"), &config[..]].concat(), "newer\n");
    assert_eq!(again["channel_id"], first["channel_id"]);
    assert_eq!((&again["renewed"], again.get("warning")), (&Value::Bool(true), None));
    let told = ok(data, &[&["status"], &config[..]].concat(), "");
    assert_eq!(told["webhook_url"], "https://desk.example/webhooks/meta");
    assert_eq!(told["channels"], 1);
}
