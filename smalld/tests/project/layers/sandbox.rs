//! Layers of `smalld-sandbox/src`.

use super::Rules;

pub(super) const RULES: Rules = Rules {
    folder: "smalld-sandbox/src",
    tables: "smalld/tests/project/layers/sandbox.rs",
    layers: &[
        ("world", &[]),
        ("gateway", &["world"]),
        ("rest", &["world"]),
        ("hub", &["gateway", "rest", "world"]),
        ("server", &["hub", "gateway", "rest", "world"]),
        ("library", &["server", "hub", "gateway", "rest", "world"]),
        // The program uses the library as any other crate does.
        ("terminal", &[]),
        ("main", &["terminal"]),
        ("traffic", &["gateway"]),
        // Another program.
        ("load", &[]),
        ("smalld-load", &["load"]),
        ("", &[]),
    ],
    pure: &["world"],
    // The wall clock, and random tokens.
    impure_parts: &["world::timestamp", "world::token"],
    // The files of a folder share its types: `world` is one type with many methods.
    allows_circles: true,
    exceptions: &[],
};
