//! The command line itself, and the errors that stop a run.

use super::fixture::{Place, text};

#[test]
fn help_explains_the_exit_codes_and_is_no_error() {
    let place = Place::new();
    place.run(&["--help"]).exits(0).says("Exit codes");
    place
        .run(&["scan", "--help"])
        .exits(0)
        .says("inventory:FILE");
    place.run(&["--version"]).exits(0);
}

#[test]
fn what_cannot_be_understood_is_bad_input() {
    let place = Place::new();
    place.run(&[]).exits(2);
    place.run(&["scan"]).exits(2);
    place.run(&["scan", "host", "--format", "xml"]).exits(2);
    place
        .run(&["scan", "debian:12"])
        .exits(2)
        .says("docker:REF");
    let root = place.debian();
    place
        .run(&["scan", text(&root)])
        .exits(2)
        .says(&format!("dir:{}", text(&root)));
}

#[test]
fn errors_say_what_where_and_what_to_do() {
    let place = Place::new();
    place
        .run(&["scan", "dir:nowhere"])
        .exits(2)
        .says("bulkhead: read folder nowhere\n  because: ");
    place
        .run(&["scan", "dir:.", "--feeds", "nowhere"])
        .exits(2)
        .says("what to do: ");
    place.write("notes/readme.txt", "nothing of use");
    place
        .run(&["scan", "dir:.", "--feeds", "notes"])
        .exits(2)
        .says("holds neither compiled advisories nor a document that is recognised");
    place
        .run(&["scan", "dir:.", "--output", "no/such/folder.json"])
        .exits(2)
        .says("there is no folder no/such");
}

#[test]
fn an_engine_that_does_not_answer_is_a_service_out_of_reach() {
    let place = Place::new();
    let address = if cfg!(windows) {
        "npipe:////./pipe/nobody-is-there"
    } else {
        "unix:///nobody/is/there.sock"
    };
    let mut command = place.command(&["scan", "docker:debian:12"]);
    command.env("DOCKER_HOST", address);
    super::fixture::Ran::from(command)
        .exits(3)
        .says(address)
        .says("archive:FILE");
}

#[test]
fn a_registry_is_named_reached_and_signed_in_to_or_the_error_says_how() {
    let place = Place::new();
    place
        .run(&["scan", "registry:127.0.0.1:9/team/app:1"])
        .exits(3)
        .says("read image registry:127.0.0.1:9/team/app:1")
        .says("--ca-file");
    place
        .run(&["scan", "registry:Team/App"])
        .exits(2)
        .says("is no repository");
    place
        .run(&["scan", "registry:a.example/b", "--platform", "one two"])
        .exits(2)
        .says("OS/ARCH[/VARIANT][:OS_VERSION]");
    place
        .run(&["scan", "registry:a.example/b", "--registry-username", "a"])
        .exits(2)
        .says("BULKHEAD_REGISTRY_PASSWORD");
    place.write(
        "config/config.json",
        r#"{"auths":{"127.0.0.1:9":{"auth":"aHVudGVyMg=="}}}"#,
    );
    let mut command = place.command(&["scan", "registry:127.0.0.1:9/team/app"]);
    command.env("DOCKER_CONFIG", "config");
    super::fixture::Ran::from(command)
        .exits(2)
        .says("config.json is not of the form");
}

#[test]
fn a_server_that_does_not_answer_is_a_service_out_of_reach() {
    let place = Place::new();
    place.write("token", "abc");
    let arguments = [
        "vulnerabilities",
        "--server",
        "http://127.0.0.1:9",
        "--token-file",
        "token",
    ];
    place.run(&arguments).exits(3).says("127.0.0.1:9");
}

#[test]
fn a_server_is_not_asked_without_credentials_or_in_the_open() {
    let place = Place::new();
    place
        .run(&["vulnerabilities", "--server", "http://127.0.0.1:9"])
        .exits(2)
        .says("--token-file");
    place.write("token", "abc");
    place
        .run(&[
            "vulnerabilities",
            "--server",
            "http://192.0.2.1",
            "--token-file",
            "token",
        ])
        .exits(2)
        .says("without encryption");
}
