//! The kinds of files that WhatsApp takes, with their types and limits (whatsapp.md 5.3).

/// What a file is to WhatsApp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// JPEG or PNG, 5 MB.
    Image,
    /// MP4 or 3GP, 16 MB.
    Video,
    /// AAC, AMR, MP3, MP4 or OGG, 16 MB.
    Audio,
    /// Anything, 100 MB.
    Document,
    /// WebP, 100 KB, 500 KB if it moves.
    Sticker,
}

const KB: i64 = 1024;
const MB: i64 = 1024 * KB;

/// The largest file of any kind, bytes; larger ones do not come in either (whatsapp.md 5.3).
pub const MAX_FILE: i64 = 100 * MB;

const IMAGE: &[&str] = &["image/jpeg", "image/png"];
const VIDEO: &[&str] = &["video/mp4", "video/3gpp"];
const AUDIO: &[&str] = &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"];
const STICKER: &[&str] = &["image/webp"];

impl MediaKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Image, Self::Video, Self::Audio, Self::Document, Self::Sticker];

    /// The word on both wires: the type of a message and the name of its object.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The kind that a file of this type is sent as unless its sender says otherwise: its family's,
    /// and what has no family is a document. A type that its kind refuses ([`Self::takes`]) is not
    /// turned into a document unasked: people would wonder where their picture is.
    pub fn of_mime(mime: &str) -> Self {
        match essence(mime).split_once('/') {
            Some(("image", "webp")) => Self::Sticker,
            Some(("image", _)) => Self::Image,
            Some(("video", _)) => Self::Video,
            Some(("audio", _)) => Self::Audio,
            _ => Self::Document,
        }
    }

    /// The types that it may have; empty: any.
    pub const fn mimes(self) -> &'static [&'static str] {
        match self {
            Self::Image => IMAGE,
            Self::Video => VIDEO,
            Self::Audio => AUDIO,
            Self::Document => &[],
            Self::Sticker => STICKER,
        }
    }

    /// Whether a file of this type may go as this kind.
    pub fn takes(self, mime: &str) -> bool {
        self.mimes().is_empty() || self.mimes().contains(&essence(mime))
    }

    /// The largest file, bytes.
    pub const fn limit(self, animated: bool) -> i64 {
        match self {
            Self::Image => 5 * MB,
            Self::Video | Self::Audio => 16 * MB,
            Self::Document => MAX_FILE,
            Self::Sticker if animated => 500 * KB,
            Self::Sticker => 100 * KB,
        }
    }

    /// Whether it may carry a caption.
    pub const fn has_caption(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Document)
    }
}

/// A type without its parameters: `audio/ogg; codecs=opus` is `audio/ogg`.
fn essence(mime: &str) -> &str {
    mime.split(';').next().unwrap_or_default().trim()
}

/// Whether this may stand in a header: `type/subtype`, perhaps with parameters.
pub fn is_mime(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let visible = text.len() <= 200 && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    visible && essence(text).split_once('/').is_some_and(|(t, s)| token(t) && token(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_kind_and_each_kind_its_limit() {
        for (mime, kind, taken) in [
            ("image/jpeg", MediaKind::Image, true),
            ("image/png", MediaKind::Image, true),
            ("image/heic", MediaKind::Image, false),
            ("image/webp", MediaKind::Sticker, true),
            ("video/mp4", MediaKind::Video, true),
            ("video/quicktime", MediaKind::Video, false),
            ("audio/ogg; codecs=opus", MediaKind::Audio, true),
            ("audio/wav", MediaKind::Audio, false),
            ("application/pdf", MediaKind::Document, true),
        ] {
            assert_eq!((MediaKind::of_mime(mime), kind.takes(mime)), (kind, taken), "{mime}");
            assert!(MediaKind::Document.takes(mime));
        }
        let limits = MediaKind::ALL.map(|kind| kind.limit(false));
        assert_eq!(limits, [5 << 20, 16 << 20, 16 << 20, 100 << 20, 100 << 10]);
        assert_eq!(MediaKind::Sticker.limit(true), 500 << 10);
    }

    #[test]
    fn a_type_cannot_break_out_of_a_header() {
        for good in ["image/jpeg", "audio/ogg; codecs=opus", "application/vnd.ms-excel"] {
            assert!(is_mime(good), "{good}");
        }
        for bad in ["", "image", "/", "image/", "a b/c", "image/jpeg\r\nX: y", "image/é"] {
            assert!(!is_mime(bad), "{bad}");
        }
    }

    #[test]
    fn words_are_read_back() {
        for kind in MediaKind::ALL {
            assert_eq!(MediaKind::parse(kind.word()), Some(kind));
        }
        assert_eq!(MediaKind::parse("hologram"), None);
    }
}
