//! `twinbeat setup` as somebody with two new boxes meets it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const FILES: [&str; 3] = ["ha.cf", "haresources", "authkeys"];

/// A place for the three files, which `setup` has to make.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = format!("twinbeat-setup-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&folder);
        Self(folder.join("deep/ha.d"))
    }

    /// What is printed and complained of, and the exit code.
    fn run(&self, words: &[&str], input: &str) -> (Option<i32>, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_twinbeat"))
            .arg("setup")
            .args(words)
            .arg("-c")
            .arg(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that asks nothing may have ended.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap().parent().unwrap());
    }
}

/// The name of this machine, which has to be a node.
fn own() -> String {
    let name = nix::unistd::gethostname().unwrap();
    name.into_string().unwrap().to_ascii_lowercase()
}

#[test]
fn options_answer_all_questions_and_the_result_is_good() {
    let place = Place::new("options");
    let own = own();
    let nodes = format!("--nodes={own},other");
    let words = [
        &nodes,
        "--links",
        "lo",
        "--addresses=192.0.2.10/24/lo,192.0.2.11/24/lo",
    ];
    let (code, out, complaint) = place.run(&words, "");
    assert_eq!((code, complaint.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("check: ok: "), "{out}");
    let scp = format!(
        "scp -p ha.cf haresources authkeys root@other:{}/",
        place.0.display()
    );
    assert!(out.contains(&scp), "{out}");
    assert!(!out.contains(&format!("root@{own}:")), "{out}");
    assert_eq!(
        place.read("haresources"),
        format!("{own} 192.0.2.10/24/lo 192.0.2.11/24/lo\n")
    );
    let ha_cf = place.read("ha.cf");
    assert!(
        ha_cf.ends_with(&format!("node {own} other\nbcast lo\n")),
        "{ha_cf}"
    );
    let keys = place.read("authkeys");
    let (_, key) = keys.split_once("auth 1\n1 sha256 ").unwrap();
    assert_eq!(key.trim_end().len(), 48, "{keys}");
    let mode = fs::metadata(place.0.join("authkeys"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_there_is_replaced_only_by_force_and_kept() {
    let place = Place::new("force");
    let nodes = format!("--nodes={},other", own());
    let words = [nodes.as_str(), "--links=lo", "--method=sha1"];
    assert_eq!(place.run(&words, "").0, Some(0));
    let before: Vec<String> = FILES.iter().map(|file| place.read(file)).collect();
    assert!(before[2].contains("1 sha1 "));
    let (code, out, complaint) = place.run(&words, "");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(complaint.contains("--force"), "{complaint}");
    let same = |suffix: &str| {
        let files = FILES
            .iter()
            .map(|file| place.read(&format!("{file}{suffix}")));
        files.collect::<Vec<_>>() == before
    };
    assert!(same(""));
    assert_eq!(
        place.run(&["--force", words[0], "--links=lo"], "").0,
        Some(0)
    );
    assert!(same(".bak"), "what was there is kept");
    assert!(!same(""), "the key is another one");
    assert_eq!(
        fs::read_dir(&place.0).unwrap().count(),
        6,
        "and nothing else is left"
    );
}

#[test]
fn the_questions_offer_what_this_box_is() {
    let place = Place::new("questions");
    let own = own();
    let (code, out, complaint) =
        place.run(&[], &format!("{own} other\n lo \n\n192.0.2.1\r\nnone\n\n"));
    assert_eq!((code, complaint.as_str()), (Some(0), ""), "{out}");
    assert!(
        out.to_ascii_lowercase().contains(&format!("[{own}]: ")),
        "{out}"
    );
    let ha_cf = place.read("ha.cf");
    let answers = format!("node {own} other\nbcast lo\nping 192.0.2.1\n");
    assert!(ha_cf.ends_with(&answers), "{ha_cf}");
    assert_eq!(place.read("haresources"), "");
}

#[test]
fn an_end_of_input_before_the_last_answer_leaves_nothing_behind() {
    let place = Place::new("end");
    for input in [
        "",
        "alpha beta\nlo\n",
        "alpha beta\nlo\n\n\n\n192.0.2.10/24",
    ] {
        let (code, _, complaint) = place.run(&[], input);
        assert_eq!(code, Some(1), "{input}");
        assert!(complaint.contains("nothing is written"), "{complaint}");
        assert!(!place.0.exists(), "{input}");
    }
    assert_eq!(place.run(&["--links=lo"], "").0, Some(2));
    assert!(!place.0.exists());
}

#[test]
fn a_mistake_in_an_answer_is_told_by_check() {
    let place = Place::new("mistake");
    let (code, out, _) = place.run(&["--nodes=some,other", "--links=nosuch0"], "");
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("ha.cf:"), "{out}");
}
