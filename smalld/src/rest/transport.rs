//! One attempt over the network, and what it means where it fails.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use reqwest::Client;
use tokio::time::Instant;

use crate::error::response::Response;
use crate::error::{BoxError, Error, NetworkError, NetworkErrorKind};
use crate::rest::client::Rest;
use crate::rest::prepare::Prepared;

/// More than any answer of Discord's; a guard against a broken or hostile proxy.
const MOST_BYTES: usize = 64 << 20;
const ATTEMPT: Duration = Duration::from_secs(15);
const ATTEMPT_WITH_FILES: Duration = Duration::from_secs(300);

/// Why an attempt gave no response.
pub(crate) enum Attempt {
    Broken(NetworkError),
    /// It could not even be built: a file that is gone.
    Impossible(Error),
}

enum Failure {
    Transport(reqwest::Error),
    TooLarge,
}

impl Rest {
    pub(crate) async fn attempt(
        &self,
        prepared: &Prepared,
        deadline: Option<Instant>,
    ) -> Result<Response, Attempt> {
        let request = prepared
            .build(&self.0.client)
            .await
            .map_err(Attempt::Impossible)?;
        let most = if prepared.is_form() {
            ATTEMPT_WITH_FILES
        } else {
            ATTEMPT
        };
        let begun = Instant::now();
        let end = begun + most;
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        let result = tokio::time::timeout_at(end, exchange(&self.0.client, request)).await;
        let (kind, may_have_arrived, source) = match result {
            Ok(Ok(response)) => {
                let (method, path) = (prepared.method_name(), &prepared.shown);
                let (status, took) = (response.status, begun.elapsed());
                tracing::debug!(target: "smalld", "{method} {path}: {status} in {took:.0?}");
                return Ok(response);
            }
            Ok(Err(Failure::Transport(error))) => {
                let (kind, may_have_arrived) = (kind(&error), !error.is_connect());
                // The URL may hold the token of a webhook.
                let source: BoxError = error.without_url().into();
                (kind, may_have_arrived, Some(source))
            }
            Ok(Err(Failure::TooLarge)) => (NetworkErrorKind::TooLarge, true, None),
            Err(_) => (NetworkErrorKind::Timeout, true, None),
        };
        Err(Attempt::Broken(NetworkError::new(
            prepared.method_name(),
            prepared.shown.clone(),
            kind,
            may_have_arrived,
            source,
        )))
    }
}

async fn exchange(client: &Client, request: reqwest::Request) -> Result<Response, Failure> {
    let response = client.execute(request).await;
    let mut response = response.map_err(Failure::Transport)?;
    let headers = response.headers().iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let (status, headers) = (response.status().as_u16(), headers.collect());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Failure::Transport)? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(Failure::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Response::new(status, headers, bytes))
}

/// What failed, as the causes tell.
fn kind(error: &reqwest::Error) -> NetworkErrorKind {
    let connecting = error.is_connect();
    if connecting && causes(error).any(is_tls) {
        return NetworkErrorKind::Tls;
    }
    // The connector has no type for it that others could name; a test holds it to these words.
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

/// An I/O error that wraps another one gives that one's cause for its own, so the wrapped one does
/// not come by itself.
fn is_tls(cause: &(dyn StdError + 'static)) -> bool {
    let wrapped = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    cause.is::<rustls::Error>() || wrapped.is_some_and(|wrapped| is_tls(wrapped))
}
