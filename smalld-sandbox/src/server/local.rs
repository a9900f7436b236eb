//! Check that a request comes from this machine, and not from a web page.
//!
//! The sockets are on the loopback, but a page of another site can make a browser on this machine
//! send requests, with its `Origin`; or a name can point to 127.0.0.1 (DNS rebinding), and is in
//! `Host`. Both are refused.

use std::net::IpAddr;

use hyper::Request;
use hyper::header::{HOST, ORIGIN};
use hyper::http::uri::Authority;

/// Why a request is refused, for people.
pub(crate) const NOT_LOCAL: &str =
    "the sandbox answers only requests to this machine that no web page of another site makes\n";

/// Whether every `Host` names the loopback, and the request comes from no page but the sandbox's
/// own. A bot sends no `Origin`.
pub(crate) fn is_local<B>(request: &Request<B>) -> bool {
    let mut authority = request.uri().authority().map(Authority::as_str);
    for host in request.headers().get_all(HOST) {
        let Ok(host) = host.to_str() else {
            return false;
        };
        if !is_loopback(host) {
            return false;
        }
        authority.get_or_insert(host);
    }
    let Some(authority) = authority.filter(|authority| is_loopback(authority)) else {
        return false;
    };
    let own = |origin: &[u8]| origin.strip_prefix(b"http://") == Some(authority.as_bytes());
    let mut origins = request.headers().get_all(ORIGIN).iter();
    origins.all(|origin| own(origin.as_bytes()))
}

/// Whether `host` or `host:port` is this machine.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    address.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(uri: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_local(&request.body(()).expect("a request"))
    }

    #[test]
    fn only_names_of_the_loopback_are_local() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost:9",
            "[::1]:80",
            "LocalHost",
            "127.8.0.1",
        ] {
            assert!(local("/", &[("host", host)]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:80",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "192.168.0.1:80",
            "::1:x",
        ] {
            assert!(!local("/", &[("host", host)]), "{host}");
        }
        assert!(!local("/", &[]));
        assert!(!local(
            "/",
            &[("host", "127.0.0.1"), ("host", "evil.example")]
        ));
        assert!(!local("http://evil.example/", &[("host", "127.0.0.1")]));
    }

    #[test]
    fn only_our_own_origin_is_local() {
        let from = |origin| local("/", &[("host", "127.0.0.1:80"), ("origin", origin)]);
        assert!(from("http://127.0.0.1:80"));
        for origin in [
            "null",
            "http://evil.example",
            "http://127.0.0.1:81",
            "http://127.0.0.1:80.evil.example",
            "https://127.0.0.1:80",
            "",
        ] {
            assert!(!from(origin), "{origin}");
        }
    }
}
