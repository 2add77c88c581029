//! Addresses of others than phones: Meta's webhooks, and whoever watches over the process.

use super::endpoint::{Content, Endpoint, get, post, text};
use crate::agents::error::ErrorCode;
use crate::app;
use crate::meta::webhook;
use crate::metrics;

/// In the order of the document.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/healthz", app::alive, "Whether the process runs.").answers(&[(
            200,
            "It runs.",
            Content::None,
        )]),
        get("/readyz", app::ready, "Whether the store takes a write.")
            .answers(&[(200, "It does.", Content::None)])
            .bare(&[(503, "It does not.")]),
        get(
            "/metrics",
            metrics::show,
            "The operator's figures; on a listener of their own unless asked.",
        )
        .answers(&[(200, "Prometheus text.", Content::Other("text/plain"))])
        .bare(&[(503, "The store cannot be read just now.")])
        .refuses(&[ErrorCode::NotFound]),
        get(webhook::PATH, webhook::verify, "What Meta asks when the endpoint is registered.")
            .query("hub.mode", true, "`subscribe`.", text())
            .query("hub.verify_token", true, "The operator's word.", text())
            .query("hub.challenge", true, "Goes back as it came.", text())
            .answers(&[(200, "The challenge.", Content::Other("text/plain"))])
            .bare(&[(400, "The query cannot be read."), (403, "The verify token is another one.")]),
        post(webhook::PATH, webhook::receive, "One webhook of Meta's; at most 3 MiB.")
            .header(
                "X-Hub-Signature-256",
                true,
                "`sha256=` and the keyed hash of the body, in hex.",
            )
            .takes("application/json", webhook::BODY_MAX)
            .answers(&[(200, "It is on disk.", Content::None)])
            .bare(&[
                (400, "The body broke off."),
                (401, "The signature is not Meta's."),
                (408, "The body did not come within 30 seconds."),
                (413, "The body is larger than 3 MiB."),
                (503, "It cannot be kept just now; Meta brings it again."),
            ]),
    ]
}
