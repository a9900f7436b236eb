//! Upgrade of an HTTP connection to a WebSocket.

use base64::prelude::{BASE64_STANDARD, Engine};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::gateway::connection::websocket::random;

/// How much of the body of a refusal is read.
const MAX_BODY_BYTES: usize = 1 << 10;
/// Appended to the key of the client; the server proves with it that it speaks this protocol.
const PROTOCOL_ID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why a connection was not upgraded.
pub(crate) enum UpgradeError {
    /// With the start of the response's body.
    Refused(Box<Response<Vec<u8>>>),
    Failed(String),
}

/// Upgrades a connection. Returns it, and what the server sent after its response.
pub(crate) async fn upgrade<S>(
    stream: S,
    uri: &Uri,
    user_agent: &HeaderValue,
) -> Result<(S, Vec<u8>), UpgradeError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| UpgradeError::Failed(error.to_string());
    let key = random::<16>().map_err(|error| UpgradeError::Failed(error.to_string()))?;
    let key = BASE64_STANDARD.encode(key);
    let request = request(uri, user_agent, &key)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let response = async move {
        let response = sender.send_request(request).await.map_err(failed)?;
        judge(response, &key).await
    };
    // The connection ends when it is upgraded, or when its sender is dropped.
    let (response, connection) = tokio::join!(response, connection.without_shutdown());
    response?;
    let parts = connection.map_err(failed)?;
    Ok((parts.io.into_inner(), parts.read_buf.to_vec()))
}

fn request(
    uri: &Uri,
    user_agent: &HeaderValue,
    key: &str,
) -> Result<Request<String>, UpgradeError> {
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    Request::get(target)
        .version(Version::HTTP_11)
        .header(header::HOST, host)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, key)
        .header(header::USER_AGENT, user_agent)
        .body(String::new())
        .map_err(|error| UpgradeError::Failed(error.to_string()))
}

async fn judge(response: Response<Incoming>, key: &str) -> Result<(), UpgradeError> {
    let (status, headers) = (response.status(), response.headers());
    if status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refused(response).await);
    }
    let accepted = digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        format!("{key}{PROTOCOL_ID}").as_bytes(),
    );
    let accepted = BASE64_STANDARD.encode(accepted);
    let is_websocket = has_token(headers, &header::UPGRADE, "websocket")
        && has_token(headers, &header::CONNECTION, "upgrade")
        && headers
            .get(header::SEC_WEBSOCKET_ACCEPT)
            .is_some_and(|accept| accept.as_bytes() == accepted.as_bytes());
    if is_websocket {
        Ok(())
    } else {
        let why = "the server switched protocols, but not to a WebSocket of this request";
        Err(UpgradeError::Failed(why.to_owned()))
    }
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

async fn refused(mut response: Response<Incoming>) -> UpgradeError {
    let mut body = Vec::new();
    while body.len() < MAX_BODY_BYTES
        && let Some(Ok(frame)) = response.frame().await
    {
        body.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
    }
    UpgradeError::Refused(Box::new(response.map(|_| body)))
}
