//! Source code in messages, with the usual spacing.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// `msg["channel_id"]` rather than `msg ["channel_id"]`.
pub(crate) fn readable(tokens: TokenStream) -> String {
    let mut text = String::new();
    write(tokens, &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                if open == "{ " && !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => {
                text.push(punct.as_char());
                if matches!(punct.as_char(), ',' | ';') {
                    text.push(' ');
                }
            }
            word => {
                let after_word = |last: char| last.is_alphanumeric() || "_\"}".contains(last);
                if text.ends_with(after_word) {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_reads_as_it_was_written() {
        for code in [
            "msg[\"channel_id\"]",
            "&ids[0].id",
            "id as u64",
            "user::id(&bot, 5).await?",
            "if a { 1 } else { 2 }",
        ] {
            assert_eq!(readable(code.parse().unwrap()), code);
        }
    }
}
