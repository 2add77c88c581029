//! Addresses of the office about business numbers: connecting one, and how it is (experience.md S13
//! to S18, S23).

use super::endpoint::{Endpoint, get, post, whole};
use crate::agents::error::ErrorCode;
use crate::meta::office::{channels, checks, connect};

/// In the order of the document.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let far = [ErrorCode::MetaRefused, ErrorCode::MetaUnavailable];
    let start = [ErrorCode::NotConfigured, ErrorCode::NotReady];
    let all = vec![
        get("/v1/office/alerts", channels::alerts, "What owner and managers were told.").query(
            "limit",
            false,
            "The most of them.",
            whole(1, channels::MAX_ALERTS, channels::MAX_ALERTS),
        ),
        get("/v1/office/channels", channels::list, "All business numbers."),
        post("/v1/office/channels/onboarding", connect::start, "Begins to connect a number.")
            .refuses(&far)
            .refuses(&start),
        get("/v1/office/channels/onboarding/{id}", connect::get, "How far an onboarding is."),
        post(
            "/v1/office/channels/onboarding/{id}/finish",
            connect::finish,
            "What came back from Meta's window: the code, the message, or both.",
        )
        .refuses(&far)
        .refuses(&start),
        post(
            "/v1/office/channels/onboarding/{id}/resume",
            connect::resume,
            "Goes on now with what waits for a next try.",
        )
        .refuses(&far),
        get("/v1/office/channels/{id}", channels::health, "How a line is, and since when."),
        get("/v1/office/channels/{id}/checks", checks::get, "Live checks with verdicts.")
            .refuses(&far),
        get(
            "/v1/office/channels/{id}/prices",
            channels::prices,
            "How many messages WhatsApp priced as what.",
        )
        .query(
            "days",
            false,
            "Counted back from now.",
            whole(1, channels::MAX_DAYS, channels::DAYS),
        ),
        post("/v1/office/channels/{id}/read", channels::read, "Asks Meta how the number is.")
            .refuses(&far),
        post(
            "/v1/office/channels/{id}/opened",
            channels::opened,
            "The owner says that the app was opened on the phone.",
        ),
        post("/v1/office/channels/{id}/sync", channels::sync, "Asks for phone book or history.")
            .refuses(&far),
    ];
    all.into_iter().map(|endpoint| endpoint.refuses(&[ErrorCode::NotAllowed])).collect()
}
