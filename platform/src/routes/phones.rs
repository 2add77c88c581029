//! Addresses of the phones: protocol.md 1 to 6.

use super::endpoint::{Content, Endpoint, delete, get, post, put, text, whole};
use crate::agents::error::ErrorCode;
use crate::agents::{commands, known, push, session, sign_in, wiped};
use crate::feed::{MAX_ROWS, bootstrap, changes, pages, socket};

/// In the order of the document.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/session", sign_in::create, "Signs a device in, by password or by link code.")
            .refuses(&[
                ErrorCode::WrongCredentials,
                ErrorCode::LinkCode,
                ErrorCode::DeviceRevoked,
                ErrorCode::DeviceTaken,
                ErrorCode::TooMany,
            ]),
        delete("/v1/session", session::end, "Signs the device out."),
        post("/v1/session/preview", sign_in::preview, "What a link code opens; uses nothing up.")
            .refuses(&[ErrorCode::LinkCode, ErrorCode::TooMany]),
        post("/v1/session/refresh", session::refresh, "New tokens for the newest refresh token.")
            .refuses(&[ErrorCode::SessionEnded, ErrorCode::DeviceRevoked]),
        get("/v1/bootstrap", bootstrap::get, "A page of the start: everything in scope.")
            .query("page", false, "`next_page` of the page before; none starts anew.", text())
            .refuses(&[ErrorCode::Reset]),
        get("/v1/scope", changes::scope, "Which conversations the member may hold."),
        get("/v1/changes", changes::get, "The reader's changes after a cursor; at most 1 MiB.")
            .query("since", true, "A cursor.", text())
            .query("limit", false, "The most rows.", whole(1, MAX_ROWS, MAX_ROWS))
            .refuses(&[ErrorCode::Reset]),
        get(
            "/v1/conversations/{id}/messages",
            pages::get,
            "A page of one conversation's messages; at most 1 MiB.",
        )
        .query(
            "before",
            false,
            "`<second of sent_at>.<n>`, exclusive; none means the newest.",
            text(),
        )
        .query("limit", false, "The most messages.", whole(1, MAX_ROWS, pages::DEFAULT)),
        post("/v1/commands", commands::post, "At most 100 commands, each judged by itself.")
            .refuses(&[ErrorCode::Reset]),
        post("/v1/messages/known", known::post, "Which of a device's own sends are not here."),
        put("/v1/devices/{id}/push", push::put, "Where this device wants to be rung."),
        delete("/v1/devices/{id}/push", push::delete, "This device is rung no more."),
        post("/v1/wiped", wiped::post, "A phone that was signed out for good wiped the account.")
            .refuses(&[ErrorCode::Token]),
        get(
            "/v1/live",
            socket::get,
            "The live line, a WebSocket: the phone says `LiveSaid`, the platform `LiveFrame`.",
        )
        .refuses(&[ErrorCode::Malformed])
        .answers(&[(101, "The line is open.", Content::None)]),
    ]
}
