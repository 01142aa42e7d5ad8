//! `data fetch` against a small server on loopback.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program;

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use program::{Program, shared};

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// What the server answers for a file.
#[derive(Clone)]
enum Answer {
    Bytes(Vec<u8>),
    Missing,
    /// So many bytes promised, and these given.
    CutOff(usize, Vec<u8>),
}

/// Serves until the test's process ends; its address comes back.
fn serve(answers: HashMap<&'static str, Answer>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/some/mirror/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let name = request.split(' ').nth(1).unwrap().rsplit('/').next().unwrap();
            let (status, length, bytes) = match answers.get(name).cloned().unwrap_or(Answer::Missing) {
                Answer::Bytes(bytes) => ("200 OK", bytes.len(), bytes),
                Answer::Missing => ("404 Not Found", 0, Vec::new()),
                Answer::CutOff(length, bytes) => ("200 OK", length, bytes),
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            // A client may hang up early.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes));
        }
    });
    address
}

/// Everything in the folder that the files should go to.
fn entries(program: &Program) -> Vec<String> {
    let folder = program.path("data/mnist");
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

#[test]
fn what_is_wrong_is_said_and_nothing_half_is_left() {
    let answers = [
        (Answer::Missing, "there is no such file (status 404)"),
        (Answer::Bytes(b"not digits".to_vec()), "its MD5 is "),
        (Answer::CutOff(5000, b"only this".to_vec()), "broke off after 9"),
    ];
    for (answer, sentence) in answers {
        let program = Program::new();
        let mirror = serve(HashMap::from([(FILES[0], answer)]));
        let said = program.run(&["data", "fetch", "mnist", "--data", "data", "--mirror", &mirror]);
        assert_eq!((said.status, said.stdout.as_str()), (1, ""), "{}", said.stderr);
        assert!(said.stderr.starts_with("error: cannot fetch train-images"), "{}", said.stderr);
        assert!(said.stderr.contains(sentence), "{}", said.stderr);
        assert_eq!(said.stderr.lines().count(), 1);
        assert!(entries(&program).is_empty(), "{:?}", entries(&program));
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = Program::new();
    let mirror = format!("http://127.0.0.1:{port}");
    let said = program.run(&["data", "fetch", "fashion-mnist", "--data", "data", "--mirror", &mirror]);
    assert_eq!(said.status, 1);
    assert!(said.stderr.contains(&mirror), "{}", said.stderr);
}

#[test]
fn mnist_is_fetched_once_and_found_by_its_name() {
    let Some(folder) = shared("data/mnist") else { return };
    let bytes = |name: &str| Answer::Bytes(fs::read(folder.join(name)).unwrap());
    let mirror = serve(FILES.iter().map(|name| (*name, bytes(name))).collect());
    let program = Program::new();
    let fetch = ["data", "fetch", "mnist", "--mirror", &mirror];
    let first = program.json(&fetch);
    assert_eq!(first["files"][3]["fetched"], true);
    let again = program.succeed(&["data", "fetch", "mnist", "--mirror", "http://127.0.0.1:9/"]);
    assert_eq!(again.stderr.matches("already there and right").count(), 4, "{}", again.stderr);
    // It lies where sets are looked for.
    let list = program.json(&["list"]);
    let mnist = list["experiments"].as_array().unwrap().iter().find(|one| one["name"] == "mnist").unwrap();
    assert_eq!(mnist["available"], true);
}
