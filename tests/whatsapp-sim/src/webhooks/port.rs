//! The way out for webhooks: a port, and its production form over HTTP.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Url;

use crate::control::guard::is_loopback_host;

/// Carries one signed webhook to the platform.
pub trait WebhookPort: Send + Sync + 'static {
    /// Posts `body` with the header `X-Hub-Signature-256: <signature>` and gives the HTTP status.
    fn post(&self, body: Vec<u8>, signature: String) -> BoxFuture<'_, Result<u16, WebhookFailure>>;
}

/// Why a webhook got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookFailure {
    /// No connection: it did not arrive.
    #[error("not sent")]
    NotSent,
    /// It may have arrived.
    #[error("not answered")]
    Unanswered,
}

/// A webhook address that is not allowed or not one.
#[derive(Debug, thiserror::Error)]
pub enum WebhookUrlError {
    /// Not a URL.
    #[error("--webhook is not a URL")]
    NotAUrl,
    /// Neither https nor plain HTTP to loopback.
    #[error("--webhook must be https, or http to a loopback address")]
    NotAllowed,
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made")]
    Client,
}

/// Webhooks over HTTP: https anywhere, plain HTTP to loopback only.
#[derive(Debug, Clone)]
pub struct HttpWebhooks {
    client: reqwest::Client,
    url: Url,
}

/// How long an answer is awaited. Meta publishes no number; vendors name 5 to 20 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

impl HttpWebhooks {
    /// A client for one address, without proxies and redirects.
    pub fn new(url: &str) -> Result<Self, WebhookUrlError> {
        let url = Url::parse(url).map_err(|_| WebhookUrlError::NotAUrl)?;
        let host = url.host_str().ok_or(WebhookUrlError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback_host(host) => {}
            _ => return Err(WebhookUrlError::NotAllowed),
        }
        let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| WebhookUrlError::Client)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_WITHIN)
            .build()
            .map_err(|_| WebhookUrlError::Client)?;
        Ok(Self { client, url })
    }
}

impl WebhookPort for HttpWebhooks {
    fn post(&self, body: Vec<u8>, signature: String) -> BoxFuture<'_, Result<u16, WebhookFailure>> {
        Box::pin(async move {
            self.client
                .post(self.url.clone())
                .header("content-type", "application/json")
                .header("x-hub-signature-256", signature)
                .body(body)
                .send()
                .await
                .map(|answer| answer.status().as_u16())
                .map_err(|error| {
                    if error.is_connect() {
                        WebhookFailure::NotSent
                    } else {
                        WebhookFailure::Unanswered
                    }
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::HttpWebhooks;

    #[test]
    fn plain_http_goes_to_loopback_only() {
        for good in
            ["http://127.0.0.1:1/w", "http://localhost/w", "http://[::1]:9/", "https://a.example/"]
        {
            assert!(HttpWebhooks::new(good).is_ok(), "{good}");
        }
        for bad in ["http://a.example/", "http://127.0.0.1.example/", "ftp://127.0.0.1/", "x", ""] {
            assert!(HttpWebhooks::new(bad).is_err(), "{bad}");
        }
    }
}
