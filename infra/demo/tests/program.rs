//! The program as somebody calls it: what is missing or wrong is named, and the token is in nothing that it says.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::process::Command;

const TOKEN: &str = "a-token-that-nobody-may-read";

/// What the program says to these words, and how it ends.
fn said(words: &[&str], token: Option<&str>) -> (i32, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_bulkhead-demo"));
    program.args(words).env_remove("BULKHEAD_ENROLMENT_TOKEN");
    if let Some(token) = token {
        program.env("BULKHEAD_ENROLMENT_TOKEN", token);
    }
    let ended = program.output().unwrap();
    let text = [ended.stdout, ended.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    (ended.status.code().unwrap(), text)
}

#[test]
fn what_is_missing_is_named() {
    let (code, text) = said(&[], None);
    assert_eq!(code, 2, "{text}");
    assert!(
        text.contains("<SERVER>") && text.contains("--token"),
        "{text}"
    );
}

#[test]
fn an_address_that_is_none_is_named_and_the_token_is_not() {
    let (code, text) = said(&["nonsense"], Some(TOKEN));
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("`nonsense` is no address of a server"),
        "{text}"
    );
    assert!(!text.contains(TOKEN), "{text}");
}

#[test]
fn a_server_that_is_not_there_is_told_and_the_token_is_not() {
    // Nothing listens on the port for discarding here.
    let (code, text) = said(&["http://127.0.0.1:9"], Some(TOKEN));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("127.0.0.1:9"), "{text}");
    assert!(!text.contains(TOKEN), "{text}");
}
