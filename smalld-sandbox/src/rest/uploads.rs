//! Files of a message, and what its `attachments` say about them.

use super::error::{self, Error};
use super::form::Form;
use super::rules;
use crate::rest::request::File;
use crate::world::Upload;
use crate::world::snowflake::Snowflake;

pub(super) const MAX_FILE_BYTES: usize = 10 << 20;
const MAX_FILES: usize = 10;

/// What a body says about one attachment, old or new.
pub(super) struct Described<'f> {
    /// The `n` of `files[n]`, or the id of an existing attachment.
    pub(super) id: Option<Snowflake>,
    filename: Option<&'f str>,
    description: Option<&'f str>,
}

impl<'f> Form<'f> {
    pub(super) fn attachments(&mut self) -> Vec<Described<'f>> {
        let list = self
            .list("attachments", MAX_FILES)
            .map(Vec::as_slice)
            .unwrap_or_default();
        for (place, attachment) in list.iter().enumerate() {
            if rules::id(&attachment["id"]).is_none() {
                self.required(&["attachments", &place.to_string(), "id"]);
            }
        }
        let described = list.iter().map(|attachment| Described {
            id: rules::id(&attachment["id"]),
            filename: attachment["filename"].as_str(),
            description: attachment["description"].as_str(),
        });
        described.collect()
    }

    /// The files, with what the body says about each.
    pub(super) fn uploads(
        &mut self,
        files: Vec<File>,
        described: &[Described],
    ) -> Result<Vec<Upload>, Error> {
        if files.len() > MAX_FILES {
            self.too_long(&["attachments"], MAX_FILES);
        }
        if files.iter().any(|file| file.bytes.len() > MAX_FILE_BYTES) {
            return Err(error::TOO_LARGE.into());
        }
        let mut uploads = Vec::new();
        for file in files {
            // Only `files[n]` is documented for messages.
            let Some(n) = number_of(&file.name) else {
                continue;
            };
            let about = described.iter().find(|described| described.id == Some(n));
            let filename = about.and_then(|about| about.filename);
            uploads.push(Upload {
                filename: filename.map_or(file.filename, ToOwned::to_owned),
                content_type: file.content_type,
                description: about
                    .and_then(|about| about.description)
                    .map(ToOwned::to_owned),
                bytes: file.bytes,
            });
        }
        Ok(uploads)
    }
}

/// The `n` of `files[n]`.
fn number_of(part: &str) -> Option<Snowflake> {
    Snowflake::parse(part.strip_prefix("files[")?.strip_suffix(']')?)
}
