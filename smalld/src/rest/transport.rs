//! A single attempt over the network, and the meaning of a failure.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use reqwest::Client;
use tokio::time::Instant;

use crate::error::redact::Secrets;
use crate::error::{BoxError, Error, NetworkError, NetworkErrorKind, Response};
use crate::rest::client::Rest;
use crate::rest::prepare::Prepared;

/// More than any response of Discord's; a guard against a broken or hostile proxy.
const MAX_RESPONSE_BYTES: usize = 64 << 20;
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// Why an attempt has no response.
pub(crate) enum Failure {
    Network(NetworkError),
    /// The request could not be built, for example because a file is gone.
    NotBuilt(Error),
}

enum ExchangeError {
    Transport(reqwest::Error),
    TooLarge,
}

impl Rest {
    pub(crate) async fn exchange(
        &self,
        prepared: &Prepared,
        deadline: Option<Instant>,
    ) -> Result<Response, Failure> {
        let request = prepared.build(&self.0.client).await;
        let request = request.map_err(Failure::NotBuilt)?;
        let timeout = if prepared.is_form() {
            UPLOAD_TIMEOUT
        } else {
            ATTEMPT_TIMEOUT
        };
        let started = Instant::now();
        let end = started + timeout;
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        let exchange = exchange(&self.0.client, request, &prepared.secrets);
        let (kind, may_have_arrived, source) = match tokio::time::timeout_at(end, exchange).await {
            Ok(Ok(response)) => {
                let (method, path) = (prepared.method_name(), &prepared.shown);
                let (status, took) = (response.status, started.elapsed());
                tracing::debug!(target: "smalld", "{method} {path}: {status} in {took:.0?}");
                return Ok(response);
            }
            Ok(Err(ExchangeError::Transport(error))) => {
                let (kind, may_have_arrived) = (kind(&error), !error.is_connect());
                // The URL may contain the token of a webhook.
                let source: BoxError = error.without_url().into();
                (kind, may_have_arrived, Some(source))
            }
            Ok(Err(ExchangeError::TooLarge)) => (NetworkErrorKind::TooLarge, true, None),
            Err(_) => (NetworkErrorKind::Timeout, true, None),
        };
        Err(Failure::Network(NetworkError::new(
            prepared.method_name(),
            prepared.shown.clone(),
            kind,
            may_have_arrived,
            source,
        )))
    }
}

async fn exchange(
    client: &Client,
    request: reqwest::Request,
    secrets: &Secrets,
) -> Result<Response, ExchangeError> {
    let response = client.execute(request).await;
    let mut response = response.map_err(ExchangeError::Transport)?;
    let headers = response.headers().iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let (status, headers) = (response.status().as_u16(), headers.collect());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ExchangeError::Transport)? {
        if bytes.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(ExchangeError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Response::to_request(
        status,
        headers,
        bytes,
        secrets.clone(),
    ))
}

/// What failed, as far as the causes show.
fn kind(error: &reqwest::Error) -> NetworkErrorKind {
    let connecting = error.is_connect();
    if connecting && causes(error).any(is_tls) {
        return NetworkErrorKind::Tls;
    }
    // The connector has no public type for it; a test checks that these words stay.
    if connecting && causes(error).any(|cause| cause.to_string() == "dns error") {
        return NetworkErrorKind::Dns;
    }
    match () {
        () if error.is_timeout() => NetworkErrorKind::Timeout,
        () if connecting => NetworkErrorKind::Connect,
        () => NetworkErrorKind::Broken,
    }
}

fn causes<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// An I/O error that wraps another error has that error's cause as its own, so the wrapped error is
/// not among the causes.
fn is_tls(cause: &(dyn StdError + 'static)) -> bool {
    let wrapped = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    cause.is::<rustls::Error>() || wrapped.is_some_and(|wrapped| is_tls(wrapped))
}
