//! The production transport: reqwest for requests, tokio-tungstenite for the socket.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Url, redirect};
use rustls::ClientConfig;
use zeroize::Zeroizing;

use super::{ConnectFault, Fault, LiveSocket, Method, Request, Response, Transport, tls, ws};
use crate::api::{Config, Error};

/// Longest answer that is read; a page of changes is at most 1 MiB.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Requests and socket over the network.
pub struct HttpTransport {
    client: Client,
    base: Url,
    client_header: HeaderValue,
    tls: Arc<ClientConfig>,
}

impl HttpTransport {
    /// Refuses a server address that is neither `https://` nor plain HTTP to a loopback address.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let invalid = |field: &str| Error::Invalid { field: field.to_owned(), limit: 0 };
        let base = Url::parse(&config.server_url).map_err(|_| invalid("server_url"))?;
        let allowed = match base.scheme() {
            "https" => base.host_str().is_some(),
            "http" => is_loopback(&base),
            _ => false,
        };
        if !allowed || !base.username().is_empty() || base.password().is_some() {
            return Err(invalid("server_url"));
        }
        let tls = tls::config(config.extra_roots_pem.as_deref())?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .no_proxy()
            .build()
            .map_err(|_| Error::internal("http client"))?;
        let client_header = HeaderValue::from_str(&client_name(&config.platform))
            .map_err(|_| invalid("platform"))?;
        Ok(Self { client, base, client_header, tls: Arc::new(tls) })
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(query);
        url
    }

    fn headers(&self, bearer: Option<&str>) -> Result<HeaderMap, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert("fieldline-client", self.client_header.clone());
        if let Some(bearer) = bearer {
            let value = Zeroizing::new(format!("Bearer {bearer}"));
            let mut value = HeaderValue::from_str(&value).map_err(|_| Fault::NotSent)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(headers)
    }

    async fn exchange(&self, request: Request) -> Result<Response, Fault> {
        let url = self.url(&request.path);
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let bearer = request.bearer.as_ref().map(|bearer| bearer.as_str());
        let mut builder = self.client.request(method, url).headers(self.headers(bearer)?);
        if let Some(body) = request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body);
        }
        let mut answer = builder.send().await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                Fault::NotSent
            } else {
                Fault::Unanswered
            }
        })?;
        let number = |name: &str| -> Option<i64> {
            answer.headers().get(name)?.to_str().ok()?.trim().parse().ok()
        };
        let server_time = number("fieldline-server-time");
        let retry_after_ms = number(RETRY_AFTER.as_str())
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(|seconds| seconds.saturating_mul(1_000));
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| Fault::Unanswered)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(Fault::Unanswered);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, server_time, retry_after_ms, body })
    }

    async fn open_socket(
        &self,
        bearer: Zeroizing<String>,
    ) -> Result<Box<dyn LiveSocket>, ConnectFault> {
        let mut url = self.url("/v1/live");
        let scheme = if self.base.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| ConnectFault::Fault(Fault::NotSent))?;
        let headers = self.headers(Some(&bearer)).map_err(ConnectFault::Fault)?;
        ws::connect(url.as_str(), headers, Arc::clone(&self.tls), CONNECT_TIMEOUT).await
    }
}

/// The value of the `Fieldline-Client` header.
pub(super) fn client_name(platform: &str) -> String {
    format!("{platform}/{}", env!("CARGO_PKG_VERSION"))
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Transport for HttpTransport {
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Response, Fault>> {
        self.exchange(request).boxed()
    }

    fn connect(
        &self,
        bearer: Zeroizing<String>,
    ) -> BoxFuture<'_, Result<Box<dyn LiveSocket>, ConnectFault>> {
        self.open_socket(bearer).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(server_url: &str) -> Config {
        Config {
            store_path: "x".into(),
            server_url: server_url.into(),
            device_name: "phone".into(),
            platform: "test".into(),
            extra_roots_pem: None,
        }
    }

    #[test]
    fn plain_http_only_to_loopback() {
        for good in
            ["https://example.com", "http://127.0.0.1:8480", "http://[::1]:1", "http://localhost:2"]
        {
            assert!(HttpTransport::new(&config(good)).is_ok(), "{good}");
        }
        for bad in [
            "http://example.com",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "ftp://127.0.0.1",
            "https://user:pw@example.com",
            "not a url",
            "",
        ] {
            let refused = HttpTransport::new(&config(bad)).err();
            assert_eq!(
                refused,
                Some(Error::Invalid { field: "server_url".into(), limit: 0 }),
                "{bad}"
            );
        }
    }

    #[test]
    fn extra_roots_must_be_certificates() {
        let mut with_roots = config("https://example.com");
        with_roots.extra_roots_pem = Some("no certificate".into());
        assert!(HttpTransport::new(&with_roots).is_err());
    }
}
