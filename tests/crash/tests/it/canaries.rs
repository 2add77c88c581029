//! Canary strings through a whole run of real processes, deaths and bad input included: personal data and secrets in no log,
//! secrets in no file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fieldline_crash::autopsy::PlatformStore;
use fieldline_crash::canary::{files, holds, sightings, values};
use fieldline_crash::child::{self, PlatformEnv, Running};
use fieldline_crash::office::{PHONE_NUMBER_ID, WABA_ID};
use fieldline_crash::orders::{Line, Orders, SignIn, text};
use fieldline_crash::relay::{Relay, Weather};
use fieldline_crash::wait::{bounded, until};
use fieldline_whatsapp_sim::{
    CustomerMessage, FaultOrder, HttpWebhooks, OwnerMessage, SendFault, Sim, SimPorts, SystemClock,
    WebhookFailure, WebhookPort, listen, serve, sign,
};
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::binary;
use crate::report::say;
use crate::world::settings;

const APP_SECRET: &str = "canary-app-secret-91c4";
const VERIFY_TOKEN: &str = "canary-verify-token-5e07";
const GRAPH_TOKEN: &str = "EAAcanaryGraphToken77d1";
const PASSWORD: &str = "canary password 3f8a";
const OWNERS_PASSWORD: &str = "canary password 6b20";
const WRONG_PASSWORD: &str = "canary password d4e9";
const EMAIL: &str = "canary.employee@fieldline.test";
const NAME: &str = "Canarina Employee";
const CUSTOMER: &str = "34699120457";
const CUSTOMER_NAME: &str = "Canario Customer";
const QUESTION: &str = "canary question 0a6c";
const OWNERS_ANSWER: &str = "canary answer 77f2";
const LIFE: u32 = 90_001;

/// Webhooks to wherever the platform is now.
#[derive(Default)]
struct Webhooks(Mutex<Option<HttpWebhooks>>);

impl WebhookPort for Webhooks {
    fn post(&self, body: Vec<u8>, signature: String) -> BoxFuture<'_, Result<u16, WebhookFailure>> {
        Box::pin(async move {
            let port = self.0.lock().unwrap().clone();
            port.ok_or(WebhookFailure::NotSent)?.post(body, signature).await
        })
    }
}

struct Run {
    folder: tempfile::TempDir,
    relay: Relay,
    webhooks: Arc<Webhooks>,
    sim: Sim,
    graph_url: String,
}

impl Run {
    async fn begin() -> Self {
        let webhooks = Arc::new(Webhooks::default());
        let port: Arc<dyn WebhookPort> = Arc::<Webhooks>::clone(&webhooks);
        let mut settings = settings();
        APP_SECRET.clone_into(&mut settings.app_secret);
        settings.token = Some(GRAPH_TOKEN.to_owned());
        let clock = Arc::new(SystemClock);
        let sim = Sim::new(settings, SimPorts { clock, seed: 1, webhooks: port });
        sim.start();
        let listener = listen("127.0.0.1:0".parse().unwrap(), false).await.unwrap();
        let graph_url = format!("http://{}/v25.0", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, sim.router(), std::future::pending()));
        let folder = tempfile::tempdir().unwrap();
        Self { folder, relay: Relay::open(), webhooks, sim, graph_url }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One command of the operator's; what it printed.
    async fn operate(&self, arguments: &[&str], input: &str) -> serde_json::Value {
        let (data, log) = (self.path("platform"), self.path("platform.log"));
        self.env(&data, &log).operate(binary(), arguments, input).await.unwrap()
    }

    fn env<'a>(&'a self, data: &'a Path, log: &'a Path) -> PlatformEnv<'a> {
        PlatformEnv {
            data,
            graph_url: &self.graph_url,
            app_secret: APP_SECRET,
            verify_token: VERIFY_TOKEN,
            log,
        }
    }

    async fn serve(&self) -> (Running, HttpWebhooks) {
        let (data, log) = (self.path("platform"), self.path("platform.log"));
        let (running, mut lines) = self.env(&data, &log).serve(binary());
        let address: SocketAddr =
            bounded("the platform", lines.recv()).await.unwrap().parse().unwrap();
        self.relay.lead_to(address);
        let webhooks = HttpWebhooks::new(&format!("http://{address}/webhooks/meta")).unwrap();
        *self.webhooks.0.lock().unwrap() = Some(webhooks.clone());
        (running, webhooks)
    }

    fn orders(&self, name: &str, sign_in: SignIn) -> Orders {
        Orders {
            store: self.path("phones").join(format!("{name}.db")),
            secrets: self.path("phones").join(name),
            url: self.relay.url(),
            sign_in,
            life: LIFE,
            replies: 0,
            conversations: 1,
            drain: false,
            promise_first: false,
            log: Some(self.path("phone.log")),
        }
    }
}

/// Lives until the phone says a line that is looked for.
async fn phone(orders: &Orders, wanted: impl Fn(&Line) -> bool) -> Running {
    let said = Arc::new(Mutex::new(Vec::new()));
    let pen = Arc::clone(&said);
    let (running, _) = child::phone(binary(), orders, move |line| pen.lock().unwrap().push(line));
    until("what the phone should say", || said.lock().unwrap().iter().any(&wanted).then_some(()))
        .await;
    running
}

async fn kill(running: Running) {
    running.kill();
    running.ended().await;
}

async fn happened(sim: &Sim, fault: &str) {
    until(fault, || sim.fault_counts().contains_key(fault).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_personal_in_any_log_and_no_secret_in_any_file() {
    let run = Run::begin().await;
    std::fs::create_dir(run.path("phones")).unwrap();
    let create = ["workspace", "create", "--name", "Bloom", "--owner-email", "o@fieldline.test"];
    let workspace = run.operate(&create, OWNERS_PASSWORD).await;
    let workspace = workspace["workspace_id"].as_str().unwrap();
    let add = ["agent", "add", "--workspace", workspace, "--email", EMAIL];
    run.operate(&[&add[..], &["--name", NAME, "--role", "employee"]].concat(), PASSWORD).await;
    let add = ["channel", "add", "--workspace", workspace, "--phone-number-id", PHONE_NUMBER_ID];
    let rest = ["--waba-id", WABA_ID, "--display", "+1 555 078 3881"];
    run.operate(&[&add[..], &rest].concat(), GRAPH_TOKEN).await;
    let made = run.operate(&["agent", "link-code", "--email", EMAIL], "").await;
    let link_code = made["link_code"].as_str().unwrap().to_owned();

    let (platform, webhooks) = run.serve().await;
    let mut question = CustomerMessage::text(CUSTOMER, QUESTION);
    question.name = Some(CUSTOMER_NAME.to_owned());
    run.sim.customer(&question).unwrap();
    run.sim.owner(&OwnerMessage::text(CUSTOMER, OWNERS_ANSWER)).unwrap();
    bad_webhooks(&webhooks).await;

    // One phone by link code, one by password after a wrong one; both are killed and go on.
    let by_code = run.orders("code", SignIn::LinkCode(link_code.clone()));
    let first = Orders { replies: 2, ..by_code.clone() };
    kill(phone(&first, |line| matches!(line, Line::Promised { number: 2, .. })).await).await;
    let password = |password: &str| SignIn::Password {
        email: EMAIL.to_owned(),
        password: password.to_owned(),
    };
    let wrong = run.orders("password", password(WRONG_PASSWORD));
    kill(phone(&wrong, |line| matches!(line, Line::Failed { .. })).await).await;
    let by_password = run.orders("password", password(PASSWORD));
    kill(phone(&by_password, |line| *line == Line::SignedIn).await).await;

    // Trouble on both ways, then the platform dies too.
    let fault = |send| FaultOrder { send: Some(send), times: Some(1), ..FaultOrder::default() };
    run.sim.faults(&fault(SendFault::Error(131_026))).unwrap();
    run.relay.weather(Weather::NextAnswerLost);
    let second = Orders { replies: 2, life: LIFE + 1, ..by_code.clone() };
    let second = phone(&second, |line| matches!(line, Line::Promised { number: 2, .. })).await;
    let store = PlatformStore::beside(&run.path("platform"));
    until("all four replies to have been tried", || {
        let ended = |state: &String| !matches!(state.as_str(), "waiting" | "attempted");
        (store.sends().len() == 4 && store.sends().values().all(ended)).then_some(())
    })
    .await;
    happened(&run.sim, "send_131026").await;
    kill(platform).await;
    kill(second).await;
    run.relay.weather(Weather::Clear);
    let (platform, _) = run.serve().await;
    run.sim.faults(&fault(SendFault::LostAnswer)).unwrap();
    // It answers only after it has seen what the other phone wrote: else the guard holds its reply.
    let third = Orders { drain: true, life: LIFE + 2, ..by_password };
    let third = phone(&third, |line| *line == Line::Drained).await;
    third.write("1\n").await;
    happened(&run.sim, "send_lost_answer").await;
    kill(third).await;
    kill(platform).await;

    let heard = run.relay.heard();
    let access = values(&heard, "\"access_token\":\"");
    let refresh = values(&heard, "\"refresh_token\":\"");
    assert!(access.len() > 2 && refresh.len() > 2, "tokens were not recorded");
    let carried = values(&heard, "Bearer ").into_iter().chain(values(&heard, "bearer "));
    assert!(carried.clone().all(|token| access.contains(&token)), "a token of another kind");
    assert!(carried.count() > 0, "no token was recorded on its way");

    let one = |text: &str| vec![text.to_owned()];
    let plain_code = link_code.replace('-', "");
    let mut secrets = BTreeMap::from([
        ("password".to_owned(), [PASSWORD, OWNERS_PASSWORD, WRONG_PASSWORD].map(Into::into).into()),
        ("link code".to_owned(), vec![link_code.clone(), plain_code, link_code.to_lowercase()]),
        ("graph token".to_owned(), one(GRAPH_TOKEN)),
        ("app secret".to_owned(), one(APP_SECRET)),
        ("verify token".to_owned(), one(VERIFY_TOKEN)),
        ("access token".to_owned(), access),
        ("refresh token".to_owned(), refresh),
    ]);
    let personal = BTreeMap::from([
        ("number".to_owned(), one(CUSTOMER)),
        ("customer".to_owned(), one(CUSTOMER_NAME)),
        ("question".to_owned(), one(QUESTION)),
        ("answer".to_owned(), one(OWNERS_ANSWER)),
        ("reply".to_owned(), (0..3).map(|life| text(LIFE + life, 1)).collect()),
        ("e-mail".to_owned(), one(EMAIL)),
        ("member".to_owned(), one(NAME)),
    ]);

    let logs = [run.path("platform.log"), run.path("phone.log")];
    for (log, word) in logs.iter().zip(["send_attempt", "DEBUG"]) {
        let content = std::fs::read(log).unwrap();
        assert!(holds(&content, word.as_bytes()), "{} does not say {word}", log.display());
    }
    assert_eq!(sightings(&logs, &secrets), [], "secrets in logs");
    assert_eq!(sightings(&logs, &personal), [], "personal data in logs");

    let mut stored = files(&run.path("platform"));
    stored.extend(files(&run.path("phones")));
    // By design the phone's refresh token stands in its 0600 file, and nowhere else.
    let kept: Vec<PathBuf> =
        stored.iter().filter(|path| path.ends_with("refresh_token")).cloned().collect();
    assert_eq!(kept.len(), 2);
    stored.retain(|path| !kept.contains(path));
    assert_eq!(sightings(&stored, &secrets), [], "secrets in files");
    // The control: what is kept by design is found where it is kept.
    secrets.retain(|name, _| name == "refresh token");
    assert_eq!(sightings(&kept, &secrets).len(), 2, "the looking itself does not work");
    let seen: Vec<String> =
        sightings(&stored, &personal).into_iter().map(|(_, name)| name).collect();
    assert!(seen.contains(&"question".to_owned()) && seen.contains(&"reply".to_owned()));
    say(&format!(
        "canaries: {} bytes of log, {} files, {} secrets and {} personal strings looked for",
        logs.iter().map(|log| std::fs::metadata(log).unwrap().len()).sum::<u64>(),
        stored.len(),
        7,
        personal.len(),
    ));
    run.sim.stop().await;
}

/// Signed bodies that nobody can read, and one with a wrong signature; errors are where logs say too much.
async fn bad_webhooks(webhooks: &HttpWebhooks) {
    let broken = format!("{{\"{CUSTOMER}\": \"{QUESTION}\", ").into_bytes();
    let strange = json!({"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "changes": [
        {"field": "messages", "value": {"messaging_product": "whatsapp",
            "metadata": {"phone_number_id": PHONE_NUMBER_ID, "display_phone_number": "15550783881"},
            "contacts": [{"wa_id": CUSTOMER, "profile": {"name": CUSTOMER_NAME}}],
            "messages": [{"from": CUSTOMER, "id": QUESTION, "timestamp": OWNERS_ANSWER, "type": QUESTION,
                QUESTION: {"body": QUESTION}}]}},
        {"field": QUESTION, "value": CUSTOMER}]}]})
    .to_string()
    .into_bytes();
    for body in [broken, strange] {
        let signature = sign(APP_SECRET, &body);
        assert_eq!(webhooks.post(body.clone(), signature).await, Ok(200));
        let forged = sign(QUESTION, &body);
        assert_eq!(webhooks.post(body, forged).await, Ok(401));
    }
}
