//! References of a Rust file: the paths in its imports and in its code, without its tests.
//!
//! It reads tokens and is not a compiler: it knows comments, literals, attributes, `use` trees and
//! inline modules, which is enough to find paths. It does not see paths that a macro builds.

/// A path in the source, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) line: usize,
    /// Whether the path leads into this crate. `segments` then begin at its root.
    pub(crate) is_ours: bool,
    pub(crate) segments: Vec<String>,
    /// Whether it is a glob import.
    pub(crate) is_glob: bool,
}

/// The references of the file of this module, without those of its tests.
pub(crate) fn references(text: &str, module: &[String]) -> Vec<Reference> {
    let tokens = tokens(text);
    let children = declared_modules(&tokens);
    let mut reader = Reader {
        tokens: &tokens,
        position: 0,
        depth: 0,
        module: module.to_vec(),
        inline: Vec::new(),
        children,
        found: Vec::new(),
    };
    reader.read();
    reader.found
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Colons,
    Sign(char),
}

struct Reader<'t> {
    tokens: &'t [(usize, Token)],
    position: usize,
    /// Depth of braces.
    depth: usize,
    /// The module that the reader is in.
    module: Vec<String>,
    /// The depths at which the inline modules around the reader began.
    inline: Vec<usize>,
    /// Child modules that are files of their own.
    children: Vec<String>,
    found: Vec<Reference>,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(token) = self.peek(0).cloned() {
            match token {
                Token::Sign('#') if self.is_test_attribute() => self.skip_item(),
                Token::Sign('{') => {
                    self.depth += 1;
                    self.position += 1;
                }
                Token::Sign('}') => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.inline.last() == Some(&self.depth) {
                        self.inline.pop();
                        self.module.pop();
                    }
                    self.position += 1;
                }
                Token::Word(word) if word == "mod" => self.module_begins(),
                Token::Word(word) if word == "pub" && self.is_sign(1, '(') => {
                    self.position += 1;
                    self.skip_group();
                }
                Token::Word(word) if word == "use" && !self.is_sign(1, '<') => {
                    self.position += 1;
                    self.use_tree(&[]);
                }
                Token::Word(_) => self.path_in_code(),
                _ => self.position += 1,
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens
            .get(self.position + ahead)
            .map(|(_, token)| token)
    }

    fn is_sign(&self, ahead: usize, sign: char) -> bool {
        self.peek(ahead) == Some(&Token::Sign(sign))
    }

    fn line(&self) -> usize {
        let last = self.tokens.len().saturating_sub(1);
        self.tokens[self.position.min(last)].0
    }

    fn module_begins(&mut self) {
        if let (Some(Token::Word(name)), true) = (self.peek(1).cloned(), self.is_sign(2, '{')) {
            self.inline.push(self.depth);
            self.module.push(name);
            self.depth += 1;
            self.position += 2;
        }
        self.position += 1;
    }

    /// `#[cfg(test)]`, also among other conditions.
    fn is_test_attribute(&self) -> bool {
        if !self.is_sign(1, '[') || self.peek(2) != Some(&Token::Word("cfg".to_owned())) {
            return false;
        }
        let end = self.end_of_group(self.position + 1);
        let condition = &self.tokens[self.position..end];
        let has = |word: &str| {
            let word = Token::Word(word.to_owned());
            condition.iter().any(|(_, token)| *token == word)
        };
        has("test") && !has("not") && !has("any")
    }

    /// Skips an attribute and the item that it is on.
    fn skip_item(&mut self) {
        while self.is_sign(0, '#') {
            self.position += 1;
            self.skip_group();
        }
        let is_import = self.peek(0) == Some(&Token::Word("use".to_owned()));
        while let Some(token) = self.peek(0) {
            match token {
                Token::Sign(';') => {
                    self.position += 1;
                    return;
                }
                Token::Sign('{') => {
                    self.skip_group();
                    if !is_import {
                        return;
                    }
                }
                Token::Sign('(' | '[') => self.skip_group(),
                // The end of the surrounding item: the attribute was on a field or an argument.
                Token::Sign('}' | ')' | ']') => return,
                _ => self.position += 1,
            }
        }
    }

    fn skip_group(&mut self) {
        self.position = self.end_of_group(self.position);
    }

    /// The position after the bracket that closes the one at this position.
    fn end_of_group(&self, begin: usize) -> usize {
        let mut depth = 0_usize;
        for (offset, (_, token)) in self.tokens[begin..].iter().enumerate() {
            match token {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return begin + offset + 1;
            }
        }
        self.tokens.len()
    }

    /// Reads one tree of an import, up to the `;`, `,` or `}` after it.
    fn use_tree(&mut self, prefix: &[String]) {
        let mut path = prefix.to_vec();
        let line = self.line();
        while let Some(token) = self.peek(0).cloned() {
            match token {
                Token::Word(word) if word == "as" => self.position += 2,
                Token::Word(word) => {
                    path.push(word);
                    self.position += 1;
                }
                Token::Colons => self.position += 1,
                Token::Sign('*') => {
                    self.position += 1;
                    self.add(line, &path, true);
                    return;
                }
                Token::Sign('{') => {
                    self.position += 1;
                    while !self.is_sign(0, '}') && self.peek(0).is_some() {
                        self.use_tree(&path);
                        if self.is_sign(0, ',') {
                            self.position += 1;
                        }
                    }
                    self.position += 1;
                    return;
                }
                Token::Sign(_) => break,
            }
        }
        // `a::{self}` is `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        self.add(line, &path, false);
        if path == prefix {
            // The root of the path is unknown.
            self.position += 1;
        }
    }

    fn path_in_code(&mut self) {
        let line = self.line();
        let before = self.position.checked_sub(1);
        let before = before.map(|before| &self.tokens[before].1);
        let is_method = before == Some(&Token::Sign('.'));
        let mut path = Vec::new();
        while let Some(Token::Word(word)) = self.peek(0).cloned() {
            path.push(word);
            self.position += 1;
            if self.peek(0) == Some(&Token::Colons) {
                self.position += 1;
            } else {
                break;
            }
        }
        if is_method {
            path[0].insert(0, '.');
        }
        if is_method || path.len() > 1 {
            self.add(line, &path, false);
        }
    }

    fn add(&mut self, line: usize, path: &[String], is_glob: bool) {
        let Some((head, mut rest)) = path.split_first() else {
            return;
        };
        let root = match head.as_str() {
            "crate" => Some(Vec::new()),
            "self" => Some(self.module.clone()),
            "super" => {
                let mut module = self.module.clone();
                module.pop();
                while let Some((again, further)) = rest.split_first()
                    && again == "super"
                {
                    module.pop();
                    rest = further;
                }
                Some(module)
            }
            child if self.inline.is_empty() && self.children.iter().any(|name| name == child) => {
                rest = path;
                Some(self.module.clone())
            }
            _ => None,
        };
        let is_ours = root.is_some();
        let segments = match root {
            Some(root) => root.into_iter().chain(rest.iter().cloned()).collect(),
            None => path.to_vec(),
        };
        self.found.push(Reference {
            line,
            is_ours,
            segments,
            is_glob,
        });
    }
}

/// Names of the modules that `mod name;` declares, which have files.
fn declared_modules(tokens: &[(usize, Token)]) -> Vec<String> {
    let word = |token: &Token| match token {
        Token::Word(word) => Some(word.clone()),
        _ => None,
    };
    tokens
        .windows(3)
        .filter(|three| word(&three[0].1).as_deref() == Some("mod"))
        .filter(|three| three[2].1 == Token::Sign(';'))
        .filter_map(|three| word(&three[1].1))
        .collect()
}

/// The tokens with their lines, without comments and literals.
fn tokens(text: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, token) = match first {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), None),
            '/' if rest.starts_with("/*") => (block_comment(rest), None),
            '"' => (string(rest), None),
            '\'' => (quote(rest), None),
            ':' if rest.starts_with("::") => (2, Some(Token::Colons)),
            _ if first.is_alphanumeric() || first == '_' => word(rest),
            _ if first.is_whitespace() => (first.len_utf8(), None),
            _ => (first.len_utf8(), Some(Token::Sign(first))),
        };
        tokens.extend(token.map(|token| (line, token)));
        let (read, unread) = rest.split_at(length);
        line += read.matches('\n').count();
        rest = unread;
    }
    tokens
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character, or the `'` of a lifetime.
fn quote(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            chars.next();
            let end = chars.find(|(_, char)| *char == '\'');
            end.map_or(rest.len(), |(at, _)| at + 1)
        }
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

/// A word, or a literal that begins like one: `r#".."#`, `b".."`, `c".."`, `b'..'`.
fn word(rest: &str) -> (usize, Option<Token>) {
    let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_');
    let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
    let hashes = behind.len() - behind.trim_start_matches('#').len();
    let is_literal = behind[hashes..].starts_with('"');
    match word {
        "r" | "br" | "cr" if is_literal => {
            let closing = format!("\"{}", "#".repeat(hashes));
            let begin = word.len() + hashes + 1;
            let end = rest[begin..].find(&closing);
            (
                end.map_or(rest.len(), |end| begin + end + closing.len()),
                None,
            )
        }
        "b" | "c" if hashes == 0 && is_literal => (1 + string(behind), None),
        "b" if behind.starts_with('\'') => (1 + quote(behind), None),
        "r" if hashes == 1 => {
            let (length, token) = self::word(&behind[1..]);
            (2 + length, token)
        }
        _ => (word.len(), Some(Token::Word(word.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The references of the file of module `a::b`, as text.
    fn read(text: &str) -> Vec<String> {
        let module = ["a".to_owned(), "b".to_owned()];
        let show = |reference: Reference| {
            let place = if reference.is_ours { "crate::" } else { "" };
            let glob = if reference.is_glob { "::*" } else { "" };
            let path = reference.segments.join("::");
            format!("{} {place}{path}{glob}", reference.line)
        };
        references(text, &module).into_iter().map(show).collect()
    }

    #[test]
    fn reads_imports_of_every_form() {
        let text = "use crate::x::{self, y::Z, w::{V as U, T}};\npub(crate) use super::c::D;\n\
            use self::e::F;\nmod e;\nuse e::G;\nuse super::super::h;\nuse crate::i::*;\nuse tokio::sync::Mutex;";
        assert_eq!(
            read(text),
            [
                "1 crate::x",
                "1 crate::x::y::Z",
                "1 crate::x::w::V",
                "1 crate::x::w::T",
                "2 crate::a::c::D",
                "3 crate::a::b::e::F",
                "5 crate::a::b::e::G",
                "6 crate::h",
                "7 crate::i::*",
                "8 tokio::sync::Mutex",
            ]
        );
    }

    #[test]
    fn reads_paths_in_code_and_methods() {
        let text = "mod child;\nfn f(x: &'static crate::x::Y) -> impl Sized + use<> {\n    child::run::<u8>(super::z());\n    x.elapsed()\n}";
        assert_eq!(
            read(text),
            [
                "2 crate::x::Y",
                "3 crate::a::b::child::run",
                "3 crate::a::z",
                "4 .elapsed"
            ]
        );
    }

    #[test]
    fn an_inline_module_is_below_its_file() {
        let text = "mod inner { use super::X; mod deeper { use super::super::Y; } use super::Z; }\nuse super::W;";
        assert_eq!(
            read(text),
            [
                "1 crate::a::b::X",
                "1 crate::a::b::Y",
                "1 crate::a::b::Z",
                "2 crate::a::W"
            ]
        );
    }

    #[test]
    fn reads_no_tests() {
        let text = "#[cfg(test)]\nuse crate::t::{A, B};\n#[cfg(all(test, unix))]\nmod tests { use crate::u::C; }\n\
            #[cfg(test)]\n#[allow(dead_code)]\nfn f() { crate::v::D::new() }\n#[cfg(test)]\nmod files;\n\
            #[cfg(not(test))]\nuse crate::w::E;\n#[cfg(feature = \"zlib\")]\nuse crate::y::F;";
        assert_eq!(read(text), ["11 crate::w::E", "13 crate::y::F"]);
    }

    #[test]
    fn reads_no_comment_literal_or_visibility() {
        let text = "//! [`X`](crate::c::X)\n/* crate::d /* crate::e */ */ fn f() {\n\
            let s = (\"crate::g \\\" crate::h\", r#\"crate::i\" crate::j\"#, b\"crate::k\", 'c', '\\'', b'\\'');\n}\n\
            pub(in crate::l) struct S<'a>(&'a str);\npub(super) fn r#use() {}\nuse crate::m;";
        assert_eq!(read(text), ["7 crate::m"]);
    }
}
