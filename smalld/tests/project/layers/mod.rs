//! Checks the layers of `smalld` and `smalld-sandbox`: imports point down, files form no circle, and code
//! that decides uses no clock and no socket. `CONTRIBUTING.md` has drawings.

mod sandbox;
mod smalld;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::circles::{Graph, circles, leads};
use crate::source::{Reference, references};

/// Rules for the sources of one crate.
struct Rules {
    /// The sources, below the root of the repository.
    folder: &'static str,
    /// The file with these rules, for messages.
    tables: &'static str,
    /// The parts of the crate, and what each may import from besides itself. A module belongs to the
    /// first part that contains it. The root (`""`) names what users see, wherever it is, and nothing
    /// imports from it: a path leads to the file that defines the item.
    layers: &'static [(&'static str, &'static [&'static str])],
    /// Code that decides: time and chance are arguments, and the result says what to do.
    pure: &'static [&'static str],
    /// Parts of `pure` that may use a clock and tokio.
    impure_parts: &'static [&'static str],
    /// Whether files of one layer may import each other in a circle.
    allows_circles: bool,
    /// Imports that break a rule: the importing file, the imported file, and the reason. An entry that
    /// is not needed any more fails the test.
    exceptions: &'static [(&'static str, &'static str, &'static str)],
}

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

#[test]
fn imports_of_smalld_point_down_and_form_no_circle() {
    check(smalld::RULES);
}

#[test]
fn imports_of_the_sandbox_point_down() {
    check(sandbox::RULES);
}

fn check(rules: Rules) {
    let tables = rules.tables;
    let sources = Sources::read(rules);
    let mut mistakes = sources.strangers();
    mistakes.extend(sources.mistakes());
    assert!(
        mistakes.is_empty(),
        "{} of the rules in {tables} are broken:\n\n{}\n",
        mistakes.len(),
        mistakes.join("\n")
    );
}

struct Sources {
    rules: Rules,
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

impl Rules {
    /// The index of a file's layer.
    fn layer_of(&self, path: &str) -> Option<usize> {
        let module = module_of(path).join("::");
        self.layers.iter().position(|(name, _)| match *name {
            "" => module.is_empty(),
            name => is_within(&module, name),
        })
    }

    fn allow(&self, arrow: &Arrow<'_>) -> bool {
        let (Some(from), Some(to)) = (self.layer_of(arrow.from), self.layer_of(arrow.to)) else {
            return true;
        };
        let (from, allowed) = self.layers[from];
        let to = self.layers[to].0;
        from.is_empty()
            || is_within(to, from)
            || allowed.iter().any(|allowed| is_within(to, allowed))
    }

    /// A sentence about an import that points up.
    fn upward(&self, arrow: &Arrow<'_>) -> String {
        let Arrow {
            from,
            to,
            line,
            written,
        } = arrow;
        let layer = self.layer_of(from);
        let (name, allowed) = layer.map_or(("", &[][..]), |layer| self.layers[layer]);
        let hint = if *to == "lib.rs" {
            " Write the path of the file where the item is defined."
        } else {
            ""
        };
        let allowed = match allowed {
            [] => "itself alone".to_owned(),
            _ => format!("itself, {}", allowed.join(", ")),
        };
        format!(
            "{from}:{line}: `{written}` points up: {from} -> {to}. `{name}` may import from {allowed}.{hint}"
        )
    }
}

impl Sources {
    fn read(rules: Rules) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = workspace.join(rules.folder);
        let mut paths = Vec::new();
        collect(&root, &mut paths);
        let files = paths.iter().map(|path| {
            let below = path.strip_prefix(&root).expect("below the root");
            let below = below.display().to_string().replace('\\', "/");
            (below, fs::read_to_string(path).expect("a source file"))
        });
        Self::of(rules, files)
    }

    fn of(
        rules: Rules,
        files: impl IntoIterator<Item = (impl Into<String>, impl AsRef<str>)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.into(), text));
        let files = files
            .filter(|(path, _)| !is_test(path))
            .map(|(path, text)| {
                let module = module_of(&path);
                let references = references(text.as_ref(), &module);
                (module.join("::"), File { path, references })
            });
        Self {
            rules,
            files: files.collect(),
        }
    }

    /// A sentence for each rule that is broken.
    fn mistakes(&self) -> Vec<String> {
        let exceptions = self.rules.exceptions;
        let arrows = self.arrows();
        let mut mistakes: Vec<String> = self.globs().collect();
        let is_excepted = |arrow: &Arrow<'_>| {
            let mut exceptions = exceptions.iter();
            exceptions.any(|(from, to, _)| (arrow.from, arrow.to) == (*from, *to))
        };
        let unexcepted = || arrows.iter().filter(|arrow| !is_excepted(arrow));
        let upward = unexcepted().filter(|arrow| !self.rules.allow(arrow));
        mistakes.extend(upward.map(|arrow| self.rules.upward(arrow)));
        if !self.rules.allows_circles {
            let circles = circles(&graph(unexcepted()));
            mistakes.extend(circles.iter().map(|circle| round(circle, &arrows)));
        }
        mistakes.extend(self.impure());
        mistakes.extend(exceptions.iter().filter_map(|(from, to, _)| {
            let arrow = arrows
                .iter()
                .find(|arrow| (arrow.from, arrow.to) == (*from, *to));
            let is_needed = arrow.is_some_and(|arrow| {
                !self.rules.allow(arrow) || leads(&graph(&arrows), arrow.to, arrow.from)
            });
            let stale =
                format!("{from} -> {to} breaks no rule anymore: remove it from `exceptions`");
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
            .filter(|file| self.rules.layer_of(&file.path).is_none());
        let files = files.map(|file| format!("{} is in no layer: add it to `layers`", file.path));
        let Rules {
            layers,
            pure,
            impure_parts,
            ..
        } = &self.rules;
        let names = layers.iter().map(|(name, _)| name);
        let names = names.chain(*pure).chain(*impure_parts);
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
        let pure = self.files.iter().filter(move |(module, _)| {
            is_in(module, self.rules.pure) && !is_in(module, self.rules.impure_parts)
        });
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
