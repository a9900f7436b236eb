//! Serves attachments as Discord's CDN does: without a token and without rate limits.

use http_body_util::Full;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::hub::Hub;
use crate::server::Response;
use crate::world::snowflake::Snowflake;

/// `path` is what follows `/attachments/`: the ids of the channel and the attachment, and a name, which
/// is ignored.
pub(crate) fn serve(hub: &Hub, path: &str) -> Response {
    let mut ids = path.split('/').map(Snowflake::parse);
    let (channel, id) = (ids.next().flatten(), ids.next().flatten());
    let file = channel
        .zip(id)
        .and_then(|(channel, id)| hub.look(|state| state.world.attachment(channel, id).cloned()));
    let Some(file) = file else {
        let mut reply = hyper::Response::new(Full::from("This content is no longer available.\n"));
        *reply.status_mut() = StatusCode::NOT_FOUND;
        return reply;
    };
    let mut reply = hyper::Response::new(Full::new(Bytes::from_owner(file.bytes)));
    // A type that is not a valid header value is left out.
    let content_type = HeaderValue::from_str(&file.content_type).ok();
    reply
        .headers_mut()
        .extend(content_type.map(|kind| (CONTENT_TYPE, kind)));
    reply
}
