//! Checks the layers of `smalld/src`: imports point down, files form no circle, and code that decides uses
//! no clock and no socket. `CONTRIBUTING.md` has a drawing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::circles::{Graph, circles, leads};
use crate::source::{Reference, references};

/// The parts of the crate, and what each may import from besides itself. A module belongs to the first
/// part that contains it.
const LAYERS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("constants", &[]),
    ("log", &[]),
    ("permissions", &[]),
    ("retry_after", &[]),
    ("shutdown", &[]),
    ("states", &[]),
    ("unwind", &[]),
    ("token", &["error"]),
    ("tls", &["error"]),
    ("event", &["shutdown", "unwind", "error"]),
    ("rest::limiter", &["error", "retry_after"]),
    ("rest", &["event", "error", "retry_after", "token", "tls"]),
    ("gateway::compression", &["error"]),
    ("gateway::protocol", &["event", "error", "token"]),
    ("gateway::handle", &["gateway::protocol", "event", "error"]),
    (
        "gateway::checkpoint",
        &["gateway::protocol", "event", "error", "unwind"],
    ),
    (
        "gateway::connection",
        &[
            "gateway::compression",
            "gateway::protocol",
            "gateway::handle",
            "event",
            "error",
            "retry_after",
            "token",
            "tls",
        ],
    ),
    ("gateway", &["event", "shutdown", "error", "token", "tls"]),
    (
        "bot",
        &[
            "rest", "gateway", "event", "shutdown", "states", "error", "token", "tls",
        ],
    ),
    ("dispatch", &["bot", "event", "states", "unwind", "error"]),
    (
        "run",
        &[
            "dispatch", "bot", "rest", "gateway", "event", "shutdown", "states", "error", "token",
            "tls", "unwind",
        ],
    ),
    (
        "builder",
        &[
            "run", "dispatch", "bot", "rest", "gateway", "event", "shutdown", "states", "error",
            "log", "token", "tls",
        ],
    ),
    // The root names what users see, wherever it is. Nothing imports from it: a path leads to the file
    // that defines the item.
    ("", &[]),
];

/// Code that decides: time and chance are arguments, and the result says what to do.
const PURE: &[&str] = &[
    "gateway::protocol",
    "gateway::checkpoint::poison",
    "gateway::checkpoint::document",
    "gateway::checkpoint::restore",
    "rest::limiter",
    "dispatch::table",
    "dispatch::filter",
    "event::envelope",
    "event::scan",
];

/// Files of `PURE` that wait, and so may use tokio.
const WAITING: &[&str] = &["rest::limiter::permit", "rest::limiter::wait_queue"];

/// Paths and methods that pure code must not use.
const IMPURE: &[&str] = &[
    "tokio",
    "fastrand",
    "std::fs",
    "std::net",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    ".elapsed",
];

/// Imports that break a rule: the importing file, the imported file, and the reason. An entry that is
/// not needed any more fails the test.
const EXCEPTIONS: &[(&str, &str, &str)] = &[(
    "error/response.rs",
    "error/mod.rs",
    "parent and child: `Response::json` returns `Error`, which holds responses",
)];

#[test]
fn imports_point_down_and_form_no_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = Sources::read(&root);
    let mut mistakes = sources.strangers();
    mistakes.extend(sources.mistakes(EXCEPTIONS));
    assert!(
        mistakes.is_empty(),
        "{} of the rules in smalld/tests/project/layers.rs are broken:\n\n{}\n",
        mistakes.len(),
        mistakes.join("\n")
    );
}

struct Sources {
    /// By module, without those of tests.
    files: BTreeMap<String, File>,
}

struct File {
    /// Below `src`.
    path: String,
    references: Vec<Reference>,
}

/// An import of one file from another, at its first line.
struct Arrow<'s> {
    from: &'s str,
    to: &'s str,
    line: usize,
    written: String,
}

impl Arrow<'_> {
    fn is_allowed(&self) -> bool {
        let (Some(from), Some(to)) = (layer_of(self.from), layer_of(self.to)) else {
            return true;
        };
        let (from, allowed) = LAYERS[from];
        let to = LAYERS[to].0;
        from.is_empty()
            || is_within(to, from)
            || allowed.iter().any(|allowed| is_within(to, allowed))
    }

    fn upward(&self) -> String {
        let (name, allowed) = layer_of(self.from).map_or(("", &[][..]), |layer| LAYERS[layer]);
        let hint = if self.to == "lib.rs" {
            " Write the path of the file where the item is defined."
        } else {
            ""
        };
        let allowed = match allowed {
            [] => "itself alone".to_owned(),
            _ => format!("itself, {}", allowed.join(", ")),
        };
        format!(
            "{}:{}: `{}` points up: {} -> {}. `{name}` may import from {allowed}.{hint}",
            self.from, self.line, self.written, self.from, self.to
        )
    }
}

impl Sources {
    fn read(root: &Path) -> Self {
        let mut paths = Vec::new();
        collect(root, &mut paths);
        Self::of(paths.iter().map(|path| {
            let below = path.strip_prefix(root).expect("below the root");
            let below = below.display().to_string().replace('\\', "/");
            (below, fs::read_to_string(path).expect("a source file"))
        }))
    }

    fn of(files: impl IntoIterator<Item = (impl Into<String>, impl AsRef<str>)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.into(), text));
        let files = files
            .filter(|(path, _)| !is_test(path))
            .map(|(path, text)| {
                let module = module_of(&path);
                let references = references(text.as_ref(), &module);
                (module.join("::"), File { path, references })
            });
        Self {
            files: files.collect(),
        }
    }

    /// A sentence for each rule that is broken.
    fn mistakes(&self, exceptions: &[(&str, &str, &str)]) -> Vec<String> {
        let arrows = self.arrows();
        let mut mistakes: Vec<String> = self.globs().collect();
        let is_excepted = |arrow: &Arrow<'_>| {
            let mut exceptions = exceptions.iter();
            exceptions.any(|(from, to, _)| (arrow.from, arrow.to) == (*from, *to))
        };
        let upward = arrows.iter().filter(|arrow| !arrow.is_allowed());
        mistakes.extend(
            upward
                .filter(|arrow| !is_excepted(arrow))
                .map(Arrow::upward),
        );
        let rest = arrows.iter().filter(|arrow| !is_excepted(arrow));
        mistakes.extend(
            circles(&graph(rest))
                .iter()
                .map(|circle| round(circle, &arrows)),
        );
        mistakes.extend(self.impure());
        mistakes.extend(exceptions.iter().filter_map(|(from, to, _)| {
            let arrow = arrows
                .iter()
                .find(|arrow| (arrow.from, arrow.to) == (*from, *to));
            let is_needed = arrow.is_some_and(|arrow| {
                !arrow.is_allowed() || leads(&graph(&arrows), arrow.to, arrow.from)
            });
            let stale = format!("{from} -> {to} breaks no rule anymore: remove it from EXCEPTIONS");
            (!is_needed).then_some(stale)
        }));
        mistakes
    }

    fn arrows(&self) -> Vec<Arrow<'_>> {
        let mut arrows = BTreeMap::new();
        for file in self.files.values() {
            for reference in file.references.iter().filter(|reference| reference.is_ours) {
                let to = self.file_of(&reference.segments);
                if to.path != file.path {
                    let key = (&*file.path, &*to.path);
                    arrows.entry(key).or_insert_with(|| Arrow {
                        from: &file.path,
                        to: &to.path,
                        line: reference.line,
                        written: written(reference),
                    });
                }
            }
        }
        arrows.into_values().collect()
    }

    /// The file that a path leads to: that of its longest beginning which is a module.
    fn file_of(&self, segments: &[String]) -> &File {
        (0..=segments.len())
            .rev()
            .find_map(|length| self.files.get(&segments[..length].join("::")))
            .expect("the root is a module")
    }

    /// Files that belong to no layer, and names in the tables that belong to no file.
    fn strangers(&self) -> Vec<String> {
        let files = self
            .files
            .values()
            .filter(|file| layer_of(&file.path).is_none());
        let files = files.map(|file| format!("{} is in no layer: add it to LAYERS", file.path));
        let names = LAYERS
            .iter()
            .map(|(name, _)| name)
            .chain(PURE)
            .chain(WAITING);
        let names = names.filter(|name| !self.files.keys().any(|module| is_within(module, name)));
        files
            .chain(names.map(|name| format!("`{name}` names no module: remove it from the tables")))
            .collect()
    }

    fn globs(&self) -> impl Iterator<Item = String> {
        self.files.values().flat_map(|file| {
            let globs = file.references.iter();
            let globs = globs.filter(|reference| reference.is_ours && reference.is_glob);
            globs.map(|glob| {
                let (path, line, written) = (&file.path, glob.line, written(glob));
                format!("{path}:{line}: `{written}` hides what is imported: name each item")
            })
        })
    }

    fn impure(&self) -> impl Iterator<Item = String> {
        let is_in = |module: &str, list: &[&str]| list.iter().any(|name| is_within(module, name));
        let pure = self
            .files
            .iter()
            .filter(move |(module, _)| is_in(module, PURE) && !is_in(module, WAITING));
        pure.flat_map(|(_, file)| {
            let impure = file
                .references
                .iter()
                .filter(|reference| is_impure(reference));
            impure.map(|reference| {
                let (path, line, written) = (&file.path, reference.line, written(reference));
                format!(
                    "{path}:{line}: `{written}` in a file that decides: time and chance are arguments; \
                     sockets and tasks stay outside"
                )
            })
        })
    }
}

fn is_impure(reference: &Reference) -> bool {
    let path = reference.segments.join("::");
    !reference.is_ours
        && IMPURE
            .iter()
            .any(|impure| is_within(&path, impure) || path.ends_with(&format!("::{impure}")))
}

fn written(reference: &Reference) -> String {
    let root = if reference.is_ours { "crate::" } else { "" };
    let glob = if reference.is_glob { "::*" } else { "" };
    format!("{root}{}{glob}", reference.segments.join("::"))
}

fn graph<'a, 's: 'a>(arrows: impl IntoIterator<Item = &'a Arrow<'s>>) -> Graph<'s> {
    let mut graph = Graph::new();
    for arrow in arrows {
        graph.entry(arrow.from).or_default().insert(arrow.to);
    }
    graph
}

fn round(circle: &[&str], arrows: &[Arrow<'_>]) -> String {
    let next = circle.iter().cycle().skip(1);
    let ways = circle.iter().zip(next).filter_map(|(from, to)| {
        let arrow = arrows
            .iter()
            .find(|arrow| (&arrow.from, &arrow.to) == (from, to))?;
        Some(format!("\n    {from}:{}: `{}`", arrow.line, arrow.written))
    });
    let ways: String = ways.collect();
    let files = circle.join(" -> ");
    format!(
        "{files} -> {} is a circle; remove one of these imports:{ways}",
        circle[0]
    )
}

/// The index of a file's layer.
fn layer_of(path: &str) -> Option<usize> {
    let module = module_of(path).join("::");
    LAYERS.iter().position(|(name, _)| match *name {
        "" => module.is_empty(),
        name => is_within(&module, name),
    })
}

/// Whether a path is this one or below it.
fn is_within(path: &str, name: &str) -> bool {
    let rest = path.strip_prefix(name);
    rest.is_some_and(|rest| name.is_empty() || rest.is_empty() || rest.starts_with("::"))
}

/// `gateway/shard.rs` is `gateway::shard`, as `gateway/shard/mod.rs` is.
fn module_of(path: &str) -> Vec<String> {
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    if let Some(file) = module.pop()
        && file != "mod.rs"
        && path != "lib.rs"
    {
        module.push(file.trim_end_matches(".rs").to_owned());
    }
    module
}

/// Whether all of a file is tests, which may import whatever they test.
fn is_test(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "tests.rs")
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    paths.sort();
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: (&str, &str) = ("lib.rs", "mod error; mod event; mod gateway;");

    fn mistakes(files: &[(&str, &str)], exceptions: &[(&str, &str, &str)]) -> Vec<String> {
        let files = files.iter().chain([&ROOT]).copied();
        Sources::of(files).mistakes(exceptions)
    }

    #[test]
    fn an_import_that_points_up_is_named_with_file_and_line_and_what_is_allowed() {
        let files = [
            (
                "tls.rs",
                "use std::fmt;\n\nuse crate::{error::Error, gateway::{shard::Shard}};\n",
            ),
            ("error/mod.rs", ""),
            ("gateway/shard.rs", "use crate::tls::client;"),
        ];
        let found = mistakes(&files[..2], &[]);
        assert_eq!(
            found[0],
            "tls.rs:3: `crate::gateway::shard::Shard` points up: tls.rs -> lib.rs. \
             `tls` may import from itself, error. \
             Write the path of the file where the item is defined."
        );
        let found = mistakes(&files, &[]);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].contains("tls.rs -> gateway/shard.rs"));
        assert_eq!(
            found[1],
            "gateway/shard.rs -> tls.rs -> gateway/shard.rs is a circle; remove one of these imports:\n    \
             gateway/shard.rs:1: `crate::tls::client`\n    \
             tls.rs:3: `crate::gateway::shard::Shard`"
        );
    }

    #[test]
    fn a_path_in_code_and_a_parent_point_up_too() {
        let files = [
            (
                "rest/send.rs",
                "fn f() {\n    crate::dispatch::table::look()\n}",
            ),
            ("dispatch/table.rs", ""),
            ("gateway/mod.rs", ""),
            ("gateway/handle.rs", ""),
            (
                "gateway/protocol/session.rs",
                "use super::super::shard::Task;",
            ),
            ("gateway/shard.rs", "use super::handle::Shard;"),
        ];
        let found = mistakes(&files, &[]);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(
            found[0].starts_with("gateway/protocol/session.rs:1: `crate::gateway::shard::Task`")
        );
        assert!(found[1].starts_with("rest/send.rs:2: `crate::dispatch::table::look` points up"));
    }

    #[test]
    fn a_circle_within_a_folder_is_found_and_one_exception_opens_it() {
        let files = [
            ("rest/a.rs", "use crate::rest::b::B;"),
            ("rest/b.rs", "use crate::rest::c::C;"),
            ("rest/c.rs", "use super::a::A;"),
        ];
        let found = mistakes(&files, &[]);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with("rest/a.rs -> rest/b.rs -> rest/c.rs -> rest/a.rs"));
        let exceptions = [("rest/c.rs", "rest/a.rs", "a reason")];
        assert!(mistakes(&files, &exceptions).is_empty());
    }

    #[test]
    fn an_exception_that_is_not_needed_must_go() {
        let files = [
            ("event/payload.rs", "use crate::error::Error;"),
            ("error/mod.rs", ""),
        ];
        for exception in [
            ("event/payload.rs", "error/mod.rs", "allowed anyhow"),
            ("event/payload.rs", "gateway/shard.rs", "gone"),
        ] {
            let found = mistakes(&files, &[exception]);
            assert_eq!(found.len(), 1, "{found:#?}");
            assert!(found[0].ends_with("breaks no rule anymore: remove it from EXCEPTIONS"));
        }
    }

    #[test]
    fn a_glob_is_named() {
        let files = [
            ("event/payload.rs", "use crate::error::*;"),
            ("error/mod.rs", ""),
        ];
        let found = mistakes(&files, &[]);
        assert_eq!(
            found,
            ["event/payload.rs:1: `crate::error::*` hides what is imported: name each item"]
        );
    }

    #[test]
    fn a_file_that_decides_has_no_clock_no_chance_and_no_socket() {
        let source = "use std::time::{Duration, Instant};\nuse tokio::sync::Mutex;\n\
            fn f(i: Instant) -> bool {\n    Instant::now() < i || i.elapsed() > Duration::ZERO\n}\n\
            fn g() -> u64 {\n    fastrand::u64(..)\n}\n#[cfg(test)]\nmod tests { use tokio::time::pause; }";
        let found = mistakes(&[("gateway/protocol/heartbeat.rs", source)], &[]);
        let places: Vec<&str> = found.iter().map(|mistake| &mistake[30..32]).collect();
        assert_eq!(places, ["2:", "4:", "4:", "7:"], "{found:#?}");
        assert!(mistakes(&[("gateway/shard.rs", source)], &[]).is_empty());
    }

    #[test]
    fn a_new_file_at_the_root_needs_a_layer_and_the_tables_name_what_is_there() {
        let sources = Sources::of([ROOT, ("novelty.rs", "")]);
        let strangers = sources.strangers();
        assert!(strangers.contains(&"novelty.rs is in no layer: add it to LAYERS".to_owned()));
        assert!(
            strangers
                .iter()
                .any(|stranger| stranger.starts_with("`rest::limiter` names no"))
        );
    }
}
