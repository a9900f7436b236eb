//! The values that filters expect at one place in the JSON, found by the value that is there: so the number
//! of handlers does not matter.

use crate::dispatch::condition::{Alternative, Scalar};
use crate::dispatch::filter::set::{Set, insert};
use crate::dispatch::trigger::Field;
use crate::event::skim::decode;

/// What is at a place in the JSON.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'t> {
    /// Nothing, which is the same as `null`.
    Absent,
    /// An object or array, which no filter expects.
    Container,
    /// A number, `true`, `false` or `null`.
    Literal(&'t str),
    /// A raw string without its quotes.
    String { raw: &'t str, has_escapes: bool },
}

/// The conditions of all handlers on one place.
pub(super) struct Values {
    /// Handlers that expect one of some values, and these values.
    expecting: Set,
    expected: Expected,
    /// Values that handlers do not want.
    unwanted: Expected,
}

/// Values, and which handlers name them.
#[derive(Default)]
struct Expected {
    literals: Texts,
    strings: Texts,
    beginnings: Texts,
}

impl Values {
    pub(super) fn new(handlers: usize) -> Self {
        Self {
            expecting: Set::new(handlers),
            expected: Expected::default(),
            unwanted: Expected::default(),
        }
    }

    /// Adds the condition of a handler. A handler may expect values at a place only once.
    pub(super) fn add(&mut self, field: &Field, handler: usize) {
        let values = if field.negated {
            &mut self.unwanted
        } else {
            self.expecting.insert(handler);
            &mut self.expected
        };
        for alternative in &*field.any {
            values.add(alternative, handler);
        }
    }

    /// Removes the handlers whose condition does not hold. `marked` is overwritten.
    pub(super) fn decide(&self, found: Found<'_>, alive: &mut [u64], marked: &mut [u64]) {
        marked.fill(0);
        self.expected.mark(found, marked);
        for ((alive, expecting), marked) in alive.iter_mut().zip(&*self.expecting).zip(&*marked) {
            *alive &= !expecting | marked;
        }
        if !self.unwanted.is_empty() {
            marked.fill(0);
            self.unwanted.mark(found, marked);
            for (alive, marked) in alive.iter_mut().zip(marked) {
                *alive &= !*marked;
            }
        }
    }
}

impl Expected {
    fn add(&mut self, alternative: &Alternative, handler: usize) {
        match alternative {
            Alternative::Is(Scalar::String(text)) => self.strings.add(text, handler),
            Alternative::Is(literal) => self.literals.add(&literal.to_string(), handler),
            Alternative::StartsWith(text) => self.beginnings.add(text, handler),
        }
    }

    fn is_empty(&self) -> bool {
        let Self {
            literals,
            strings,
            beginnings,
        } = self;
        literals.0.is_empty() && strings.0.is_empty() && beginnings.0.is_empty()
    }

    /// Marks the handlers that name this value.
    fn mark(&self, found: Found<'_>, marked: &mut [u64]) {
        match found {
            Found::Container => {}
            Found::Absent => self.literals.mark(b"null", marked),
            Found::Literal("-0") => self.literals.mark(b"0", marked),
            Found::Literal(text) => self.literals.mark(text.as_bytes(), marked),
            Found::String {
                raw,
                has_escapes: false,
            } => self.mark_string(raw.as_bytes(), marked),
            Found::String { raw, .. } => self.mark_escaped(raw, marked),
        }
    }

    fn mark_string(&self, text: &[u8], marked: &mut [u64]) {
        self.strings.mark(text, marked);
        self.beginnings.mark_beginnings(text, marked);
    }

    /// Decodes one byte more than any expected text has, which is enough to tell them apart.
    fn mark_escaped(&self, raw: &str, marked: &mut [u64]) {
        const INLINE: usize = 128;
        let enough = self.strings.longest().max(self.beginnings.longest()) + 1;
        let (mut inline, mut heap) = ([0; INLINE], Vec::new());
        let buffer = if let Some(buffer) = inline.get_mut(..enough) {
            buffer
        } else {
            heap.resize(enough, 0);
            &mut heap[..]
        };
        if let Some(text) = decode(raw, buffer) {
            self.mark_string(text, marked);
        }
    }
}

/// Texts with the handlers that name them, sorted by length and then by their bytes.
#[derive(Default)]
struct Texts(Vec<(Box<str>, Vec<usize>)>);

impl Texts {
    fn add(&mut self, text: &str, handler: usize) {
        match self.find(text.as_bytes()) {
            Ok(found) => self.0[found].1.push(handler),
            Err(place) => self.0.insert(place, (text.into(), vec![handler])),
        }
    }

    fn find(&self, text: &[u8]) -> Result<usize, usize> {
        let order = |known: &str| (known.len(), known.as_bytes()).cmp(&(text.len(), text));
        self.0.binary_search_by(|(known, _)| order(known))
    }

    fn longest(&self) -> usize {
        self.0.last().map_or(0, |(text, _)| text.len())
    }

    fn mark(&self, text: &[u8], marked: &mut [u64]) {
        if let Ok(found) = self.find(text) {
            for &handler in &self.0[found].1 {
                insert(marked, handler);
            }
        }
    }

    /// Marks the handlers of all texts that this one begins with.
    fn mark_beginnings(&self, text: &[u8], marked: &mut [u64]) {
        let mut rest = &self.0[..];
        // Once for each length.
        while let Some((shortest, _)) = rest.first() {
            let length = shortest.len();
            let Some(beginning) = text.get(..length) else {
                return;
            };
            self.mark(beginning, marked);
            rest = &rest[rest.partition_point(|(known, _)| known.len() == length)..];
        }
    }
}
