//! Every operation under `/v1`, with what it takes and answers. A test holds the list equal to
//! the router's.

use serde_json::{Value, json};

use super::{Route, shapes};
use crate::agents::error::ErrorCode;
use crate::agents::{known, push, wiped};
use crate::desk::hours::Hours;
use crate::desk::office::{
    Done, audit, bulk, contacts, devices, labels, members, quick_replies, teams, workspace,
};
use crate::desk::rights::Rights;
use crate::store::labels::Label;
use crate::store::quick_replies::QuickReply;
use crate::store::teams::Team;

fn text() -> Value {
    json!({ "type": "string" })
}

fn up_to(most: i64) -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": most })
}

fn whole() -> Value {
    json!({ "type": "integer" })
}

pub(super) fn all() -> Vec<Route> {
    let mut all = phones();
    all.extend(office());
    all
}

fn phones() -> Vec<Route> {
    use ErrorCode as E;
    vec![
        Route::new("post", "/v1/session", "Sign in by password or link code")
            .open()
            .body::<shapes::SignIn>()
            .answer::<shapes::Grant>()
            .errors(&[
                E::WrongCredentials,
                E::LinkCode,
                E::DeviceRevoked,
                E::DeviceTaken,
                E::TooMany,
            ]),
        Route::new("delete", "/v1/session", "Sign out"),
        Route::new("post", "/v1/session/preview", "What a link code opens, before the yes")
            .open()
            .body::<shapes::LinkCodeWish>()
            .answer::<shapes::Preview>()
            .errors(&[E::LinkCode, E::TooMany]),
        Route::new("post", "/v1/session/refresh", "Stay signed in")
            .open()
            .body::<shapes::Refresh>()
            .answer::<shapes::Grant>()
            .errors(&[E::SessionEnded, E::DeviceRevoked]),
        Route::new("get", "/v1/bootstrap", "A page of the start")
            .query("page", text())
            .answer::<shapes::Start>()
            .errors(&[E::Reset]),
        Route::new("get", "/v1/scope", "Which conversations this member may hold")
            .answer::<shapes::Scope>(),
        Route::new("get", "/v1/changes", "A page of the change line")
            .needs("since", text())
            .query("limit", up_to(500))
            .answer::<shapes::Changes>()
            .errors(&[E::Reset]),
        Route::new("get", "/v1/conversations/{id}/messages", "A page of one conversation")
            .query("before", text())
            .query("limit", up_to(500))
            .answer::<shapes::Messages>(),
        Route::new("post", "/v1/commands", "Commands, in order")
            .body::<shapes::Commands>()
            .answer::<shapes::Answers>()
            .errors(&[E::Reset]),
        Route::new("post", "/v1/messages/known", "Which of its own sends this platform lacks")
            .body::<known::Known>()
            .answer::<known::Missing>(),
        Route::new("put", "/v1/devices/{id}/push", "Where this device wants to be rung")
            .body::<push::PushAddress>(),
        Route::new("delete", "/v1/devices/{id}/push", "Ring it no more"),
        Route::new("get", "/v1/media/{id}", "A file, whole or by Range")
            .file(200, "The file.")
            .file(206, "The part that Range asked for.")
            .file(416, "There is no such part."),
        Route::new("head", "/v1/media/{id}", "How far an upload is: Upload-Offset")
            .file(200, "Header Upload-Offset."),
        Route::new("put", "/v1/media/{id}", "A piece of a file, by its SHA-256: Content-Range")
            .query("type", text())
            .bytes()
            .errors(&[E::WrongOffset, E::HashMismatch, E::TooLarge]),
        Route::new("post", "/v1/wiped", "A removed device says that it wiped the account")
            .open()
            .body::<wiped::Wiped>()
            .errors(&[E::Token]),
    ]
}

fn office() -> Vec<Route> {
    use ErrorCode as E;
    let workplace = "/v1/office/workspace";
    vec![
        Route::new("get", workplace, "The workplace").answer::<workspace::WorkspaceView>(),
        Route::new("patch", workplace, "Change name, options, greetings, retention")
            .body::<workspace::WorkspaceWish>()
            .answer::<workspace::WorkspaceView>(),
        Route::new("post", "/v1/office/workspace/preview", "What a change would do to phones")
            .body::<workspace::PreviewWish>()
            .answer::<workspace::Effects>(),
        Route::new("get", "/v1/office/hours", "Hours, holidays, what happens outside")
            .answer::<Hours>(),
        Route::new("put", "/v1/office/hours", "Set them").body::<Hours>().answer::<Hours>(),
        Route::new("get", "/v1/office/rights", "What each role may do").answer::<Rights>(),
        Route::new("put", "/v1/office/rights", "Set the lists of managers and employees")
            .body::<workspace::RightsWish>()
            .answer::<Rights>(),
        Route::new("get", "/v1/office/members", "Members").answer::<members::Members>(),
        Route::new("post", "/v1/office/members", "Invite somebody")
            .body::<members::Invitation>()
            .answer::<members::Invited>()
            .errors(&[E::Taken]),
        Route::new("patch", "/v1/office/members/{id}", "Change a member")
            .body::<members::MemberWish>()
            .answer::<members::MemberView>()
            .errors(&[E::LastOwner]),
        Route::new("delete", "/v1/office/members/{id}", "Remove a member").errors(&[E::LastOwner]),
        Route::new("post", "/v1/office/members/{id}/link-code", "A code for another phone")
            .answer::<members::LinkCode>(),
        Route::new("put", "/v1/office/password", "Set one's own password")
            .body::<members::PasswordWish>(),
        Route::new("get", "/v1/office/devices", "Devices")
            .query("member", text())
            .answer::<devices::Devices>(),
        Route::new("post", "/v1/office/devices/{id}/revoke", "Sign out and wipe")
            .answer::<devices::DeviceView>(),
        Route::new("get", "/v1/office/teams", "Teams").answer::<teams::Teams>(),
        Route::new("post", "/v1/office/teams", "Make a team")
            .body::<teams::TeamWish>()
            .answer::<Team>()
            .errors(&[E::Taken, E::Limit]),
        Route::new("patch", "/v1/office/teams/{id}", "Change a team")
            .body::<teams::TeamWish>()
            .answer::<Team>()
            .errors(&[E::Taken]),
        Route::new("delete", "/v1/office/teams/{id}", "Delete a team"),
        Route::new("get", "/v1/office/labels", "Labels").answer::<labels::Labels>(),
        Route::new("post", "/v1/office/labels", "Make a label")
            .body::<labels::LabelWish>()
            .answer::<Label>()
            .errors(&[E::Taken, E::Limit]),
        Route::new("patch", "/v1/office/labels/{id}", "Change a label")
            .body::<labels::LabelWish>()
            .answer::<Label>()
            .errors(&[E::Taken]),
        Route::new("delete", "/v1/office/labels/{id}", "Delete a label"),
        Route::new("get", "/v1/office/quick-replies", "Quick replies")
            .query("after", text())
            .query("limit", up_to(500))
            .answer::<quick_replies::QuickReplies>(),
        Route::new("post", "/v1/office/quick-replies", "Make a quick reply")
            .body::<quick_replies::QuickReplyWish>()
            .answer::<QuickReply>()
            .errors(&[E::Taken, E::Limit]),
        Route::new("patch", "/v1/office/quick-replies/{id}", "Change a quick reply")
            .body::<quick_replies::QuickReplyWish>()
            .answer::<QuickReply>()
            .errors(&[E::Taken]),
        Route::new("delete", "/v1/office/quick-replies/{id}", "Delete a quick reply"),
        Route::new("post", "/v1/office/bulk", "Change many conversations at once")
            .body::<bulk::Bulk>()
            .answer::<bulk::Answer>(),
        Route::new("get", "/v1/office/audit", "Who did what")
            .query("before", whole())
            .query("since", whole())
            .query("until", whole())
            .query("member", text())
            .query("what", text())
            .query("object", text())
            .query("limit", up_to(500))
            .answer::<audit::Page>(),
        Route::new("post", "/v1/office/channels/{id}/resume", "Lift every stop of a channel"),
        Route::new("get", "/v1/office/templates", "Templates").answer::<shapes::Templates>(),
        Route::new("post", "/v1/office/templates", "Submit a template")
            .body::<shapes::NewTemplate>()
            .answer::<shapes::Template>()
            .errors(&[E::MetaRefused, E::MetaUnavailable, E::Taken, E::TooMany]),
        Route::new("post", "/v1/office/templates/refresh", "Fetch the lists now")
            .answer::<shapes::Templates>()
            .errors(&[E::MetaRefused, E::MetaUnavailable, E::TooMany]),
        Route::new("post", "/v1/office/templates/{id}", "Change a template")
            .body::<shapes::ChangedTemplate>()
            .answer::<shapes::Template>()
            .errors(&[E::MetaRefused, E::MetaUnavailable, E::TooMany]),
        Route::new("delete", "/v1/office/templates/{id}", "Delete a template").errors(&[
            E::MetaRefused,
            E::MetaUnavailable,
            E::TooMany,
        ]),
        Route::new("get", "/v1/office/contacts", "Find contacts by name or number")
            .query("q", text())
            .query("after", text())
            .query("limit", up_to(200))
            .answer::<contacts::Page>(),
        Route::new("post", "/v1/office/contacts/merge", "Join two contacts")
            .body::<contacts::Merge>()
            .answer::<Done>(),
        Route::new("delete", "/v1/office/contacts/{id}", "Erase a contact's content")
            .answer::<Done>(),
        Route::new("get", "/v1/office/contacts/{id}/export", "Everything about a contact")
            .query("after", text())
            .answer::<contacts::Export>(),
    ]
}
