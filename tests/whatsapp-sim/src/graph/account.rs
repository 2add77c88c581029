//! The app and the business account: tokens, subscriptions, the two synchronisations of
//! coexistence (whatsapp.md 5.5, 5.6).

use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::errors::MetaError;
use super::request::missing;
use crate::state::line::Sync;
use crate::state::{Now, State};

/// Longest override address (whatsapp.md 5.6).
const URI_LIMIT: usize = 200;
/// The simulated app.
const APP_ID: &str = "670843887433847";

impl State {
    /// `GET /oauth/access_token`: a code once, for a token.
    pub(super) fn exchange_code(&mut self, call: &Call) -> Result<Reply, MetaError> {
        if !["GET", "POST"].contains(&call.method.as_str()) {
            return Err(MetaError::unsupported_path(&call.method));
        }
        for name in ["client_id", "client_secret"] {
            call.parameter(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| MetaError::new(100, format!("Missing {name} parameter.")))?;
        }
        if call.parameter("grant_type").as_deref() == Some("client_credentials") {
            let token = format!("{}|{APP_ID}", call.parameter("client_id").unwrap_or_default());
            return Ok(Reply::ok(json!({"access_token": token, "token_type": "bearer"})));
        }
        let code = call.parameter("code").filter(|code| !code.is_empty());
        let code = code.ok_or_else(|| MetaError::new(100, "Missing authorization code."))?;
        // `expired` plays a code that is older than its 30 seconds.
        if code.starts_with("expired") || !self.account.used_codes.insert(code) {
            return Err(MetaError::new(
                100,
                "This authorization code has expired or has been used.",
            ));
        }
        let token = self.settings.token.clone().unwrap_or_else(|| {
            let bytes = self.rng.bytes::<24>();
            bytes.iter().fold("EAAsim".to_owned(), |token, byte| format!("{token}{byte:02x}"))
        });
        Ok(Reply::ok(json!({"access_token": token, "token_type": "bearer"})))
    }

    /// `GET /debug_token?input_token=`.
    pub(super) fn debug_token(&self, call: &Call) -> Result<Reply, MetaError> {
        if call.method != "GET" {
            return Err(MetaError::unsupported_path(&call.method));
        }
        let input = call.asked("input_token").filter(|token| !token.is_empty());
        let input = input.ok_or_else(|| missing("input_token"))?;
        if self.settings.token.as_ref().is_some_and(|only| only != input) {
            let error = json!({"code": 190, "message": "Invalid OAuth access token."});
            return Ok(Reply::ok(
                json!({"data": {"is_valid": false, "scopes": [], "error": error}}),
            ));
        }
        let waba = self.settings.waba_id_or_sample();
        let scopes = ["whatsapp_business_management", "whatsapp_business_messaging"];
        let granular = scopes.map(|scope| json!({"scope": scope, "target_ids": [waba]}));
        Ok(Reply::ok(
            json!({"data": {"app_id": APP_ID, "type": "SYSTEM_USER", "application": "Fieldline",
            "expires_at": 0, "data_access_expires_at": 0, "is_valid": true, "scopes": scopes,
            "granular_scopes": granular}}),
        ))
    }

    /// `GET /{APP}/subscriptions`: the fields of the app.
    pub(super) fn app_subscriptions(&mut self, call: &Call) -> Result<Reply, MetaError> {
        match call.method.as_str() {
            "GET" => {
                let fields: Vec<Value> = self
                    .account
                    .fields
                    .iter()
                    .map(|name| json!({"name": name, "version": "v25.0"}))
                    .collect();
                Ok(Reply::ok(json!({"data": [{"object": "whatsapp_business_account",
                    "callback_url": "https://app.invalid/webhook", "active": true, "fields": fields}]})))
            }
            "POST" => {
                let given = call.parameter("fields").ok_or_else(|| missing("fields"))?;
                let given = given.trim_matches(|c: char| "[]".contains(c)).replace('"', "");
                let names = given.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.account.fields = names.map(str::to_owned).collect();
                Ok(Reply::success())
            }
            other => Err(MetaError::unsupported_path(other)),
        }
    }

    /// `GET`, `POST`, `DELETE /{WABA}/subscribed_apps`.
    pub(super) fn subscribed_apps(&mut self, call: &Call) -> Result<Reply, MetaError> {
        match call.method.as_str() {
            "GET" => {
                let mut app = json!({"whatsapp_business_api_data": {"id": APP_ID, "name": "Fieldline",
                    "link": format!("https://www.facebook.com/games/?app_id={APP_ID}")}});
                if let Some(uri) = &self.account.override_uri {
                    app["override_callback_uri"] = json!(uri);
                }
                let apps = if self.account.subscribed { vec![app] } else { vec![] };
                Ok(Reply::ok(json!({"data": apps})))
            }
            "POST" => {
                let uri = call.parameter("override_callback_uri").filter(|uri| !uri.is_empty());
                if let Some(uri) = &uri {
                    if uri.len() > URI_LIMIT || !uri.starts_with("https://") {
                        let details =
                            "override_callback_uri is an https address of at most 200 characters.";
                        return Err(MetaError::new(100, details));
                    }
                    call.parameter("verify_token").ok_or_else(|| missing("verify_token"))?;
                }
                // A call without one takes the override away.
                self.account.override_uri = uri;
                self.account.subscribed = true;
                Ok(Reply::success())
            }
            "DELETE" => {
                self.account.subscribed = false;
                Ok(Reply::success())
            }
            other => Err(MetaError::unsupported_path(other)),
        }
    }

    /// `GET /{WABA}`.
    pub(super) fn waba_node(&self, call: &Call) -> Result<Reply, MetaError> {
        if call.method != "GET" {
            return Err(MetaError::unsupported_path(&call.method));
        }
        let shown = json!({"id": self.settings.waba_id_or_sample(), "name": "Fieldline Test Shop",
            "currency": "EUR", "timezone_id": "1", "message_template_namespace": "fieldline_test",
            "account_review_status": "APPROVED", "business_verification_status": "verified"});
        Ok(Reply::ok(super::templates::chosen(&shown, &call.fields())))
    }

    /// `POST /{PNID}/smb_app_data`: each type once, within 24 hours (whatsapp.md 0.7).
    pub(super) fn app_data(&mut self, now: Now, call: &Call) -> Result<Reply, MetaError> {
        if call.method != "POST" {
            return Err(MetaError::unsupported_path(&call.method));
        }
        if call.parameter("messaging_product").as_deref() != Some("whatsapp") {
            return Err(MetaError::new(100, "messaging_product must be whatsapp."));
        }
        let kind = match call.parameter("sync_type").as_deref() {
            Some("smb_app_state_sync") => Sync::Contacts,
            Some("history") => Sync::History,
            Some(_) => return Err(MetaError::new(100, "sync_type is not valid.")),
            None => return Err(missing("sync_type")),
        };
        self.line.ask_sync(now.tick, kind).map_err(MetaError::known)?;
        match kind {
            Sync::Contacts => self.send_phone_book(now),
            Sync::History => self.begin_history(now),
        }
        let request_id = crate::state::media::hash_of(&self.rng.bytes::<8>());
        Ok(Reply::ok(json!({"messaging_product": "whatsapp", "request_id": &request_id[..32]})))
    }
}
