//! A world for tests that are no scenarios: the screens of an app, say. They run as one child and ask for the world's steps by TCP.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use super::Trouble;
use super::world::{AGENTS, World};

/// Where the child finds the world: `127.0.0.1:port`, one request a line in, one answer a line out.
const VARIABLE: &str = "FIELDLINE_WORLD";

/// Runs the command beside a world; gives whether it ended well.
pub(super) async fn lend(words: &[OsString]) -> Result<bool, Trouble> {
    let offering = Trouble::of("offering the world");
    let world = Arc::new(Mutex::new(World::start().await?));
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = TcpListener::bind(any).await.map_err(&offering)?;
    let addr = listener.local_addr().map_err(&offering)?;
    let starting = Trouble::of("starting the command");
    let (program, args) =
        words.split_first().ok_or_else(|| starting("no command was given".to_owned()))?;
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .env(VARIABLE, addr.to_string())
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| starting(error.to_string()))?;
    loop {
        tokio::select! {
            biased;
            ended = child.wait() => {
                let status = ended.map_err(|error| starting(error.to_string()))?;
                return Ok(status.success());
            }
            accepted = listener.accept() => {
                let (stream, _) = accepted.map_err(&offering)?;
                tokio::spawn(converse(stream, Arc::clone(&world)));
            }
        }
    }
}

/// Answers until the connection ends. One that breaks concerns the child alone.
async fn converse(stream: TcpStream, world: Arc<Mutex<World>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match answer(&line, &world).await {
            Ok(value) => json!({ "ok": value }),
            Err(trouble) => json!({ "error": trouble.to_string() }),
        };
        if write.write_all(format!("{answer}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn answer(line: &str, world: &Mutex<World>) -> Result<Value, Trouble> {
    let request: Value = serde_json::from_str(line).map_err(Trouble::of("reading a request"))?;
    let word = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    let with = request.get("with").cloned().unwrap_or_else(|| json!({}));
    let mut world = world.lock().await;
    match (word("as"), word("do")) {
        ("world", "fresh") => {
            *world = World::start().await?;
            Ok(Value::Null)
        }
        (who, "phone") if AGENTS.contains(&who) => {
            let employee = world.employee(who)?;
            Ok(json!({
                "server": format!("http://{}", employee.relay.addr()),
                "email": employee.email,
                "password": employee.password,
                "folder": employee.folder,
            }))
        }
        (who, verb) => {
            let done = world.act(who, verb, &with).await?;
            if verb == "write" {
                // Nobody looks from another phone here: the next step may count on it.
                world.arrived(&done).await?;
            }
            Ok(done)
        }
    }
}
