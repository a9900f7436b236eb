//! Checks that each case of the protocol has a test, and that `CONFORMANCE.md` lists them.
//! `CONFORMANCE=overwrite cargo test -p smalld --test project` writes that file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A title and the table of its cases. The name of a case's test begins with `case_` and the case's
/// number: at least two digits, letters in lower case.
const SUITES: [(&str, &str); 2] = [
    ("REST: rate limits", "ratelimit_cases.csv"),
    ("Gateway", "gateway_cases.csv"),
];

const HEAD: &str = "\
# Conformance

Cases of Discord's protocol, the tests that check them, and what smalld does when the documentation
leaves it open. \"Basis\" is the source of a case: **D** Discord's documentation, **S** a Discord
engineer, **R** what is reasonable when both are silent, **C** what clients see in practice.

A test (`smalld/tests/project/conformance.rs`) writes this file from the names of the other tests. It
fails if a case has no test, if its test is ignored, or if this file is out of date. So if `cargo test`
passes, every case below holds.
";

/// Names of tests, and their files.
type Tests = BTreeSet<(String, String)>;

struct Case {
    number: String,
    basis: String,
    name: String,
    decision: String,
}

#[test]
fn every_case_has_a_test_and_the_list_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = tests(root);
    let mut page = HEAD.to_owned();
    for (title, file) in SUITES {
        if let Ok(table) = fs::read_to_string(root.join("tests/data").join(file)) {
            write_suite(&mut page, title, &cases(&table), &tests);
        }
    }
    let path = root.join("../CONFORMANCE.md");
    if std::env::var("CONFORMANCE").is_ok_and(|what| what == "overwrite") {
        fs::write(&path, &page).unwrap();
    }
    // A published package has no workspace.
    if let Ok(written) = fs::read_to_string(&path) {
        assert!(
            written.replace("\r\n", "\n") == page,
            "CONFORMANCE.md is out of date: run `CONFORMANCE=overwrite cargo test -p smalld --test project`"
        );
    }
}

/// The guide names the test that proves each of its claims.
#[test]
fn each_test_named_in_the_guide_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(guide) = fs::read_to_string(root.join("../docs/GUIDE.md")) else {
        return;
    };
    let begin = guide.find("| tests |").expect("the table");
    let table = guide[begin..].split("\n\n").next().unwrap_or_default();
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        collect(&root.join(folder), &mut files);
    }
    let source: String = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("a file"))
        .collect();
    let rows = table.lines().skip(2);
    for row in rows {
        let proofs = row.rsplit('|').nth(1).expect("a last cell");
        let mut names = proofs.split('`').skip(1).step_by(2).peekable();
        assert!(names.peek().is_some(), "no test: {row}");
        for name in names {
            let function = format!("fn {name}(");
            assert!(source.contains(&function), "there is no test `{name}`");
        }
    }
}

fn write_suite(page: &mut String, title: &str, cases: &[Case], tests: &Tests) {
    let mut rows = String::new();
    let mut decisions = String::new();
    for case in cases {
        let prefix = prefix(&case.number);
        let of_case = tests.iter().filter(|(name, _)| name.starts_with(&prefix));
        let of_case: Vec<String> = of_case
            .map(|(name, file)| format!("`{file}`: `{name}`"))
            .collect();
        assert!(
            !of_case.is_empty(),
            "{title}: there is no test `{prefix}..`"
        );
        let Case {
            number,
            basis,
            name,
            decision,
        } = case;
        let of_case = of_case.join("<br>");
        let _ = writeln!(rows, "| {number} | {basis} | {name} | {of_case} |");
        if !decision.is_empty() {
            let _ = writeln!(decisions, "- **{number}** ({basis}), {name}: {decision}");
        }
    }
    let _ = write!(
        page,
        "\n## {title}\n\n{} cases.\n\n| # | basis | case | tests |\n| --- | --- | --- | --- |\n{rows}",
        cases.len()
    );
    if !decisions.is_empty() {
        page.extend(["\n### Decisions\n\n", &decisions]);
    }
}

fn prefix(number: &str) -> String {
    match number.parse::<u32>() {
        Ok(number) => format!("case_{number:02}_"),
        Err(_) => format!("case_{}_", number.to_ascii_lowercase()),
    }
}

fn cases(table: &str) -> Vec<Case> {
    let rows = table.lines().skip(1).filter(|line| !line.is_empty());
    rows.map(|row| {
        let mut cells = row.splitn(4, ',').map(str::to_owned);
        let mut next = || {
            cells
                .next()
                .unwrap_or_else(|| panic!("too few cells: {row}"))
        };
        Case {
            number: next(),
            basis: next(),
            name: next(),
            decision: next(),
        }
    })
    .collect()
}

/// Tests whose names begin with `case_`, and their files.
fn tests(root: &Path) -> Tests {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        collect(&root.join(folder), &mut files);
    }
    let mut tests = Tests::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a file");
        let shown = file
            .strip_prefix(root)
            .expect("below")
            .display()
            .to_string();
        let shown = shown.replace('\\', "/");
        let mut attributes = Vec::new();
        for line in text.lines().map(str::trim) {
            let function = line.strip_prefix("async ").unwrap_or(line);
            if line.starts_with("#[") {
                attributes.push(line);
            } else if let Some(name) = function.strip_prefix("fn ").and_then(name_of_case) {
                let is_test = |line: &&str| line.contains("test]") || line.contains("test(");
                let is_test = attributes.iter().any(is_test);
                let ignored = attributes.iter().any(|line| line.starts_with("#[ignore"));
                assert!(is_test && !ignored, "{shown}: `{name}` does not run");
                tests.insert((name.to_owned(), shown.clone()));
            } else {
                attributes.clear();
            }
        }
    }
    tests
}

fn name_of_case(function: &str) -> Option<&str> {
    let name = function.split('(').next()?;
    name.starts_with("case_").then_some(name)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
