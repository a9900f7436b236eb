//! Files that are uploaded with a request: from memory, from disk, or from any reader.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use reqwest::multipart::Part;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::{Error, Result};

/// How much of a stream is read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// The type of a file if none is given; Discord looks at the name and the bytes itself.
const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";

/// A file to upload: a name, a type, and a source of bytes.
///
/// ```
/// use smalld::rest::Attachment;
///
/// let from_memory = Attachment::from(("cat.txt", "meow", "text/plain"));
/// # async fn file() -> smalld::Result<()> {
/// let from_disk = Attachment::file("cat.png").await?.content_type("image/png");
/// # Ok(()) }
/// # let _ = from_memory;
/// ```
///
/// See [Discord Docs/Uploading Files](https://discord.com/developers/docs/reference#uploading-files).
#[derive(Clone)]
pub struct Attachment {
    name: String,
    content_type: String,
    /// The name of the form field, if it is not `files[n]`.
    field: Option<String>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Memory(Bytes),
    File { path: PathBuf, length: u64 },
    Reader(Arc<dyn Fn() -> Opening + Send + Sync>),
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;
type Opening = Pin<Box<dyn Future<Output = io::Result<Reader>> + Send>>;

impl Attachment {
    /// A file on disk, sent under its own name. It is read while it is sent and never in memory as a
    /// whole.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if it does not exist or is not a file.
    pub async fn file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let found = tokio::fs::metadata(path)
            .await
            .map_err(|error| unreadable(path, &error))?;
        if !found.is_file() {
            return Err(unreadable(path, &io::Error::other("it is not a file")));
        }
        let name = path
            .file_name()
            .map_or(Cow::Borrowed("file"), |name| name.to_string_lossy());
        let source = Source::File {
            path: path.to_owned(),
            length: found.len(),
        };
        Ok(Self {
            name: name.into_owned(),
            content_type: DEFAULT_CONTENT_TYPE.to_owned(),
            field: None,
            source,
        })
    }

    /// Bytes from any [`AsyncRead`]. `open` is called for every attempt, because a retry has to
    /// read from the start.
    ///
    /// ```
    /// use smalld::rest::Attachment;
    ///
    /// let log = Attachment::reader("bot.log", "text/plain", || tokio::fs::File::open("bot.log"));
    /// # let _ = log;
    /// ```
    pub fn reader<F, Fut, R>(
        name: impl Into<String>,
        content_type: impl Into<String>,
        open: F,
    ) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<R>> + Send + 'static,
        R: AsyncRead + Send + 'static,
    {
        let open = move || -> Opening {
            let opening = open();
            Box::pin(async move { Ok(Box::pin(opening.await?) as Reader) })
        };
        let source = Source::Reader(Arc::new(open));
        Self {
            name: name.into(),
            content_type: content_type.into(),
            field: None,
            source,
        }
    }

    /// Sends it under another name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The media type, such as `image/png`.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// Sends it as this field of the form, for the few endpoints that do not take `files[n]`, such
    /// as `file` for stickers and `target_users_file` for invites.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.field = Some(name.into());
        self
    }

    pub(crate) fn form_field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// One part of a form, to be sent once.
    pub(crate) async fn part(&self) -> Result<Part> {
        let part = match &self.source {
            Source::Memory(bytes) => {
                let length = bytes.len() as u64;
                Part::stream_with_length(bytes.clone(), length)
            }
            Source::File { path, length } => {
                let file = tokio::fs::File::open(path).await;
                let file = file.map_err(|error| unreadable(path, &error))?;
                // A file that grows meanwhile must not exceed the announced length.
                Part::stream_with_length(streamed(Box::pin(file.take(*length))), *length)
            }
            Source::Reader(open) => {
                let reader = open().await;
                Part::stream(streamed(
                    reader.map_err(|error| unreadable(&self.name, &error))?,
                ))
            }
        };
        // A name must not end the header line that it is in.
        let name = self.name.replace(char::is_control, "_");
        part.file_name(name)
            .mime_str(&self.content_type)
            .map_err(|_| {
                let (name, kind) = (&self.name, &self.content_type);
                Error::config(format!(
                    "`{kind}`, the type of attachment `{name}`, is not a media type"
                ))
            })
    }
}

fn unreadable(what: impl AsRef<Path>, error: &io::Error) -> Error {
    Error::config(format!(
        "attachment `{}` cannot be read: {error}",
        what.as_ref().display()
    ))
}

fn streamed(reader: Reader) -> Body {
    Body::wrap_stream(stream::try_unfold(reader, async |mut reader| {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let read = reader.read_buf(&mut chunk).await?;
        Ok::<_, io::Error>((read > 0).then_some((chunk, reader)))
    }))
}

/// File name, content and media type, as in SmallD for Python.
impl<N: Into<String>, B: Into<Vec<u8>>, C: Into<String>> From<(N, B, C)> for Attachment {
    fn from((name, bytes, content_type): (N, B, C)) -> Self {
        let source = Source::Memory(Bytes::from(bytes.into()));
        Self {
            name: name.into(),
            content_type: content_type.into(),
            field: None,
            source,
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("name", &self.name)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
