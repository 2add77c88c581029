//! Who may use the control endpoints: programs on this machine that mean it. A page in a browser
//! can neither send JSON across origins nor reach them under a foreign host name.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::input::ControlError;

/// Lets a request pass that names a loopback host and, if it may have a body, says JSON.
pub(crate) async fn check(request: Request, next: Next) -> Response {
    match judge(&request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn judge(request: &Request) -> Result<(), ControlError> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).or_else(|| request.uri().authority().map(Authority::as_str));
    if !host.is_some_and(|host| is_loopback_host(without_port(host))) {
        return Err(ControlError::WrongHost);
    }
    let kind = text(header::CONTENT_TYPE).map(|kind| kind.split(';').next().unwrap_or("").trim());
    let json = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    if request.method() == Method::POST && !json {
        return Err(ControlError::WrongContentType);
    }
    Ok(())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a host name (an IPv6 address in brackets) is this machine and no other.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{is_loopback_host, without_port};

    #[test]
    fn tells_loopback_from_names_that_only_look_like_it() {
        for good in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:80"] {
            assert!(is_loopback_host(without_port(good)), "{good}");
        }
        for bad in
            ["", "a.example", "localhost.example", "127.0.0.1.example:80", "10.0.0.1", "0.0.0.0"]
        {
            assert!(!is_loopback_host(without_port(bad)), "{bad}");
        }
    }
}
