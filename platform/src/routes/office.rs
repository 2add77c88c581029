//! Addresses of the office: the same sessions as phones have; each call needs a right
//! (experience.md S22).

use super::endpoint::{Endpoint, delete, get, patch, post, put, text, whole};
use crate::agents::error::ErrorCode;
use crate::desk::office::{
    audit, bulk, contacts, devices, labels, members, quick_replies, teams, workspace,
};
use crate::meta::templates::http as templates;

/// In the order of the document.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = workplace();
    all.extend(people());
    all.extend(words());
    all.extend(customers());
    all.extend(meta());
    let refused = |endpoint: Endpoint| endpoint.refuses(&[ErrorCode::NotAllowed]);
    all.into_iter().map(refused).collect()
}

fn workplace() -> Vec<Endpoint> {
    vec![
        get("/v1/office/workspace", workspace::get, "The workplace itself."),
        patch("/v1/office/workspace", workspace::patch, "Changes name, options, greetings."),
        post(
            "/v1/office/workspace/preview",
            workspace::preview,
            "Whose phones a change of who sees what would empty or fill.",
        ),
        get("/v1/office/hours", workspace::hours, "Business hours."),
        put("/v1/office/hours", workspace::put_hours, "Sets the hours, the whole of them."),
        get("/v1/office/rights", workspace::rights, "Which role may do what."),
        put("/v1/office/rights", workspace::put_rights, "Sets which role may do what."),
        get("/v1/office/audit", audit::list, "Who did what, newest first; never a text.")
            .query("before", false, "`next` of the page before.", number())
            .query("member", false, "By this member alone.", text())
            .query("what", false, "Of this word alone.", text())
            .query("object", false, "About this object alone.", text())
            .query("since", false, "Not older, ms UTC.", number())
            .query("until", false, "Older, ms UTC.", number())
            .query("limit", false, "The most rows.", whole(1, 500, 100)),
    ]
}

fn people() -> Vec<Endpoint> {
    vec![
        get("/v1/office/members", members::list, "Everybody who works here."),
        post("/v1/office/members", members::invite, "Adds somebody, with a link code.")
            .refuses(&[ErrorCode::Taken]),
        patch("/v1/office/members/{id}", members::edit, "Changes a name or a role.")
            .refuses(&[ErrorCode::LastOwner]),
        delete(
            "/v1/office/members/{id}",
            members::remove,
            "Removes somebody: signed out for good, their conversations are nobody's.",
        )
        .refuses(&[ErrorCode::LastOwner]),
        post("/v1/office/members/{id}/link-code", members::link_code, "A code for a phone."),
        put("/v1/office/password", members::password, "Sets one's own password."),
        get("/v1/office/devices", devices::list, "Phones, and how far a wipe got.").query(
            "member",
            false,
            "Of this member alone.",
            text(),
        ),
        post("/v1/office/devices/{id}/revoke", devices::revoke, "Signs a phone out and wipes it."),
        get("/v1/office/teams", teams::list, "All teams."),
        post("/v1/office/teams", teams::make, "Makes a team.")
            .refuses(&[ErrorCode::Taken, ErrorCode::Limit]),
        patch("/v1/office/teams/{id}", teams::edit, "Changes a team.").refuses(&[ErrorCode::Taken]),
        delete("/v1/office/teams/{id}", teams::remove, "Its conversations are nobody's."),
    ]
}

fn words() -> Vec<Endpoint> {
    vec![
        get("/v1/office/labels", labels::list, "All labels, by name."),
        post("/v1/office/labels", labels::make, "Makes a label.")
            .refuses(&[ErrorCode::Taken, ErrorCode::Limit]),
        patch("/v1/office/labels/{id}", labels::edit, "Changes a label.")
            .refuses(&[ErrorCode::Taken]),
        delete("/v1/office/labels/{id}", labels::remove, "Takes a label off everything."),
        get("/v1/office/quick-replies", quick_replies::list, "Ready-made texts.")
            .query("after", false, "`next` of the page before.", text())
            .query("limit", false, "The most of them.", whole(1, 500, 200)),
        post("/v1/office/quick-replies", quick_replies::make, "Makes a quick reply.")
            .refuses(&[ErrorCode::Taken, ErrorCode::Limit]),
        patch("/v1/office/quick-replies/{id}", quick_replies::edit, "Changes a quick reply.")
            .refuses(&[ErrorCode::Taken]),
        delete("/v1/office/quick-replies/{id}", quick_replies::remove, "Deletes a quick reply."),
    ]
}

fn customers() -> Vec<Endpoint> {
    vec![
        post("/v1/office/bulk", bulk::post, "Assigns, labels, opens or closes many at once."),
        get("/v1/office/contacts", contacts::list, "Customers, by name or number.")
            .query("q", false, "Part of a name or number.", text())
            .query("after", false, "`next` of the page before.", text())
            .query("limit", false, "The most of them.", whole(1, 200, 50)),
        post("/v1/office/contacts/merge", contacts::merge, "Makes two contacts one.")
            .refuses(&[ErrorCode::NotFound]),
        delete("/v1/office/contacts/{id}", contacts::erase, "Erases all content, everywhere."),
        get("/v1/office/contacts/{id}/export", contacts::export, "All that is known, in pages.")
            .query("after", false, "`next` of the page before.", text()),
    ]
}

fn meta() -> Vec<Endpoint> {
    let far = [ErrorCode::TooMany, ErrorCode::MetaRefused, ErrorCode::MetaUnavailable];
    vec![
        post("/v1/office/channels/{id}/resume", templates::resume, "Lifts what a person may lift.")
            .refuses(&[ErrorCode::LineDown]),
        get("/v1/office/templates", templates::list, "All templates, whatever their status."),
        post("/v1/office/templates", templates::create, "Submits a template to Meta.")
            .refuses(&far),
        post("/v1/office/templates/refresh", templates::refresh, "Fetches the lists now.")
            .refuses(&far),
        post("/v1/office/templates/{id}", templates::edit, "Changes a template; Meta judges anew.")
            .refuses(&far),
        delete("/v1/office/templates/{id}", templates::delete, "Deletes a template.").refuses(&far),
    ]
}

/// A whole number of a query.
fn number() -> schemars::Schema {
    schemars::json_schema!({ "type": "integer", "format": "int64" })
}
