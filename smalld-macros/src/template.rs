//! Template of `path!`: literal text with holes for values.

use std::fmt::Write;

use crate::names::Segment;

/// A template whose characters are all allowed in the path of a URL.
#[derive(Debug, PartialEq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Char(char),
    Hole(Hole),
}

/// A place for a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Hole {
    /// `{}`: the next argument.
    Next,
    /// `{name}`: a variable of this name.
    Named(String),
}

impl Template {
    /// # Errors
    ///
    /// Each mistake in it, as a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let template = Self {
            pieces: pieces(text, &mut mistakes),
        };
        if text.contains("://") {
            mistakes.push(
                "a path must not have a host: it begins with the `/` after `/api/v10`".into(),
            );
        } else if !text.starts_with('/') {
            mistakes.push("a path must begin with `/`, as in `/channels/{}/messages`".into());
        }
        for mistake in template.pieces.iter().filter_map(Piece::mistake) {
            if !mistakes.contains(&mistake) {
                mistakes.push(mistake);
            }
        }
        // Segments are checked only if all else is right.
        if mistakes.is_empty() {
            mistakes.extend(template.segments_mistake());
        }
        if mistakes.is_empty() {
            Ok(template)
        } else {
            Err(mistakes)
        }
    }

    pub(crate) fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Char(_) => None,
        })
    }

    /// The text before, between and after the holes, encoded as in a URL.
    pub(crate) fn literals(&self) -> Vec<String> {
        let texts = self.pieces.split(|piece| matches!(piece, Piece::Hole(_)));
        let encoded = |text: &[Piece]| {
            let mut literal = String::new();
            for piece in text {
                piece.encode(&mut literal);
            }
            literal
        };
        texts.map(encoded).collect()
    }

    /// The parts between the slashes. A hole with text around it counts as a hole.
    pub(crate) fn segments(&self) -> Vec<Segment> {
        let segment = |pieces: &[Piece]| {
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Char(char) => Some(*char),
                    Piece::Hole(_) => None,
                })
                .collect()
        };
        self.split().map(segment).collect()
    }

    fn split(&self) -> impl Iterator<Item = &[Piece]> {
        self.pieces
            .split(|piece| *piece == Piece::Char('/'))
            .skip(1)
    }

    fn segments_mistake(&self) -> Option<String> {
        let segments: Vec<_> = self.segments();
        let (last, others) = segments.split_last()?;
        let is = |text: &'static str| move |segment: &Segment| segment.as_deref() == Some(text);
        if others.iter().any(is("")) {
            return Some(
                "a path must not have an empty segment: remove one `/` of `//`".to_owned(),
            );
        }
        if is("api")(&segments[0]) {
            return Some(
                "a path begins after the API version: remove `/api` and the version".to_owned(),
            );
        }
        if is("")(last) {
            return Some("a path must not end with `/`: remove it".to_owned());
        }
        let dots = segments
            .iter()
            .any(|segment| is(".")(segment) || is("..")(segment));
        dots.then(|| {
            "a path must not have a segment `.` or `..`: it would lead to another route".to_owned()
        })
    }
}

impl Piece {
    /// Reports what RFC 3986 does not allow in a path.
    fn mistake(&self) -> Option<String> {
        let Self::Char(char) = self else { return None };
        match char {
            '?' => Some(
                "a path must not have a query: add `.param(\"name\", value)` to the request"
                    .to_owned(),
            ),
            '#' => Some("a path must not have a fragment: remove `#`".to_owned()),
            '\\' => Some("a path has `/`, not a backslash".to_owned()),
            '"' | '<' | '>' | '^' | '`' | '|' | '[' | ']' => Some(format!(
                "`{char}` is not allowed in a path: pass it as a value, which is encoded"
            )),
            char if char.is_whitespace() || char.is_control() => Some(format!(
                "{char:?} is not allowed in a path: pass it as a value, which is encoded"
            )),
            _ => None,
        }
    }

    fn encode(&self, literal: &mut String) {
        match self {
            Self::Char(char) if char.is_ascii() && !matches!(char, '{' | '}') => {
                literal.push(*char);
            }
            Self::Char(char) => {
                for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(literal, "%{byte:02X}");
                }
            }
            Self::Hole(_) => {}
        }
    }
}

fn pieces(text: &str, mistakes: &mut Vec<String>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            '{' | '}' if rest.starts_with(char) => {
                pieces.push(Piece::Char(char));
                rest = &rest[1..];
            }
            '{' if rest.contains('}') => {
                let (name, after) = rest.split_once('}').unwrap_or_default();
                pieces.push(Piece::Hole(hole(name).unwrap_or_else(|mistake| {
                    mistakes.push(mistake);
                    Hole::Next
                })));
                rest = after;
            }
            '{' => mistakes.push("unclosed `{`; for a literal brace write `{{`".into()),
            '}' => {
                mistakes.push("unmatched `}`; for a literal brace write `}}`".into());
            }
            char => pieces.push(Piece::Char(char)),
        }
    }
    pieces
}

fn hole(name: &str) -> Result<Hole, String> {
    let is_start = |char: char| char == '_' || char.is_alphabetic();
    let is_name = name.starts_with(is_start)
        && name
            .chars()
            .all(|char| char == '_' || char.is_alphanumeric());
    match name {
        "" => Ok(Hole::Next),
        "_" | "crate" | "super" | "Self" => Err(format!(
            "`{{{name}}}` is not a variable: write `{{}}` and pass a value"
        )),
        _ if is_name => Ok(Hole::Named(name.to_owned())),
        _ => match name.split_once(':') {
            Some((name, _)) => Err(format!(
                "a value in a path takes no format: write `{{{name}}}`"
            )),
            None => Err(format!(
                "a placeholder is `{{}}` or the name of a variable: write `{{}}` and pass `{name}` after the template"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        Template::parse(text).unwrap()
    }

    fn mistake(text: &str) -> String {
        Template::parse(text).unwrap_err().join("; ")
    }

    #[test]
    fn holes_are_between_literals() {
        let path = template("/channels/{}/messages/{id}");
        assert_eq!(path.literals(), ["/channels/", "/messages/", ""]);
        assert_eq!(
            path.holes().collect::<Vec<_>>(),
            [&Hole::Next, &Hole::Named("id".to_owned())]
        );
        assert_eq!(template("/users/@me").literals(), ["/users/@me"]);
        assert_eq!(template("/{}{}").literals(), ["/", "", ""]);
    }

    #[test]
    fn a_hole_may_be_part_of_a_segment() {
        let path = template("/a/{}:{}/b");
        assert_eq!(
            path.segments(),
            [Some("a".to_owned()), None, Some("b".to_owned())]
        );
        assert_eq!(path.literals(), ["/a/", ":", "/b"]);
    }

    #[test]
    fn literals_are_encoded() {
        assert_eq!(
            template("/a{{b}}/👍/é").literals(),
            ["/a%7Bb%7D/%F0%9F%91%8D/%C3%A9"]
        );
    }

    #[test]
    fn each_mistake_in_a_path_is_reported() {
        for (text, part) in [
            ("", "must begin with `/`"),
            ("channels", "must begin with `/`"),
            ("/", "must not end with `/`"),
            ("https://discord.com/api/v10/users/@me", "not have a host"),
            ("/api/v10/users/@me", "after the API version"),
            ("/users/", "must not end with `/`"),
            ("/users//x", "of `//`"),
            ("/users/../x", "`..`"),
            ("/users/.", "`.`"),
            ("/users?limit=5", ".param("),
            ("/users#x", "fragment"),
            ("/a b", "' '"),
            ("/a\n", "'\\n'"),
            ("/a\"b", "encoded"),
            ("/a\\b", "backslash"),
            ("/{", "write `{{`"),
            ("/}", "write `}}`"),
            ("/{0}", "pass `0`"),
            ("/{a.b}", "pass `a.b`"),
            ("/{a:?}", "write `{a}`"),
            ("/{_}", "is not a variable"),
        ] {
            assert!(mistake(text).contains(part), "{text}: {}", mistake(text));
        }
        assert_eq!(Template::parse("x?y z").unwrap_err().len(), 3);
    }
}
