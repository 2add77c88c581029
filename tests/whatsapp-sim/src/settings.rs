//! What a simulator is told once, at its start, and the ports through which it reaches the world.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::webhooks::port::WebhookPort;

/// The facts of the simulated number and the pace of what follows by itself.
///
/// There is no `Debug`: the secret and the token must not reach a log.
#[derive(Clone)]
pub struct SimSettings {
    /// Key of the webhooks' signature.
    pub app_secret: String,
    /// The one accepted access token; any is accepted if absent.
    pub token: Option<String>,
    /// The one accepted phone number id; any numeric one is accepted if absent.
    pub phone_number_id: Option<String>,
    /// `entry[].id` of every webhook; a fixed sample id if absent.
    pub waba_id: Option<String>,
    /// The business's number, digits only: `metadata.display_phone_number` and `from` of echoes.
    pub display_phone_number: String,
    /// Milliseconds from the acceptance of a send to its status `sent`. Default 200.
    pub sent_after_ms: u64,
    /// Milliseconds from the acceptance of a send to its status `delivered`. Default 600.
    pub delivered_after_ms: u64,
    /// Milliseconds to the first retry of a webhook that was not answered 200; doubled at each
    /// further one. Default 1000.
    pub webhook_retry_ms: u64,
    /// The longest pause between two tries of a webhook, in milliseconds. Default 10 minutes.
    pub webhook_retry_max_ms: u64,
    /// A webhook older than this, in milliseconds, is tried no more. Default 7 days, as Meta says.
    pub webhook_give_up_ms: u64,
    /// The most updates that may travel in one webhook. Default 1, which means no batches; Meta
    /// allows 1,000.
    pub webhook_batch: usize,
    /// Under `shuffle` every webhook waits a random time below this, in milliseconds. Default 500.
    pub shuffle_ms: u64,
    /// How long the `url` of a media id can be fetched, in milliseconds. Default 5 minutes
    /// (whatsapp.md 5.3).
    pub media_url_ms: i64,
    /// Milliseconds from the creation of a template to its approval. Default 1000.
    pub template_review_ms: u64,
}

/// Meta's own sample ids, used when none are set.
const SAMPLE_PHONE_NUMBER_ID: &str = "106540352242922";
const SAMPLE_WABA_ID: &str = "102290129340398";
const SAMPLE_DISPLAY: &str = "15550783881";

impl SimSettings {
    /// Defaults for everything but the secret.
    pub fn new(app_secret: impl Into<String>) -> Self {
        Self {
            app_secret: app_secret.into(),
            token: None,
            phone_number_id: None,
            waba_id: None,
            display_phone_number: SAMPLE_DISPLAY.to_owned(),
            sent_after_ms: 200,
            delivered_after_ms: 600,
            webhook_retry_ms: 1_000,
            webhook_retry_max_ms: 10 * 60_000,
            webhook_give_up_ms: 7 * 24 * 3_600_000,
            webhook_batch: 1,
            shuffle_ms: 500,
            media_url_ms: 5 * 60_000,
            template_review_ms: 1_000,
        }
    }

    /// The phone number id of webhooks that no send names: the set one or the sample.
    pub fn phone_number_id_or_sample(&self) -> &str {
        self.phone_number_id.as_deref().unwrap_or(SAMPLE_PHONE_NUMBER_ID)
    }

    /// The WABA id of every webhook: the set one or the sample.
    pub fn waba_id_or_sample(&self) -> &str {
        self.waba_id.as_deref().unwrap_or(SAMPLE_WABA_ID)
    }
}

/// Wall time as the simulated Meta sees it. Waiting goes by tokio's own clock.
pub trait SimClock: Send + Sync + 'static {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> i64;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SimClock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The ways out of the heart.
pub struct SimPorts {
    /// Dates on messages, statuses and the log.
    pub clock: Arc<dyn SimClock>,
    /// Seed of ids and of `shuffle`: the same seed and calls give the same log.
    pub seed: u64,
    /// Carries webhooks to the platform.
    pub webhooks: Arc<dyn WebhookPort>,
}
