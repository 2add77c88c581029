//! Files: phones bring them in pieces and fetch them in pieces (protocol.md 5).

use super::endpoint::{Content, Endpoint, get, head, put, shape};
use crate::agents::error::ErrorCode;
use crate::meta::media::http;
use crate::meta::media::kinds::MAX_FILE;
use crate::wire::body::MediaType;

/// One path has one name for its field, whatever the method reads in it.
const HASH: &str = "The file's SHA-256, lower-case hex.";

/// In the order of the document.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let most = usize::try_from(MAX_FILE).unwrap_or(usize::MAX);
    let bytes = Content::Other("*/*");
    vec![
        head("/v1/media/{id}", http::head, "How far this device's upload is.")
            .id(HASH)
            .answers(&[(200, "`Upload-Offset` says it, in bytes.", Content::None)]),
        put("/v1/media/{id}", http::put, "The next piece of a file, or the whole.")
            .id(HASH)
            .header("Content-Range", false, "`bytes 0-9/100`; without it the body is the whole.")
            .query_of(
                "type",
                "What it will be sent as: then its own limit counts.",
                shape::<MediaType>,
            )
            .takes("application/octet-stream", most)
            .refuses(&[
                ErrorCode::WrongOffset,
                ErrorCode::TooLarge,
                ErrorCode::HashMismatch,
                ErrorCode::Malformed,
            ])
            .answers(&[(204, "It is kept; `Upload-Offset` says up to where.", Content::None)]),
        get("/v1/media/{id}", http::get, "A file of a message in the reader's scope.")
            .header("Range", false, "One range of bytes.")
            .answers(&[(200, "The whole file.", bytes), (206, "The range.", bytes)])
            .bare(&[(416, "The range lies behind the file's end.")]),
    ]
}
