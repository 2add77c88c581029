//! The topic `platform`: goals.md's rows for the platform, each beside its yardstick where it has
//! one.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::agents::Online;
use crate::bodies::Bodies;
use crate::figures::{self, Figure, float, median, p99_ms};
use crate::import;
use crate::load::{self, Plan};
use crate::server::{Server, Which};
use crate::world;

/// How much is done.
#[derive(Clone, Copy)]
struct Size {
    rounds: usize,
    /// Bodies of a round at full speed.
    burst: usize,
    /// Bodies a second at the steady rate, and for how many seconds.
    rate: u32,
    seconds: u32,
    agents: usize,
    /// Full load for memory.
    load: Duration,
    kills: usize,
    chats: usize,
}

const WHOLE: Size = Size {
    rounds: 5,
    burst: 20_000,
    rate: 1_000,
    seconds: 6,
    agents: 300,
    load: Duration::from_secs(30),
    kills: 10,
    chats: 5_000,
};

const TINY: Size = Size {
    rounds: 1,
    burst: 60,
    rate: 50,
    seconds: 1,
    agents: 3,
    load: Duration::from_millis(600),
    kills: 1,
    chats: 3,
};

/// Connections of a load.
const CONNECTIONS: usize = 64;

/// Webhooks a second while the agents' sockets are watched.
const AGENTS_RATE: u32 = 20;

/// How long bodies may take to be worked off.
const DRAIN: Duration = Duration::from_mins(5);

/// What can be measured alone.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Webhooks answered and turned into messages.
    Webhooks,
    /// From a webhook to the sockets of all agents; an idle socket's memory.
    Agents,
    /// Memory under full load.
    Memory,
    /// kill -9 under load.
    Kills,
    /// The import of a history.
    History,
}

/// Measures everything or some parts, prints the table, writes the file.
pub(crate) fn main(tiny: bool, parts: &[Part], out: &Path) -> ExitCode {
    let size = if tiny { TINY } else { WHOLE };
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let figures = runtime.block_on(async {
        let mut figures = Vec::new();
        if wanted(Part::Webhooks) {
            figures.extend(webhooks(size).await);
        }
        if wanted(Part::Agents) {
            figures.extend(agents(size).await);
        }
        if wanted(Part::Memory) {
            figures.extend(memory(size).await);
        }
        if wanted(Part::Kills) {
            figures.push(kills(size).await);
        }
        if wanted(Part::History) {
            figures.extend(history(size).await);
        }
        figures
    });
    figures::print(&figures);
    if let Err(error) = figures::write(out, tiny, &figures) {
        eprintln!("the figures cannot be written: {}", error.kind());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn say(what: &str) {
    eprintln!("{what}");
}

/// A round on one server.
struct Round {
    answered: f64,
    turned: f64,
    p99: f64,
}

async fn round(which: Which, size: Size) -> Round {
    let business = world::make(0).await;
    let server = Server::start(which, business.folder.path()).await;
    let bodies = Bodies::of("burst");
    let plan = Plan {
        first: 0,
        count: size.burst,
        connections: CONNECTIONS,
        rate: None,
        limit: Duration::from_mins(2),
    };
    let begun = Instant::now();
    let burst = load::run(server.address, &bodies, plan).await;
    assert_eq!((burst.answered.len(), burst.failed), (size.burst, 0));
    let mut turned = f64::NAN;
    if which == Which::Platform {
        assert!(world::drained(business.folder.path(), DRAIN).await, "bodies are not worked off");
        turned = float(size.burst) / begun.elapsed().as_secs_f64();
        let messages = world::one(business.folder.path(), "SELECT count(*) FROM messages");
        assert_eq!(usize::try_from(messages), Ok(size.burst), "a message is missing");
    }
    let count = usize::try_from(size.rate * size.seconds).expect("a small number");
    let steady = Plan { first: size.burst, count, rate: Some(size.rate), ..plan };
    let steady = load::run(server.address, &bodies, steady).await;
    assert_eq!((steady.answered.len(), steady.failed), (count, 0));
    server.kill().await;
    Round {
        answered: float(size.burst) / burst.took.as_secs_f64(),
        turned,
        p99: p99_ms(&steady.times),
    }
}

async fn webhooks(size: Size) -> Vec<Figure> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 1..=size.rounds {
        say(&format!("webhooks, round {number} of {}", size.rounds));
        theirs.push(round(Which::Yardstick, size).await);
        ours.push(round(Which::Platform, size).await);
    }
    let of =
        |rounds: &[Round], what: fn(&Round) -> f64| rounds.iter().map(what).collect::<Vec<_>>();
    let answered = of(&theirs, |round| round.answered);
    vec![
        Figure::beside(
            "webhooks answered, raw bytes durable",
            "/s",
            of(&ours, |round| round.answered),
            &answered,
            ">= 0.5 x",
            |ratio| ratio >= 0.5,
        ),
        Figure::beside(
            "webhooks turned into messages",
            "/s",
            of(&ours, |round| round.turned),
            &answered,
            ">= 0.25 x",
            |ratio| ratio >= 0.25,
        ),
        Figure::alone(
            "webhook answered at 1,000/s, p99",
            "ms",
            of(&ours, |round| round.p99),
            "<= 50 ms",
            |ms| ms <= 50.0,
        )
        .with_yardstick(median(&of(&theirs, |round| round.p99))),
    ]
}

async fn agents(size: Size) -> Vec<Figure> {
    say("agents online");
    let business = world::make(size.agents).await;
    let server = Server::start(Which::Platform, business.folder.path()).await;
    let bodies = Bodies::of("agents");
    // The first message of each customer makes a conversation: that is not what is measured.
    let plan =
        Plan { first: 0, count: 500, connections: 8, rate: None, limit: Duration::from_mins(1) };
    load::run(server.address, &bodies, plan).await;
    assert!(world::drained(business.folder.path(), DRAIN).await, "bodies are not worked off");
    let before = server.memory_kib();
    let mut online = Online::sign_in(server.address, &business.link_codes).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let grown = server.memory_kib().saturating_sub(before);
    let each = f64::from(u32::try_from(grown).unwrap_or(u32::MAX)) / float(size.agents);
    let count = usize::try_from(AGENTS_RATE * size.seconds).expect("a small number");
    let mut rounds = Vec::new();
    for number in 0..size.rounds {
        say(&format!("webhook to sockets, round {} of {}", number + 1, size.rounds));
        let first = 500 + number * count;
        let times = online.deliver(server.address, &bodies, first, count, AGENTS_RATE).await;
        assert_eq!(times.len(), count * size.agents, "a frame is missing");
        rounds.push(p99_ms(&times));
    }
    server.kill().await;
    vec![
        Figure::alone(
            "webhook in to phone's socket out, 300 agents online, p99",
            "ms",
            rounds,
            "<= 100 ms",
            |ms| ms <= 100.0,
        ),
        Figure::alone("memory of an idle agent's socket", "KiB", vec![each], "<= 64 KiB", |kib| {
            kib <= 64.0
        }),
    ]
}

async fn memory(size: Size) -> Vec<Figure> {
    say("memory under full load");
    let business = world::make(0).await;
    let server = Server::start(Which::Platform, business.folder.path()).await;
    let plan = Plan {
        first: 0,
        count: usize::MAX,
        connections: CONNECTIONS,
        rate: None,
        limit: size.load,
    };
    let bodies = Bodies::of("memory");
    let load = load::run(server.address, &bodies, plan);
    tokio::pin!(load);
    let mut samples = Vec::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut load => break,
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                samples.push(f64::from(u32::try_from(server.memory_kib()).unwrap_or(0)) / 1024.0);
            }
        }
    }
    server.kill().await;
    let third = samples.len() / 3;
    let middle = median(&samples[third..third * 2]);
    let last = median(&samples[third * 2..]);
    let most = samples.iter().copied().fold(0.0, f64::max);
    vec![
        Figure::alone("memory under full load, most", "MiB", vec![most], "<= 200 MiB", |mib| {
            mib <= 200.0
        }),
        Figure::alone(
            "memory under full load, last third by middle third",
            "x",
            vec![last / middle],
            "flat (<= 1.1)",
            |growth| growth <= 1.1,
        ),
    ]
}

async fn kills(size: Size) -> Figure {
    say("killed under load");
    let business = world::make(0).await;
    let folder = business.folder.path();
    let bodies = Bodies::of("kills");
    let (mut first, mut answered) = (0, BTreeSet::new());
    for number in 0..size.kills {
        let server = Server::start(Which::Platform, folder).await;
        let plan = Plan {
            first,
            count: 1_000_000,
            connections: CONNECTIONS,
            rate: None,
            limit: Duration::from_mins(1),
        };
        let address = server.address;
        let posted = bodies.clone();
        let load = tokio::spawn(async move { load::run(address, &posted, plan).await });
        let wait = 200 + u64::try_from(number * 137 % 500).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        server.kill().await;
        let load = load.await.expect("a load that ends");
        assert!(!load.answered.is_empty(), "nothing was answered before the kill");
        first = load.answered.iter().max().map_or(first, |last| last + CONNECTIONS + 1);
        answered.extend(load.answered);
    }
    // A last life works off what is on the disk.
    let server = Server::start(Which::Platform, folder).await;
    assert!(world::drained(folder, DRAIN).await, "bodies are not worked off");
    server.kill().await;
    let connection = rusqlite::Connection::open(folder.join("platform.db")).expect("the store");
    let mut statement = connection.prepare("SELECT wamid FROM messages").expect("a query");
    let stored: BTreeSet<usize> = statement
        .query_map([], |row| row.get::<_, String>(0))
        .expect("rows")
        .filter_map(|wamid| wamid.ok()?.rsplit('.').next()?.parse().ok())
        .collect();
    let lost = answered.iter().filter(|index| !stored.contains(index)).count();
    say(&format!("{} kills, {} answered with 200", size.kills, answered.len()));
    Figure::alone(
        "answered webhooks lost by kill -9 under load",
        "",
        vec![float(lost)],
        "0",
        |lost| lost < 0.5,
    )
}

async fn history(size: Size) -> Vec<Figure> {
    say("history import");
    let imported = import::measure(size.chats).await;
    assert_eq!(imported.stored, imported.sent, "the import lost messages");
    vec![
        Figure::alone(
            "history of 200,000 messages in 5,000 chats imported",
            "s",
            vec![imported.seconds],
            "minutes",
            |seconds| seconds < 600.0,
        ),
        Figure::alone("messages imported", "/s", vec![imported.rate], "shown", |_| true)
            .only_shown(),
        Figure::alone(
            "memory during the import, most",
            "MiB",
            vec![imported.memory_mib],
            "<= 200 MiB",
            |mib| mib <= 200.0,
        ),
    ]
}
