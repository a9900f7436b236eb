//! Opening of the WebSocket: URL and query, TLS, and the reason if it fails.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls::ClientConfig;
use tokio::runtime::Handle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{Error as WsError, UrlError};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, Response, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::gateway::compression::Compression;
use crate::gateway::connection::inflate::{Inflater, MAX_MESSAGE_BYTES};
use crate::gateway::connection::tcp::{Tcp, Unread};
use crate::gateway::protocol::disconnect::Disconnect;
use crate::retry_after;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<Tcp>>;

/// What a quiet shard needs. A flood is read ahead, below TLS. The rest of a buffer after a huge frame
/// keeps that frame's memory, so the buffer must be used up soon.
const READ_BUFFER_SIZE: usize = 4 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How many characters of a refusing response's body are logged.
const MAX_BODY_CHARS: usize = 200;

/// An opened connection.
pub(crate) struct Opened {
    pub(crate) socket: Socket,
    pub(crate) unread: Unread,
}

/// Options of all connections of a bot.
#[derive(Clone)]
pub(crate) struct Connect {
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) version: String,
    /// Whether `ws://` is allowed: for a server on this machine, or with `allow_http`.
    pub(crate) allow_plain: bool,
    pub(crate) compression: Compression,
}

impl Connect {
    /// Opens a connection that is read on this runtime, and written on `control` if there is one.
    pub(crate) async fn open(
        &self,
        url: &str,
        control: Option<&Handle>,
    ) -> Result<Opened, (Disconnect, String)> {
        let unreachable = |why: String| (Disconnect::Unreachable { retry_after: None }, why);
        let url = self.url(url);
        if url.starts_with("ws://") && !self.allow_plain {
            return Err(unreachable(format!(
                "{url} is not encrypted; use wss://, or set `allow_http` to allow ws://"
            )));
        }
        let mut request = url
            .as_str()
            .into_client_request()
            .map_err(|error| unreachable(error.to_string()))?;
        request
            .headers_mut()
            .insert(header::USER_AGENT, self.user_agent.clone());
        match tokio::time::timeout(CONNECT_TIMEOUT, self.connect(request, control)).await {
            Ok(Ok(opened)) => Ok(opened),
            Ok(Err(WsError::Http(response))) => {
                let retry_after = retry_after_of(&response);
                Err((Disconnect::Unreachable { retry_after }, refusal(&response)))
            }
            Ok(Err(error)) => Err(unreachable(error.to_string())),
            Err(_) => Err(unreachable(format!(
                "no connection within {} s",
                CONNECT_TIMEOUT.as_secs()
            ))),
        }
    }

    async fn connect(
        &self,
        request: Request<()>,
        control: Option<&Handle>,
    ) -> Result<Opened, WsError> {
        let uri = request.uri();
        let host = uri.host().ok_or(UrlError::NoHostName)?.to_owned();
        let port = match (uri.port_u16(), uri.scheme_str()) {
            (Some(port), _) => port,
            (None, Some("ws")) => 80,
            (None, _) => 443,
        };
        // An IPv6 address has brackets in a URL only.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let tcp = Tcp::connect(host, port, control).await?;
        let unread = tcp.unread();
        // tungstenite's default limit of a frame, 16 MiB, would break the connections of large bots.
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_SIZE)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let connector = Connector::Rustls(Arc::clone(&self.tls));
        let (socket, _) =
            client_async_tls_with_config(request, tcp, Some(config), Some(connector)).await?;
        Ok(Opened { socket, unread })
    }

    /// Discord's URLs may end with a slash.
    fn url(&self, url: &str) -> String {
        let bare = url.split('?').next().unwrap_or(url).trim_end_matches('/');
        let compress = self.compression.query();
        format!("{bare}/?v={}&encoding=json{compress}", self.version)
    }

    /// The decoder of one connection's binary frames.
    pub(crate) fn inflater(&self) -> Inflater {
        Inflater::new(self.compression)
    }
}

fn retry_after_of<B>(response: &Response<B>) -> Option<Duration> {
    let header = |name| response.headers().get(name)?.to_str().ok();
    retry_after::parse(header(header::RETRY_AFTER)?, header(header::DATE))
}

/// The status and the start of the body.
fn refusal(response: &Response<Option<Vec<u8>>>) -> String {
    let body = response.body().as_deref().unwrap_or_default();
    let text: String = String::from_utf8_lossy(body)
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(MAX_BODY_CHARS)
        .collect();
    match text.trim() {
        "" => format!("HTTP {}", response.status()),
        text => format!("HTTP {}: {text}", response.status()),
    }
}

/// Whether two URLs have the same host, or hosts of the same domain such as `discord.gg`.
pub(crate) fn have_same_site(one: &str, other: &str) -> bool {
    let hosts = [one, other].map(|url| Url::parse(url).ok()?.host_str().map(str::to_owned));
    let [Some(one), Some(other)] = hosts else {
        return false;
    };
    one == other || domain(&one).is_some_and(|site| Some(site) == domain(&other))
}

/// The last two labels of a host name. `None` for an IP address.
fn domain(host: &str) -> Option<(&str, &str)> {
    let mut labels = host.rsplit('.');
    let (last, before) = (labels.next()?, labels.next()?);
    let is_name = last.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_name.then_some((before, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_c10_the_url_has_the_query_exactly_once() {
        let connect = |compression| Connect {
            tls: Arc::new(crate::tls::client_config(true).unwrap()),
            user_agent: HeaderValue::from_static("x"),
            version: "10".to_owned(),
            allow_plain: false,
            compression,
        };
        for (compression, compress) in [
            (Compression::None, ""),
            (Compression::ZlibStream, "&compress=zlib-stream"),
            (Compression::ZstdStream, "&compress=zstd-stream"),
        ] {
            let expected = format!("wss://host/?v=10&encoding=json{compress}");
            for url in [
                "wss://host",
                "wss://host/",
                "wss://host/?v=9&compress=zlib-stream",
            ] {
                assert_eq!(connect(compression).url(url), expected);
            }
        }
    }

    #[test]
    fn retry_after_may_be_a_date() {
        let response = Response::builder()
            .header("Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT")
            .header("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .body(())
            .unwrap();
        assert_eq!(retry_after_of(&response), Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_site_is_one_host_or_all_hosts_of_a_domain() {
        let discord = "wss://gateway.discord.gg";
        for (one, other) in [
            (discord, "wss://gateway-us-east1-b.discord.gg/?v=10"),
            ("ws://127.0.0.1:1", "ws://127.0.0.1:2"),
            ("ws://proxy:8080", "ws://proxy:8080"),
        ] {
            assert!(have_same_site(one, other), "{one} {other}");
        }
        for other in [
            "wss://discord.gg.example.com",
            "wss://gateway-discord.gg",
            "wss://127.0.0.1",
            "not a url",
            "",
        ] {
            assert!(!have_same_site(discord, other), "{other}");
        }
        assert!(!have_same_site("ws://127.0.0.1", "ws://10.9.0.1"));
        assert!(!have_same_site("ws://proxy", "ws://other"));
    }
}
