//! Escapes text of others, so that it cannot control the terminal.

/// Text of several lines; all lines but the first are indented.
pub(super) fn text(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .fold(String::new(), |mut safe, letter| {
            match letter {
                '\n' => safe.push_str("\n    "),
                '\t' => safe.push('\t'),
                letter => push(&mut safe, letter),
            }
            safe
        })
}

/// Text that must stay on one line, such as a name.
pub(super) fn line(text: &str) -> String {
    text.chars().fold(String::new(), |mut safe, letter| {
        push(&mut safe, letter);
        safe
    })
}

fn push(safe: &mut String, letter: char) {
    match letter {
        '\n' | '\t' | '\r' => safe.extend(letter.escape_default()),
        letter if letter.is_control() || reorders(letter) => safe.extend(letter.escape_unicode()),
        letter => safe.push(letter),
    }
}

/// Whether the character reorders the text after it, so that a line could look like another one.
fn reorders(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            text("\u{1b}[2Ja\u{7}\u{9b}b\rc"),
            "\\u{1b}[2Ja\\u{7}\\u{9b}b\\rc"
        );
        assert_eq!(text("\u{202e}abc"), "\\u{202e}abc");
        assert_eq!(text("grüße 👍🏽\t."), "grüße 👍🏽\t.");
    }

    #[test]
    fn further_lines_are_indented_or_escaped() {
        assert_eq!(text("a\nb\r\nc"), "a\n    b\n    c");
        assert_eq!(line("a\nb\tc"), "a\\nb\\tc");
    }
}
