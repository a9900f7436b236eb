//! Compares the lists in `data/` with the notes on Discord's protocol, if these exist.

use std::fs;
use std::path::Path;

fn rows(file: &Path) -> Option<Vec<Vec<String>>> {
    let Ok(text) = fs::read_to_string(file) else {
        println!("skipped: no {}", file.display());
        return None;
    };
    let cells = |row: &str| row.split(',').map(ToOwned::to_owned).collect();
    Some(text.lines().skip(1).map(cells).collect())
}

/// Sorted rows of a list and of the notes, the latter as a row of the list.
fn assert_same(list: &str, notes: &str, row: impl Fn(&[String]) -> Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Some(mut listed) = rows(&root.join("data").join(list)) else {
        return;
    };
    let Some(documented) = rows(&root.join("../shared/discord").join(notes)) else {
        return;
    };
    let mut documented: Vec<_> = documented.iter().map(|cells| row(cells)).collect();
    listed.sort_unstable();
    documented.sort_unstable();
    assert_eq!(listed, documented, "data/{list} differs from {notes}");
}

#[test]
fn the_lists_are_those_of_the_protocol_notes() {
    assert_same("events.csv", "events.csv", |cells| {
        vec![cells[0].clone(), cells[2].clone()]
    });
    assert_same("intents.csv", "intents.csv", |cells| {
        let privileged = if cells[3] == "y" { "yes" } else { "no" };
        vec![cells[0].clone(), cells[1].clone(), privileged.to_owned()]
    });
    assert_same("routes.csv", "openapi/routes.csv", |cells| {
        vec![cells[0].clone(), cells[1].clone(), cells[7].clone()]
    });
}
