//! What a shell tells the core once, at opening.

use std::path::PathBuf;

use fieldline_core::api::Config;

/// Where the store is, which server it belongs to, and what this phone calls itself.
#[uniffi::remote(Record)]
pub struct Config {
    /// The store's file, in the app's private folder. Its folder must exist. `<file>-wal`, `<file>-shm` and
    /// `<file>.lock` stand beside it.
    pub store_path: PathBuf,
    /// `https://host[:port]` of the platform. Plain `http://` is taken for loopback addresses only.
    pub server_url: String,
    /// Name of this phone as the office's device list shows it.
    pub device_name: String,
    /// `android`, `ios`, `python`, `demo`: first half of the `Fieldline-Client` header.
    pub platform: String,
    /// Extra trusted certificate authorities as PEM, for a company's own proxy.
    #[uniffi(default = None)]
    pub extra_roots_pem: Option<String>,
}
