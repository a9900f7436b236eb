//! What users see: each file in `fail` is one mistake, with the compiler's messages beside it. Code that must
//! continue to compile is in `pass`, which is not run by trybuild: it would build all dependencies again.

// After a change of wording, `TRYBUILD=overwrite cargo test -p trybuild-tests` updates the answers.
// Read them as a user would: the first line says what is wrong in our words, the caret is
// under the user's token, a note says what to write.
#[rustversion::attr(
    not(stable(1.95)),
    ignore = "the .stderr files were written by Rust 1.95"
)]
#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/fail/*.rs");
}
