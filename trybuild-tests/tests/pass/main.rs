//! Code that must continue to compile without any lint: each module is one case.

#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    reason = "each case sets the lints that it holds generated code to"
)]

// `renamed_crate` is about paths from the root of a crate.
extern crate smalld as my_smalld;
use renamed_crate::framework;

mod attributes_stacked;
mod attributes_with_cfg;
mod every_event;
mod extractor;
mod filters;
mod forbid_unsafe_code;
mod gateway_payload;
mod imported;
mod inside_functions_and_modules;
mod inside_macro_rules;
mod names_of_generated_code;
mod names_of_std_taken;
mod names_raw;
mod parameter_borrows;
mod parameter_patterns;
mod parameter_with_cfg;
mod parameters_many;
mod parameters_none;
mod paths;
mod renamed_crate;
mod returns;
mod run_options;
mod start_and_errors;
mod state;

#[test]
fn every_file_is_a_module() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pass");
    let listed = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let module = format!("\nmod {name};\n");
        assert!(
            name == "main" || listed.contains(&module),
            "{name}.rs is not compiled: add it to main.rs"
        );
    }
}
