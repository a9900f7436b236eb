use super::{Rules, Sources, smalld};

const ROOT: (&str, &str) = ("lib.rs", "mod error; mod event; mod gateway;");

type Exception = (&'static str, &'static str, &'static str);

fn mistakes(files: &[(&str, &str)], exceptions: &'static [Exception]) -> Vec<String> {
    let files = files.iter().chain([&ROOT]).copied();
    let rules = Rules {
        exceptions,
        ..smalld::RULES
    };
    Sources::of(rules, files).mistakes()
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
    assert!(found[0].starts_with("gateway/protocol/session.rs:1: `crate::gateway::shard::Task`"));
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
    assert!(mistakes(&files, &[("rest/c.rs", "rest/a.rs", "a reason")]).is_empty());
}

#[test]
fn an_exception_that_is_not_needed_must_go() {
    let files = [
        ("event/payload.rs", "use crate::error::Error;"),
        ("error/mod.rs", ""),
    ];
    let unneeded: [&[Exception]; 2] = [
        &[("event/payload.rs", "error/mod.rs", "allowed anyhow")],
        &[("event/payload.rs", "gateway/shard.rs", "gone")],
    ];
    for exceptions in unneeded {
        let found = mistakes(&files, exceptions);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].ends_with("breaks no rule anymore: remove it from `exceptions`"));
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
fn pure_files_use_no_clock_no_randomness_and_no_socket() {
    let source = "use std::time::{Duration, Instant};\nuse tokio::sync::Mutex;\n\
        fn f(i: Instant) -> bool {\n    Instant::now() < i || i.elapsed() > Duration::ZERO\n}\n\
        fn g() -> u64 {\n    fastrand::u64(..)\n}\n#[cfg(test)]\nmod tests { use tokio::time::pause; }";
    let found = mistakes(&[("gateway/protocol/heartbeat.rs", source)], &[]);
    let places: Vec<&str> = found.iter().map(|mistake| &mistake[30..32]).collect();
    assert_eq!(places, ["2:", "4:", "4:", "7:"], "{found:#?}");
    assert!(mistakes(&[("gateway/shard.rs", source)], &[]).is_empty());
}

#[test]
fn a_new_file_at_the_root_needs_a_layer_and_the_tables_name_only_existing_modules() {
    let sources = Sources::of(smalld::RULES, [ROOT, ("novelty.rs", "")]);
    let strangers = sources.strangers();
    assert!(strangers.contains(&"novelty.rs is in no layer: add it to `layers`".to_owned()));
    assert!(
        strangers
            .iter()
            .any(|stranger| stranger.starts_with("`rest::limiter` names no"))
    );
}

#[test]
fn circles_are_left_alone_if_the_rules_allow_them() {
    let files = [
        ROOT,
        ("rest/a.rs", "use crate::rest::b::B;"),
        ("rest/b.rs", "use crate::rest::a::A;"),
    ];
    let rules = Rules {
        allows_circles: true,
        exceptions: &[],
        ..smalld::RULES
    };
    assert!(Sources::of(rules, files).mistakes().is_empty());
}
