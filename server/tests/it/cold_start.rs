//! Starts that must not succeed: one clear line, and an exit code that says so. And what `--help` and the file say.

use std::net::TcpListener;

use crate::harness::{Server, run_to_end, trainyard};

fn refused(arguments: &[&str]) -> String {
    let (code, _, err) = run_to_end(trainyard(arguments));
    assert_eq!(code, Some(1), "{arguments:?}: {err}");
    let lines: Vec<&str> = err.lines().filter(|it| it.starts_with("trainyard: ")).collect();
    assert_eq!(lines.len(), 1, "one line: {err}");
    lines[0].to_owned()
}

fn path(dir: &tempfile::TempDir) -> String {
    dir.path().to_str().expect("a plain path").to_owned()
}

#[test]
fn a_taken_port_is_named() {
    let data = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = taken.local_addr().expect("its address").to_string();
    let free = "127.0.0.1:0";
    let line = refused(&["serve", "--data", &path(&data), "--aws-addr", free, "--addr", &addr]);
    assert!(line.contains(&addr) && line.contains("--addr"), "{line}");
    let line = refused(&["serve", "--data", &path(&data), "--addr", free, "--aws-addr", &addr]);
    assert!(line.contains(&addr) && line.contains("--aws-addr"), "{line}");
    let line = refused(&["local", "--data", &path(&data), "--addr", &addr]);
    assert!(line.contains(&addr), "{line}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    std::fs::write(&file, "in the way").expect("written");
    let data = file.join("data").to_str().expect("a plain path").to_owned();
    let line = refused(&["serve", "--addr", "127.0.0.1:0", "--aws-addr", "127.0.0.1:0", "--data", &data]);
    assert!(line.contains("cannot be written") && line.contains(&data), "{line}");
}

#[test]
fn one_folder_has_one_server() {
    let data = tempfile::tempdir().expect("a folder");
    let _first = Server::start(data.path());
    let line = refused(&["serve", "--addr", "127.0.0.1:0", "--aws-addr", "127.0.0.1:0", "--data", &path(&data)]);
    assert!(line.contains("in use by another trainyard"), "{line}");
}

#[test]
fn an_open_address_is_refused_before_anything_happens() {
    let data = tempfile::tempdir().expect("a folder");
    let line = refused(&["serve", "--addr", "0.0.0.0:0", "--data", &path(&data)]);
    assert!(line.contains("--insecure-no-login"), "{line}");
    let line = refused(&["local", "--addr", "0.0.0.0:0", "--data", &path(&data)]);
    assert!(line.contains("--insecure-no-login"), "{line}");
    assert_eq!(std::fs::read_dir(data.path()).expect("the folder").count(), 0, "nothing was written");
}

#[test]
fn a_newer_database_is_left_alone() {
    let data = tempfile::tempdir().expect("a folder");
    drop(Server::start(data.path()));
    let database = data.path().join("trainyard.db");
    // A migration that only a later version has, noted by another program than ours.
    let note = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(\"INSERT INTO _sqlx_migrations \
                SELECT 9999, 'from the future', installed_on, success, checksum, execution_time FROM _sqlx_migrations \
                LIMIT 1\"); db.commit()";
    let noted = std::process::Command::new("python3").arg("-c").arg(note).arg(&database).status().expect("python3");
    assert!(noted.success());
    let before = std::fs::read(&database).expect("read");
    let line = refused(&["serve", "--addr", "127.0.0.1:0", "--aws-addr", "127.0.0.1:0", "--data", &path(&data)]);
    assert!(line.contains("newer"), "{line}");
    assert_eq!(std::fs::read(&database).expect("read"), before, "not a byte was changed");
}

#[test]
fn an_unreachable_database_is_named_without_its_password() {
    let data = tempfile::tempdir().expect("a folder");
    let url = "postgres://ann:s3cret@127.0.0.1:1/yard";
    let line = refused(&["serve", "--addr", "127.0.0.1:0", "--data", &path(&data), "--database-url", url]);
    assert!(line.contains("127.0.0.1") && !line.contains("s3cret"), "{line}");
}

#[test]
fn an_unreachable_engine_is_named() {
    let data = tempfile::tempdir().expect("a folder");
    let mut command = trainyard(&[
        "serve",
        "--addr",
        "127.0.0.1:0",
        "--data",
        data.path().to_str().expect("a path"),
        "--engine",
        "aws",
    ]);
    command
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "y")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let (code, _, err) = run_to_end(command);
    assert_eq!(code, Some(1));
    assert!(err.contains("trainyard: the engine at http://127.0.0.1:1 does not answer"), "{err}");
}

#[test]
fn a_wrong_key_in_the_file_is_named_and_the_environment_wins_over_the_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("trainyard.toml");
    std::fs::write(&file, "adress = \"127.0.0.1:1\"\n").expect("written");
    let file_name = file.to_str().expect("a plain path");
    let line = refused(&["serve", "--config", file_name]);
    assert!(line.contains("`adress`") && line.contains("trainyard.toml"), "{line}");

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = taken.local_addr().expect("its address").to_string();
    let data = path(&dir);
    std::fs::write(&file, format!("addr = \"0.0.0.0:1\"\naws-addr = \"127.0.0.1:0\"\ndata = \"{data}\"\n"))
        .expect("written");
    let mut command = trainyard(&["serve", "--config", file_name]);
    command.env("TRAINYARD_ADDR", &addr);
    let (code, _, err) = run_to_end(command);
    assert_eq!(code, Some(1));
    assert!(err.contains(&format!("{addr} is in use")), "the variable's address was taken, not the file's: {err}");
}

#[test]
fn help_and_version_are_complete() {
    let (code, out, _) = run_to_end(trainyard(&["serve", "--help"]));
    assert_eq!(code, Some(0));
    for wanted in [
        "--addr",
        "127.0.0.1:3000",
        "--data",
        "--database-url",
        "--engine",
        "--aws-addr",
        "127.0.0.1:4566",
        "TRAINYARD_ADDR",
        "--insecure-no-login",
    ] {
        assert!(out.contains(wanted), "{wanted}");
    }
    let (code, out, _) = run_to_end(trainyard(&["--version"]));
    assert_eq!((code, out.trim()), (Some(0), concat!("trainyard ", env!("CARGO_PKG_VERSION"))));
}
