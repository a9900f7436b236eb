//! Messages of a user with more than a text: files and replies.

use std::sync::Arc;

use super::settle;
use crate::library::names::find_channel;
use crate::library::user::User;
use crate::world::snowflake::Snowflake;
use crate::world::{Draft, Upload};

impl User {
    /// Writes a message with one file. Returns its id. The text may be empty; the type of the file
    /// follows from the end of its name, as on Discord.
    ///
    /// # Panics
    ///
    /// If there is no such channel.
    pub async fn upload(
        &self,
        channel: &str,
        text: impl Into<String>,
        filename: &str,
        bytes: impl AsRef<[u8]>,
    ) -> String {
        let draft = Draft {
            content: text.into(),
            uploads: vec![Upload {
                filename: filename.to_owned(),
                content_type: content_type(filename).to_owned(),
                description: None,
                bytes: Arc::from(bytes.as_ref()),
            }],
            ..Draft::default()
        };
        let user = self.snowflake();
        let sent = self.hub.change(|world, now| {
            let channel = find_channel(world, self.guild, channel);
            world.post(channel, user, draft, now)
        });
        settle().await;
        sent.expect("a message has a file").to_string()
    }

    /// Replies to a message, which mentions its author. Returns the id of the reply.
    ///
    /// # Panics
    ///
    /// If there is no such message, or the text is empty.
    pub async fn reply(&self, message: impl AsRef<str>, text: impl Into<String>) -> String {
        let (message, user) = (message.as_ref(), self.snowflake());
        let mut draft = Draft::text(text);
        let replied = self.hub.change(|world, now| {
            let original = Snowflake::parse(message)?;
            let channel = world.channel_of(original)?;
            draft.reply_to = Some(original);
            world.post(channel, user, draft, now).ok()
        });
        settle().await;
        let id = replied.unwrap_or_else(|| panic!("{self} cannot reply to message `{message}`"));
        id.to_string()
    }
}

fn content_type(filename: &str) -> &'static str {
    let end = filename
        .rsplit_once('.')
        .map(|(_, end)| end.to_ascii_lowercase());
    match end.as_deref() {
        Some("gif") => "image/gif",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("json") => "application/json; charset=utf-8",
        Some("mp3") => "audio/mpeg",
        Some("mp4") => "video/mp4",
        Some("ogg") => "audio/ogg",
        Some("png") => "image/png",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("webp") => "image/webp",
        _ => "application/octet-stream",
    }
}
