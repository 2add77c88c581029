//! Platform and simulator in the test's own process, on loopback ports, with a relay before the phone and eyes on what arrives.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use fieldline_crash::autopsy::PlatformStore;
use fieldline_crash::check::Arrived;
use fieldline_crash::office::{self, APP_SECRET, EMAIL, PASSWORD};
use fieldline_crash::orders::{Line, Orders, SignIn};
use fieldline_crash::relay::Relay;
use fieldline_crash::wait::until;
use fieldline_platform::meta::graph::HttpGraph;
use fieldline_platform::support::{BlockingPool, SystemClock, SystemRng};
use fieldline_platform::{Platform, Ports};
use fieldline_whatsapp_sim::{
    Author, CustomerMessage, HttpWebhooks, Sim, SimPorts, SimSettings, listen, serve,
};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What the drivers see happen, and can kill after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The phone said something.
    Said(Line),
    /// Commands reached the platform and nothing was done yet.
    CommandsArrived,
    /// The platform has done them and the answer is on its way.
    CommandsAnswered,
    /// A page of changes is on its way.
    ChangesAnswered,
    /// A page of the first download is on its way.
    BootstrapAnswered,
    /// New tokens are on their way.
    Refreshed,
}

/// What stands before the platform's router.
#[derive(Clone)]
struct Eyes {
    seen: mpsc::UnboundedSender<Seen>,
    posted: Arc<Mutex<Vec<String>>>,
    /// The planted fault: a repeated command comes under a fresh id, so that nobody can know it again.
    fresh_ids: Arc<AtomicBool>,
}

impl Eyes {
    /// Notes the commands of a request. Under the planted fault each repeat gets another id, and the answer the old one.
    fn read(&self, body: &[u8]) -> (Vec<u8>, Vec<(String, String)>) {
        let mut body: Value = serde_json::from_slice(body).unwrap();
        let mut posted = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut renamed = Vec::new();
        for command in body["commands"].as_array_mut().unwrap() {
            let id = command["id"].as_str().unwrap().to_owned();
            if self.fresh_ids.load(Ordering::Relaxed) && posted.contains(&id) {
                // Still a UUID: the same one with other last digits.
                let fresh = format!("{}{:04x}", &id[..32], posted.len());
                command["id"] = fresh.clone().into();
                renamed.push((fresh, id.clone()));
            }
            posted.push(id);
        }
        (body.to_string().into_bytes(), renamed)
    }
}

/// The answer as the phone expects it.
async fn rename(response: Response, renamed: &[(String, String)]) -> Response {
    if renamed.is_empty() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, 4 << 20).await.unwrap();
    let mut text = String::from_utf8(bytes.to_vec()).unwrap();
    for (fresh, id) in renamed {
        text = text.replace(fresh, id);
    }
    parts.headers.remove("content-length");
    Response::from_parts(parts, Body::from(text))
}

async fn watch(State(eyes): State<Eyes>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let tell = |seen| drop(eyes.seen.send(seen));
    let mut renamed = Vec::new();
    let request = if path == "/v1/commands" {
        let (parts, body) = request.into_parts();
        // A phone that died in the middle of its request: the platform reads no further either.
        let Ok(bytes) = to_bytes(body, 4 << 20).await else { return Response::default() };
        let (bytes, fresh) = eyes.read(&bytes);
        renamed = fresh;
        tell(Seen::CommandsArrived);
        Request::from_parts(parts, Body::from(bytes))
    } else {
        request
    };
    let response = rename(next.run(request).await, &renamed).await;
    match path.as_str() {
        "/v1/commands" => tell(Seen::CommandsAnswered),
        "/v1/changes" => tell(Seen::ChangesAnswered),
        "/v1/bootstrap" => tell(Seen::BootstrapAnswered),
        "/v1/session/refresh" => tell(Seen::Refreshed),
        _ => {}
    }
    response
}

/// The world around one phone.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) relay: Relay,
    pub(crate) store: PlatformStore,
    pub(crate) seen: mpsc::UnboundedReceiver<Seen>,
    tell: mpsc::UnboundedSender<Seen>,
    posted: Arc<Mutex<Vec<String>>>,
    fresh_ids: Arc<AtomicBool>,
    platform: Platform,
    link_code: String,
    folder: tempfile::TempDir,
}

impl World {
    /// Starts it, with one message of each customer in.
    pub(crate) async fn open(customers: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let local: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let (platform_port, sim_port) =
            (TcpListener::bind(local).await.unwrap(), listen(local, false).await.unwrap());
        let platform_at = platform_port.local_addr().unwrap();
        let sim = simulator(&format!("http://{platform_at}/webhooks/meta"));
        let graph_url = format!("http://{}/v25.0", sim_port.local_addr().unwrap());
        tokio::spawn(serve(sim_port, sim.router(), std::future::pending()));

        let data = folder.path().join("platform");
        let founded = office::found(&data, &graph_url).await;
        let ports = Ports {
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng::new()),
            executor: Arc::new(BlockingPool),
            graph: Arc::new(HttpGraph::new(&graph_url).unwrap()),
        };
        let platform = Platform::open(founded.settings, ports).await.unwrap();
        platform.start();
        let (tell, seen) = mpsc::unbounded_channel();
        let (posted, fresh_ids) = (Arc::default(), Arc::default());
        let eyes = Eyes {
            seen: tell.clone(),
            posted: Arc::clone(&posted),
            fresh_ids: Arc::clone(&fresh_ids),
        };
        let router = platform.router().layer(from_fn_with_state(eyes, watch));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(platform_port, service).await });

        let relay = Relay::open();
        relay.lead_to(platform_at);
        let store = PlatformStore::beside(&data);
        let link_code = founded.link_code;
        let world =
            Self { sim, relay, store, seen, tell, posted, fresh_ids, platform, link_code, folder };
        for customer in customers {
            world.customer_writes(customer, "good morning");
        }
        until("the first messages", || {
            (world.store.chats().len() == customers.len()).then_some(())
        })
        .await;
        world
    }

    /// A message comes in.
    pub(crate) fn customer_writes(&self, wa_id: &str, text: &str) {
        self.sim.customer(&CustomerMessage::text(wa_id, text)).unwrap();
    }

    /// Where drivers send what phones say.
    pub(crate) fn ears(&self) -> impl FnMut(Line) + Send + 'static {
        let tell = self.tell.clone();
        move |line| drop(tell.send(Seen::Said(line)))
    }

    /// The phone's store.
    pub(crate) fn phone_store(&self) -> PathBuf {
        self.folder.path().join("phone.db")
    }

    /// The log of all its lives.
    pub(crate) fn phone_log(&self) -> PathBuf {
        self.folder.path().join("phone.log")
    }

    /// A life that does nothing but keep up.
    pub(crate) fn orders(&self, life: u32) -> Orders {
        Orders {
            store: self.phone_store(),
            secrets: self.folder.path().join("secrets"),
            url: self.relay.url(),
            sign_in: SignIn::LinkCode(self.link_code.clone()),
            life,
            replies: 0,
            conversations: u32::try_from(self.store.chats().len()).unwrap(),
            drain: false,
            promise_first: false,
            log: Some(self.phone_log()),
        }
    }

    /// Ids of all commands that reached the platform, repeats included.
    pub(crate) fn posted(&self) -> Vec<String> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Switches the planted fault on.
    pub(crate) fn rename_repeats(&self) {
        self.fresh_ids.store(true, Ordering::Relaxed);
    }

    /// Another phone of the same employee, with nothing on it.
    pub(crate) fn new_phone(&self, name: &str) -> Orders {
        let orders = self.orders(0);
        let sign_in = SignIn::Password { email: EMAIL.to_owned(), password: PASSWORD.to_owned() };
        let (store, secrets) = (self.folder.path().join(name), self.folder.path().join("of"));
        Orders { store, secrets: secrets.join(name), sign_in, ..orders }
    }

    /// Waits until nothing moves any more between platform and simulator.
    pub(crate) async fn calm(&self) {
        until("every message accepted and every webhook worked off", || {
            let sent = self.store.sends().values().all(|state| state == "accepted");
            let quiet = self.sim.pending() == 0 && self.store.webhooks_waiting() == 0;
            let answered = self.sim.log().webhooks.iter().all(|it| it.answered == Some(200));
            (sent && quiet && answered).then_some(())
        })
        .await;
    }

    /// Ends it.
    pub(crate) async fn close(self) {
        self.sim.stop().await;
        self.platform.stop().await;
    }
}

/// A simulator whose statuses follow at once.
pub(crate) fn settings() -> SimSettings {
    let mut settings = SimSettings::new(APP_SECRET);
    settings.sent_after_ms = 2;
    settings.delivered_after_ms = 5;
    settings.webhook_retry_ms = 20;
    settings.webhook_retry_max_ms = 100;
    settings
}

fn simulator(webhook: &str) -> Sim {
    let webhooks = Arc::new(HttpWebhooks::new(webhook).unwrap());
    let clock = Arc::new(fieldline_whatsapp_sim::SystemClock);
    let sim = Sim::new(settings(), SimPorts { clock, seed: 1, webhooks });
    sim.start();
    sim
}

/// The replies on the customers' phones, in order of arrival.
pub(crate) fn arrived(sim: &Sim) -> Vec<Arrived> {
    let mut all = Vec::new();
    for chat in sim.chats().customers {
        let replies = chat.messages.into_iter().filter(|message| message.author == Author::Api);
        all.extend(replies.map(|message| Arrived {
            chat: chat.wa_id.clone(),
            text: message.text.unwrap(),
            id: message.callback_data.unwrap(),
            deliveries: message.deliveries,
        }));
    }
    all
}
