//! The address of the repository is in `Cargo.toml` alone.

use std::fs;
use std::path::Path;

#[test]
fn the_address_of_the_repository_is_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // A published package has no workspace.
    let Ok(manifest) = fs::read_to_string(root.join("Cargo.toml")) else {
        return;
    };
    let address = manifest
        .lines()
        .find_map(|line| line.strip_prefix("repository = \""))
        .and_then(|rest| rest.strip_suffix('"'))
        .expect("workspace.package.repository");
    let mut places = Vec::new();
    look(&root, &mut |path, text| {
        let is_manifest = path == root.join("Cargo.toml");
        for (number, line) in text.lines().enumerate() {
            if !is_manifest && line.contains(address) {
                places.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    });
    assert!(
        places.is_empty(),
        "an address that will change; write a path of the checkout:\n{}",
        places.join("\n")
    );
}

fn look(folder: &Path, at: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_text = ["rs", "md", "toml", "html", "js"]
            .iter()
            .any(|extension| path.extension().is_some_and(|of| of == *extension));
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                look(&path, at);
            }
        } else if is_text && !path.ends_with("project/repository.rs") {
            at(&path, &fs::read_to_string(&path).expect("text"));
        }
    }
}
