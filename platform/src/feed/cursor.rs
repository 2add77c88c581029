//! Cursors: where on the line a phone stands, and whether that place still exists.
//!
//! Opaque to phones: URL-safe base64 of `version.epoch.seq.tag.fingerprint`. Not signed: whoever
//! makes one up only chooses where to begin reading their own line.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::scope::Reader;
use crate::agents::error::{ApiError, ErrorCode};
use crate::store::changes;
use crate::store::workspaces::Workspace;
use crate::store::{Sql, StoreError};

/// Version of the cursor's form.
const VERSION: &str = "1";

/// Why a phone has to start anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetCause {
    /// The workspace has another epoch.
    Epoch,
    /// The line is not the one that the cursor was cut from.
    Tag,
    /// What the member may see is ruled otherwise.
    Scope,
    /// The place is older than the line is kept.
    Expired,
}

impl ResetCause {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Tag => "tag",
            Self::Scope => "scope",
            Self::Expired => "expired",
        }
    }

    /// The answer over HTTP.
    pub fn to_error(self, epoch: &str) -> ApiError {
        ApiError::with(ErrorCode::Reset, json!({ "cause": self.as_str(), "epoch": epoch }))
    }
}

/// A cursor taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Epoch of the workspace.
    pub epoch: String,
    /// Place on the line.
    pub seq: i64,
    /// Tag of the commit that gave it; empty at 0.
    pub tag: String,
    /// What the reader might see.
    pub fingerprint: String,
}

impl Cursor {
    /// As phones keep it.
    pub fn encode(&self) -> String {
        let Self { epoch, seq, tag, fingerprint } = self;
        URL_SAFE_NO_PAD.encode(format!("{VERSION}.{epoch}.{seq}.{tag}.{fingerprint}"))
    }

    /// Takes a phone's cursor apart; `None` if it never was one, `Some(Err)` if it has a form
    /// that this platform does not know.
    pub fn decode(text: &str) -> Option<Result<Self, ResetCause>> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (version, rest) = text.split_once('.')?;
        if version != VERSION {
            return Some(Err(ResetCause::Tag));
        }
        let mut parts = rest.split('.');
        let cursor = Self {
            epoch: parts.next()?.to_owned(),
            seq: parts.next()?.parse().ok().filter(|seq| *seq >= 0)?,
            tag: parts.next()?.to_owned(),
            fingerprint: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(Ok(cursor))
    }

    /// The cursor of this reader at `seq`, which the line must hold (0 and the head included).
    pub fn at(
        sql: &Sql,
        workspace: &Workspace,
        reader: &Reader,
        seq: i64,
    ) -> Result<Self, StoreError> {
        let tag = if seq == workspace.head_seq {
            workspace.head_tag.clone()
        } else if seq == 0 {
            String::new()
        } else {
            changes::tag_at(sql, &workspace.id, seq)?.ok_or(StoreError::Unexpected("tag"))?
        };
        Ok(Self { epoch: workspace.epoch.clone(), seq, tag, fingerprint: reader.fingerprint() })
    }

    /// Whether this reader may go on from here.
    pub fn check(
        &self,
        sql: &Sql,
        workspace: &Workspace,
        reader: &Reader,
    ) -> Result<Result<(), ResetCause>, StoreError> {
        if self.epoch != workspace.epoch {
            return Ok(Err(ResetCause::Epoch));
        }
        if self.seq > workspace.head_seq {
            return Ok(Err(ResetCause::Tag));
        }
        if self.seq == workspace.head_seq {
            if self.tag != workspace.head_tag {
                return Ok(Err(ResetCause::Tag));
            }
        } else {
            match changes::tag_at(sql, &workspace.id, self.seq)? {
                Some(tag) if tag == self.tag => {}
                Some(_) => return Ok(Err(ResetCause::Tag)),
                // Nothing stands at 0; it is a good place as long as row 1 is there.
                None if self.seq == 0 && changes::oldest(sql, &workspace.id)? == Some(1) => {}
                None => return Ok(Err(ResetCause::Expired)),
            }
        }
        if self.fingerprint != reader.fingerprint() {
            return Ok(Err(ResetCause::Scope));
        }
        Ok(Ok(()))
    }
}

/// Reads and checks a phone's cursor in one go; gives its place.
pub fn place(
    sql: &Sql,
    workspace: &Workspace,
    reader: &Reader,
    text: &str,
    field: &str,
) -> Result<Result<i64, ResetCause>, ApiError> {
    let cursor = Cursor::decode(text).ok_or_else(|| ApiError::malformed(field))?;
    match cursor {
        Err(cause) => Ok(Err(cause)),
        Ok(cursor) => Ok(cursor.check(sql, workspace, reader)?.map(|()| cursor.seq)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let cursor =
            Cursor { epoch: "e-1_".into(), seq: 42, tag: "t".into(), fingerprint: "f".into() };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(Ok(cursor)));
    }

    #[test]
    fn what_is_none_is_told_from_what_is_of_another_form() {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        assert_eq!(Cursor::decode(&encode("2.whatever")), Some(Err(ResetCause::Tag)));
        for bad in ["", "1", "1.e.4.t", "1.e.x.t.f", "1.e.-1.t.f", "1.e.4.t.f.g"] {
            assert_eq!(Cursor::decode(&encode(bad)), None, "{bad}");
        }
        assert_eq!(Cursor::decode("*"), None);
    }
}
