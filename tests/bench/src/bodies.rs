//! Webhooks as Meta sends them, signed: one customer's text each.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::hmac;

/// The app secret of both servers.
pub(crate) const APP_SECRET: &str = "bench secret";
/// Meta's id of the one business number.
pub(crate) const PHONE_NUMBER_ID: &str = "4242";
/// Customers who write in turn.
const CUSTOMERS: usize = 500;

/// Whole requests, made one by one: what a run sends differs from what every other run sends.
#[derive(Clone)]
pub(crate) struct Bodies {
    key: hmac::Key,
    run: &'static str,
}

impl Bodies {
    /// Bodies of a run; the name keeps its message ids apart from those of others.
    pub(crate) fn of(run: &'static str) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes()), run }
    }

    /// Body number `index`: one text, which says `~index~`.
    pub(crate) fn body(&self, index: usize) -> String {
        let customer = 34_700_000_000 + index % CUSTOMERS;
        let (run, now) = (self.run, now_s());
        format!(
            "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"id\":\"77\",\"changes\":[{{\"field\":\"messages\",\"value\":{{\
             \"messaging_product\":\"whatsapp\",\"metadata\":{{\"display_phone_number\":\"34600\",\"phone_number_id\":\"{PHONE_NUMBER_ID}\"}},\
             \"contacts\":[{{\"profile\":{{\"name\":\"Customer {customer}\"}},\"wa_id\":\"{customer}\"}}],\
             \"messages\":[{{\"from\":\"{customer}\",\"id\":\"wamid.{run}.{index}\",\"timestamp\":\"{now}\",\"type\":\"text\",\
             \"text\":{{\"body\":\"Is somebody coming to look at the boiler today? ~{index}~\"}}}}]}}}}]}}]}}"
        )
    }

    /// Request number `index`, head and body.
    pub(crate) fn request(&self, index: usize) -> Vec<u8> {
        self.signed(&self.body(index))
    }

    /// A request with this body.
    pub(crate) fn signed(&self, body: &str) -> Vec<u8> {
        let tag = hmac::sign(&self.key, body.as_bytes());
        let signature = tag.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        format!(
            "POST /webhooks/meta HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
             X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// Seconds since 1970.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
