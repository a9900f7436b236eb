//! Descriptions of handlers' failures. A user's error may panic, fail or never end when it is
//! displayed, or contain megabytes of text or newlines. None of that may reach the log or end a
//! shard.

use std::error::Error;
use std::fmt::{self, Write};

use crate::unwind;

const MAX_BYTES: usize = 4_096;
const MAX_CAUSES: usize = 16;
const UNDISPLAYABLE: &str = "an error that cannot be displayed";

/// An error and its causes in one sentence, without repetitions.
pub(super) fn describe(error: &dyn Error) -> String {
    unwind::guarded(|| error_and_causes(error)).unwrap_or_else(|| UNDISPLAYABLE.to_owned())
}

/// A user's text, cut to a length and without control characters.
pub(super) fn printable(text: &str) -> String {
    let mut printable = Printable::default();
    // It only fails when it is full.
    let _ = printable.write_str(text);
    printable.text
}

fn error_and_causes(error: &dyn Error) -> String {
    let mut description = one(error);
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    for cause in causes.take(MAX_CAUSES).map(one) {
        if description.len() >= MAX_BYTES {
            break;
        }
        if !description.contains(&cause) {
            description.push_str(": ");
            description.push_str(&cause);
        }
    }
    description
}

fn one(error: &dyn Error) -> String {
    let mut printable = Printable::default();
    match write!(printable, "{error}") {
        Err(_) if !printable.is_full => UNDISPLAYABLE.to_owned(),
        Ok(()) | Err(_) => printable.text,
    }
}

/// Text with a limited length and without control characters. Lines after the first are indented,
/// so that none looks like another line of the log.
#[derive(Default)]
struct Printable {
    text: String,
    is_full: bool,
}

impl Write for Printable {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.is_full {
            return Err(fmt::Error);
        }
        for character in text.chars() {
            if self.text.len() >= MAX_BYTES {
                self.is_full = true;
                self.text.push('…');
                // The error makes the formatting stop.
                return Err(fmt::Error);
            }
            match character {
                '\n' => self.text.push_str("\n    "),
                '\t' => self.text.push('\t'),
                character if character.is_control() => self.text.push('\u{fffd}'),
                character => self.text.push(character),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error with this display and this source.
    #[derive(Debug)]
    struct Odd(fn(&mut fmt::Formatter<'_>) -> fmt::Result, bool);

    impl fmt::Display for Odd {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.0)(f)
        }
    }

    impl Error for Odd {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.then_some(&Odd(|f| f.write_str("looped"), true))
        }
    }

    #[test]
    fn an_error_that_cannot_be_displayed_is_still_described() {
        assert_eq!(
            describe(&Odd(|_| panic!("in Display"), false)),
            UNDISPLAYABLE
        );
        assert_eq!(describe(&Odd(|_| Err(fmt::Error), false)), UNDISPLAYABLE);
    }

    #[test]
    fn an_endless_chain_of_causes_is_cut() {
        #[derive(Debug)]
        struct Itself;
        impl fmt::Display for Itself {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("itself")
            }
        }
        impl Error for Itself {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(self)
            }
        }
        assert_eq!(describe(&Itself), "itself");
        assert_eq!(describe(&Odd(|f| f.write_str("top"), true)), "top: looped");
    }

    #[test]
    fn a_display_that_ignores_write_errors_is_cut() {
        let stubborn = describe(&Odd(
            |f| {
                for _ in 0..100_000 {
                    let _ = f.write_str("long ");
                }
                Ok(())
            },
            false,
        ));
        assert!(stubborn.len() < MAX_BYTES + 10, "{}", stubborn.len());
    }

    #[test]
    fn long_texts_are_cut_and_further_lines_indented() {
        let huge = describe(&Odd(
            |f| (0..1_000_000).try_for_each(|_| f.write_str("long ")),
            false,
        ));
        assert!(huge.len() < MAX_BYTES + 10, "{}", huge.len());
        let forged = describe(&Odd(
            |f| f.write_str("a\n2026-01-01 ERROR b\r\x1b[2J"),
            false,
        ));
        assert_eq!(forged, "a\n    2026-01-01 ERROR b\u{fffd}\u{fffd}[2J");
    }
}
