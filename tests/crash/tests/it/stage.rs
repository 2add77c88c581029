//! Everything around a platform that is killed: Meta's side, which knows when to kill it, and a phone that stays.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use fieldline_core::Client;
use fieldline_core::api::Config;
use fieldline_core::support::FileSecrets;
use fieldline_crash::child::{PlatformEnv, Running};
use fieldline_crash::office::{self, APP_SECRET, VERIFY_TOKEN};
use fieldline_crash::relay::Relay;
use fieldline_crash::wait::before_kill;
use fieldline_whatsapp_sim::{
    CustomerMessage, CutConnection, HttpWebhooks, Sim, SimPorts, SystemClock, WebhookFailure,
    WebhookPort, listen, serve,
};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Notify;

use crate::binary;
use crate::world::settings;

/// After what the platform dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Its process was started.
    Start,
    /// It listens.
    Listening,
    /// The simulator has read a 200.
    WebhookAnswered,
    /// A Graph call has come and is not carried out, now or later.
    CallArrived,
    /// A Graph call was carried out; its answer does not leave.
    CallDone,
    /// The answer of a Graph call is on its way.
    CallAnswered,
}

/// One death, drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) moment: Moment,
    pub(crate) nth: u32,
    pub(crate) micros: u64,
}

/// What Meta's side of the test knows and does.
#[derive(Default)]
pub(crate) struct Scene {
    victim: Mutex<Option<Arc<Running>>>,
    pub(crate) trap: Mutex<Option<Plan>>,
    pub(crate) sprung: Notify,
    webhooks: Mutex<Option<HttpWebhooks>>,
    pub(crate) answered: Mutex<Vec<Vec<u8>>>,
    pub(crate) calls: Mutex<BTreeMap<String, u32>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scene {
    /// The plan, if this is its moment.
    pub(crate) fn comes(&self, moment: Moment) -> Option<Plan> {
        let mut trap = lock(&self.trap);
        let plan = trap.as_mut().filter(|plan| plan.moment == moment)?;
        plan.nth -= 1;
        if plan.nth > 0 {
            return None;
        }
        trap.take()
    }

    pub(crate) async fn strike(&self, plan: Plan) {
        before_kill(plan.micros).await;
        if let Some(victim) = lock(&self.victim).as_ref() {
            victim.kill();
        }
        self.sprung.notify_one();
    }

    pub(crate) fn lead_to(&self, platform: Option<SocketAddr>) {
        let url = platform.map(|address| format!("http://{address}/webhooks/meta"));
        *lock(&self.webhooks) = url.map(|url| HttpWebhooks::new(&url).unwrap());
    }
}

/// Webhooks go to wherever the platform is now; what was answered 200 is remembered to the byte.
pub(crate) struct Webhooks(Arc<Scene>);

impl WebhookPort for Webhooks {
    fn post(&self, body: Vec<u8>, signature: String) -> BoxFuture<'_, Result<u16, WebhookFailure>> {
        Box::pin(async move {
            let Some(port) = lock(&self.0.webhooks).clone() else {
                return Err(WebhookFailure::NotSent);
            };
            let answer = port.post(body.clone(), signature).await;
            if answer == Ok(200) {
                lock(&self.0.answered).push(body);
                if let Some(plan) = self.0.comes(Moment::WebhookAnswered) {
                    self.0.strike(plan).await;
                }
            }
            answer
        })
    }
}

/// Stands before the simulator's Graph side: counts the calls, and kills the platform in the middle of one.
pub(crate) async fn graph(
    State(scene): State<Arc<Scene>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if let Some(id) = body["biz_opaque_callback_data"].as_str() {
        *lock(&scene.calls).entry(id.to_owned()).or_default() += 1;
    }
    let cut = || {
        let mut response = Response::default();
        response.extensions_mut().insert(CutConnection);
        response
    };
    if let Some(plan) = scene.comes(Moment::CallArrived) {
        scene.strike(plan).await;
        return cut();
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    if let Some(plan) = scene.comes(Moment::CallDone) {
        scene.strike(plan).await;
        return cut();
    }
    if let Some(plan) = scene.comes(Moment::CallAnswered) {
        tokio::spawn(async move { scene.strike(plan).await });
    }
    response
}

/// The world around one platform.
pub(crate) struct Stage {
    pub(crate) scene: Arc<Scene>,
    pub(crate) sim: Sim,
    relay: Relay,
    graph_url: String,
    folder: tempfile::TempDir,
    pub(crate) link_code: String,
}

impl Stage {
    pub(crate) async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scene = Arc::new(Scene::default());
        let webhooks = Arc::new(Webhooks(Arc::clone(&scene)));
        let clock = Arc::new(SystemClock);
        let sim = Sim::new(settings(), SimPorts { clock, seed: 1, webhooks });
        sim.start();
        let port = listen("127.0.0.1:0".parse().unwrap(), false).await.unwrap();
        let graph_url = format!("http://{}/v25.0", port.local_addr().unwrap());
        let router = sim.graph_router().layer(from_fn_with_state(Arc::clone(&scene), graph));
        tokio::spawn(serve(port, router, std::future::pending()));
        let relay = Relay::open();
        let founded = office::found(&folder.path().join("platform"), &graph_url).await;
        Self { scene, sim, relay, graph_url, folder, link_code: founded.link_code }
    }

    /// A way for webhooks of the test's own: what is answered is remembered like the simulator's.
    pub(crate) fn webhooks(&self) -> Webhooks {
        Webhooks(Arc::clone(&self.scene))
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("platform")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("platform.log")
    }

    pub(crate) fn start(&self) -> (Arc<Running>, tokio::sync::mpsc::UnboundedReceiver<String>) {
        let log = self.log();
        let env = PlatformEnv {
            data: &self.data(),
            graph_url: &self.graph_url,
            app_secret: APP_SECRET,
            verify_token: VERIFY_TOKEN,
            log: &log,
        };
        let (running, lines) = env.serve(binary());
        let running = Arc::new(running);
        *lock(&self.scene.victim) = Some(Arc::clone(&running));
        (running, lines)
    }

    /// Webhooks and phone find the platform from now on.
    pub(crate) fn lead_to(&self, address: &str) {
        let address = address.parse().unwrap();
        self.relay.lead_to(address);
        self.scene.lead_to(Some(address));
    }

    pub(crate) async fn phone(&self) -> Client {
        let config = Config {
            store_path: self.phone_store(),
            server_url: self.relay.url(),
            device_name: "crash".into(),
            platform: "crash".into(),
            extra_roots_pem: None,
        };
        let secrets = FileSecrets::new(self.folder.path().join("secrets")).unwrap();
        let client = Client::open(config, Arc::new(secrets)).await.unwrap();
        client.enter_foreground().await.unwrap();
        client
    }

    pub(crate) fn phone_store(&self) -> PathBuf {
        self.folder.path().join("phone.db")
    }

    pub(crate) fn customer_writes(&self, wa_id: &str, text: String) -> String {
        self.sim.customer(&CustomerMessage::text(wa_id, text)).unwrap().wamid
    }
}
