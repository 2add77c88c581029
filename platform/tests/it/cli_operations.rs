//! The operator's day by the built binary: settings from a file, backup and restore, figures, a
//! full disk.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};

use serde_json::Value;

use crate::cli::{PASSWORD, TOKEN, command, end, failed, ok, post, run};

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
    let sign_in = |device: u8| {
        format!(
            "{{\"email\": \"o@example.test\", \"password\": \"{PASSWORD}\", \"device\": {{\"id\": \
             \"00000000-0000-4000-8000-00000000000{device}\", \"name\": \"P\", \"platform\": \"t\"}}}}"
        )
    };
    assert_eq!(post(&address, "/v1/session", &sign_in(1)).0, 200);
    let taken = ok(&data, &["backup", copy_name], "");
    assert_eq!(taken["key_included"], false);
    assert!(taken["database_bytes"].as_u64().unwrap() > 0);
    assert_eq!(failed(&data, &["backup", copy_name], ""), "not_empty");
    assert_eq!(failed(&data, &["restore", copy_name], ""), "already_serving");
    // After the copy: its phone is removed, and another that comes only now.
    assert_eq!(post(&address, "/v1/session", &sign_in(2)).0, 200);
    for device in 1..=2 {
        let id = format!("00000000-0000-4000-8000-00000000000{device}");
        ok(&data, &["device", "revoke", "--device", &id], "");
    }
    end(child);
    for file in fs::read_dir(&copy).unwrap() {
        assert_eq!(fs::metadata(file.unwrap().path()).unwrap().permissions().mode() & 0o077, 0);
    }

    // Without the key there is no restore, and none is made up.
    assert_eq!(failed(&place, &["restore", copy_name], ""), "setting");
    assert!(!place.join("key").exists());
    for file in ["key", "revoked"] {
        fs::copy(data.join(file), place.join(file)).unwrap();
    }
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
    let (child, address) = serve(&place, &[], &SECRETS);
    assert_ne!(epoch(&place), epoch(&data));
    for (device, status, code) in
        [(1, 401, "device_revoked"), (2, 401, "device_revoked"), (3, 200, "")]
    {
        let (got, answer) = post(&address, "/v1/session", &sign_in(device));
        assert!(got == status && answer.contains(code), "{device} {got} {answer}");
    }
    assert!(end(child).contains(" restored copied_at="));
    let after = ok(&place, &["status"], "");
    assert_eq!(after["agents"], before["agents"]);
}

#[test]
fn a_folder_without_a_store_is_named_and_none_is_made() {
    // A timer that runs in another folder must not copy an empty store and call it a backup.
    let dir = tempfile::tempdir().unwrap();
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let email = ["--email", "o@example.test"];
    let commands: [&[&str]; 9] = [
        &["backup", copy.to_str().unwrap()],
        &["status"],
        &["webhooks", "replay"],
        &["agent", "link-code", email[0], email[1]],
        &["agent", "remove", email[0], email[1]],
        &["agent", "add", "--workspace", "w", email[0], email[1], "--name", "O", "--role", "owner"],
        &["device", "list", email[0], email[1]],
        &["device", "revoke", "--device", "d"],
        &[
            "channel",
            "add",
            "--workspace",
            "w",
            "--phone-number-id",
            "1",
            "--waba-id",
            "2",
            "--display",
            "+34 600",
        ],
    ];
    for there in [false, true] {
        if there {
            fs::create_dir(&data).unwrap();
        }
        for command in commands {
            let output = run(&data, command, "");
            assert_eq!(output.status.code(), Some(1), "{command:?}");
            let text = String::from_utf8(output.stderr).unwrap();
            let error: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(error["error"]["code"], "setting", "{command:?} {text}");
            assert_eq!(error["error"]["setting"], "FIELDLINE_DATA", "{command:?} {text}");
        }
        assert!(!copy.exists());
        assert_eq!(data.exists(), there);
        assert!(!there || fs::read_dir(&data).unwrap().next().is_none());
    }
}

#[test]
fn a_backup_changes_nothing_of_an_older_schema() {
    // The copy before an upgrade is made by the new program and has to fit the old one.
    let dir = tempfile::tempdir().unwrap();
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    set_up(&data);
    let sql = rusqlite::Connection::open(data.join("platform.db")).unwrap();
    sql.execute_batch("PRAGMA user_version = 5").unwrap();
    let taken = ok(&data, &["backup", copy.to_str().unwrap()], "");
    assert_eq!(taken["schema"], 5);
    let schema = |file: &Path| -> i64 {
        let sql = rusqlite::Connection::open(file).unwrap();
        sql.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    };
    assert_eq!((schema(&data.join("platform.db")), schema(&copy.join("platform.db"))), (5, 5));
    let other = command(&data, &["backup", dir.path().join("no").to_str().unwrap()])
        .env("FIELDLINE_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&other.stderr).contains("wrong_key"), "{other:?}");
    assert!(!dir.path().join("no").exists());
}

#[test]
fn no_secret_stands_in_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let create = ["workspace", "create", "--name", "B", "--owner-email", "o@example.test"];
    let made = ok(&data, &create, PASSWORD);
    let workspace = made["workspace_id"].as_str().unwrap();
    let channel = [
        "channel",
        "add",
        "--workspace",
        workspace,
        "--phone-number-id",
        "42",
        "--waba-id",
        "7",
        "--display",
        "+34 600 111",
    ];
    ok(&data, &channel, TOKEN);
    let code = ok(&data, &["agent", "link-code", "--email", "o@example.test"], "");
    let code = code["link_code"].as_str().unwrap();
    ok(&data, &["backup", copy.to_str().unwrap()], "");
    let key = fs::read_to_string(data.join("key")).unwrap();
    let mut files = 0;
    for file in fs::read_dir(&copy).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        files += 1;
        let bare = code.replace('-', "");
        for secret in [PASSWORD, TOKEN, code, &bare, key.trim()] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{path:?}");
        }
    }
    assert!(files > 0);
    // The key alone is missing, and whoever starts on the copy as it is is told so.
    let refused = command(&copy, &["serve"]).envs(SECRETS).output().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    let error: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(error["error"]["setting"], "FIELDLINE_KEY", "{text}");
}

#[test]
fn every_setting_may_stand_in_the_file_and_a_wrong_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("data"), dir.path().join("fieldline.toml"));
    set_up(&data);
    let file = config.to_str().unwrap();
    let text = "app_secret = \"a\"\nverify_token = \"v\"\napp_id = \"123\"\nconfig_id = \"456\"\n";
    fs::write(&config, text).unwrap();
    let (child, _) = serve(&data, &["--config", file], &[]);
    end(child);
    for (wrong, name) in [
        ("app_id = \"mine\"", "FIELDLINE_APP_ID"),
        ("config_id = \"\"", "FIELDLINE_CONFIG_ID"),
        ("metrics_public = \"perhaps\"", "FIELDLINE_METRICS_PUBLIC"),
        ("disk_floor_mb = -1", "FIELDLINE_DISK_FLOOR_MB"),
        ("graph_url = \"http://graph.example\"", "FIELDLINE_GRAPH_URL"),
        ("public_url = 5", "FIELDLINE_PUBLIC_URL"),
        ("log = \"loud\"", "FIELDLINE_LOG"),
        ("key = \"c2hvcnQ=\"", "FIELDLINE_KEY"),
    ] {
        let lines = text.lines().filter(|line| line.split(' ').next() != wrong.split(' ').next());
        let text: Vec<&str> = lines.chain([wrong]).collect();
        fs::write(&config, text.join("\n")).unwrap();
        // As its user would: the folder by the environment, everything else by the file.
        let output = command(&data, &["serve", "--config", file])
            .env_remove("FIELDLINE_LOG")
            .output()
            .unwrap();
        let line = String::from_utf8(output.stderr).unwrap();
        let error: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(error["error"]["setting"], name, "{line}");
        assert_eq!((output.status.code(), line.lines().count()), (Some(1), 1));
    }
    // What is no text is not the same as what is not set.
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let output = command(&data, &["status"]).env("FIELDLINE_KEY", bytes).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("FIELDLINE_KEY is no UTF-8 text"), "{text}");
}

#[test]
fn wrong_arguments_are_usage_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let wrong: [&[&str]; 19] = [
        &["workspace"],
        &["workspace", "create"],
        &["workspace", "create", "--name", "B"],
        &["workspace", "create", "--name", "B", "--owner-email", "o@x", "--password", "canary"],
        &["agent"],
        &["agent", "add", "--workspace", "w", "--email", "e@x", "--name", "N", "--role", "king"],
        &["agent", "link-code"],
        &["agent", "remove", "canary"],
        &["device", "list"],
        &["device", "revoke"],
        &["channel", "add", "--workspace", "w", "--token", "canary"],
        &["webhooks"],
        &["webhooks", "replay", "everything"],
        &["backup"],
        &["backup", "a", "b"],
        &["restore"],
        &["explain"],
        &["serve", "--fast"],
        &["status", "--config"],
    ];
    for arguments in wrong {
        let output = run(&data, arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((text.lines().count(), output.stdout.len()), (1, 0), "{arguments:?} {text}");
        let error: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(error["error"]["code"], "usage", "{arguments:?}");
    }
    assert!(!data.exists(), "wrong usage makes nothing");
    for help in [&["--help"][..], &["help"], &["backup", "--help"], &["--version"]] {
        let output = run(&data, help, "");
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{help:?}");
    }
    let help = String::from_utf8(run(&data, &["--help"], "").stdout).unwrap();
    assert!(help.contains("FIELDLINE_APP_ID") && help.contains("FIELDLINE_CONFIG_ID"), "{help}");
}

#[test]
fn explain_says_what_each_file_would_do_and_stores_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (data, good) = (dir.path().join("data"), dir.path().join("good.json"));
    let body = crate::meta_world::envelope(&[crate::meta_world::customer(
        "34600111222",
        "wamid.1",
        "hello",
        1_700_000_000,
    )]);
    fs::write(&good, &body).unwrap();
    let deep = "[".repeat(1_000) + &"]".repeat(1_000);
    let lines = |output: &std::process::Output| -> Vec<Value> {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let good = good.to_str().unwrap();
    let output = run(&data, &["explain", "--json", good, "-"], &deep);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = lines(&output);
    assert_eq!((&told[0]["effect"], &told[0]["wamid"]), (&"stored".into(), &"wamid.1".into()));
    assert_eq!((&told[1]["file"], &told[1]["effect"]), (&"-".into(), &"unknown".into()));
    // One file that is not there costs the others nothing, but the whole run its good end.
    let folder = dir.path().to_str().unwrap();
    let output = run(&data, &["explain", "--json", "/nowhere/at/all", folder, good], "");
    assert_eq!(output.status.code(), Some(1));
    let told = lines(&output);
    let effects: Vec<&Value> = told.iter().map(|line| &line["effect"]).collect();
    assert_eq!(effects, ["unknown", "unknown", "stored"], "{told:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("\"file\""));
    assert!(!data.exists());
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
