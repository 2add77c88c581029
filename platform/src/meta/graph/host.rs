//! Which addresses a channel's token may travel to.

use std::net::IpAddr;

use reqwest::Url;

/// Domains of Meta's that files come from (`lookaside.fbsbx.com` and its like).
const DOMAINS: [&str; 4] = ["fbsbx.com", "fbcdn.net", "facebook.com", "whatsapp.net"];

/// Whether an address is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

/// Whether a file may be fetched from `url` while Graph stands at `base`: by HTTPS from Meta's
/// domains, or from where Graph itself is; if that is this machine, from any port of it.
pub fn may_fetch(base: &Url, url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    let Some(host) = url.host_str() else { return false };
    if is_loopback(base) {
        return is_loopback(&url) && ["http", "https"].contains(&url.scheme());
    }
    let metas = DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    let default_port = url.port_or_known_default() == Some(443);
    url.scheme() == "https"
        && ((metas && default_port)
            || (base.host_str() == Some(host)
                && base.port_or_known_default() == url.port_or_known_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reaches_meta_and_nobody_else() {
        let base = Url::parse("https://graph.facebook.com/v25.0").unwrap();
        for good in [
            "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
            "https://graph.facebook.com/x",
            "https://mmg.whatsapp.net/x",
        ] {
            assert!(may_fetch(&base, good), "{good}");
        }
        for bad in [
            "http://lookaside.fbsbx.com/x",
            "https://lookaside.fbsbx.com:8443/x",
            "https://evilfbsbx.com/x",
            "https://fbsbx.com.example/x",
            "https://u:p@lookaside.fbsbx.com/x",
            "https://127.0.0.1/x",
            "http://127.0.0.1/x",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!may_fetch(&base, bad), "{bad}");
        }
        let here = Url::parse("http://127.0.0.1:9/v1").unwrap();
        assert!(may_fetch(&here, "http://127.0.0.1:7/file"));
        assert!(!may_fetch(&here, "https://lookaside.fbsbx.com/x"));
        let gateway = Url::parse("https://gateway.example:8443/v1").unwrap();
        assert!(may_fetch(&gateway, "https://gateway.example:8443/file"));
        assert!(!may_fetch(&gateway, "https://gateway.example/file"));
    }
}
