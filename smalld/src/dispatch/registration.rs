//! What an attribute leaves behind: a record per annotated function, found again at startup.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::bot::SmallD;
use crate::dispatch::outcome::Failure;
use crate::event::Payload;

/// What a handler's run comes to.
pub(crate) type Run = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// One annotated function. Made by the attributes only.
pub struct Registration {
    /// Its path.
    pub name: &'static str,
    /// The path of the module that it stands in.
    pub module: &'static str,
    /// The file that it stands in.
    pub file: &'static str,
    /// The line of its name.
    pub line: u32,
    /// What it is called for.
    pub kind: Kind,
    /// Which payloads it wants.
    pub filter: Filter,
    /// Whether it sees the events of one guild one at a time.
    pub ordered: bool,
    /// For each parameter, whether it can be had at all.
    pub checks: &'static [Check],
    /// The function itself, its parameters taken from the payload.
    pub call: Call,
}

inventory::collect!(Registration);

/// Whether a parameter can be had at all, asked at startup.
pub(crate) type Check = fn(&SmallD) -> Result<(), String>;

/// What a handler is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For the payloads that it wants.
    Event,
    /// Once, before the first of them.
    Start,
    /// When another one has failed.
    Error,
}

/// How to call an annotated function.
#[derive(Clone, Copy)]
pub enum Call {
    /// An `async fn`.
    Async(fn(SmallD, Payload) -> Run),
    /// A plain `fn`: it may block, so it runs on the blocking pool.
    Blocking(fn(SmallD, Payload) -> Result<(), Failure>),
}

/// Which payloads a handler wants.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// The opcode; any where it is `None`.
    pub op: Option<u64>,
    /// The names of events, any one of them; all where it is empty.
    pub t: &'static [&'static str],
    /// Values that must be there.
    pub fields: &'static [Field],
    /// Whether pointers and parameters see the whole payload rather than `d`.
    pub whole: bool,
}

/// A place in the JSON and the value that must be there.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The pointer as written (RFC 6901).
    pub pointer: &'static str,
    /// Its tokens, unescaped.
    pub tokens: &'static [&'static str],
    /// The value.
    pub is: Scalar,
}

/// A JSON value without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `null`, or nothing there at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer, compared exactly.
    Integer(i128),
    /// A string, compared decoded.
    String(&'static str),
}

/// As an attribute has it.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::String(value) => write!(f, "{value:?}"),
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("name", &self.name)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Async",
            Self::Blocking(_) => "Blocking",
        })
    }
}
