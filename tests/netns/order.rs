//! Groups that come after others and go with others, with scripts that fail when called out of order.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "what_goes_with_another_moves_with_it_stopped_before_and_started_after",
        moves,
    ),
    (
        "what_comes_after_what_nobody_can_start_is_down_and_status_says_why",
        down,
    ),
];

const SECOND: Duration = Duration::from_secs(1);

/// `disk` is busy while `db` runs, and without it `db` does not start. `mail` does not care.
const SCRIPT: &str = "#!/bin/sh
cd FOLDER || exit 1
name=${0##*/}
case \"$1\" in
start)
    [ ! -e broken ] || [ $name != disk ] || exit 1
    [ $name != db ] || [ -e disk ] || { echo early >> order; exit 1; }
    sleep 0.1
    : > $name ;;
stop)
    [ $name != disk ] || [ ! -e db ] || { echo busy >> order; exit 1; }
    [ $name != db ] || [ ! -e db ] || sleep 0.4
    rm -f $name ;;
status)
    if [ -e $name ]; then echo running; else echo stopped; fi
    exit ;;
esac
echo \"$name $1\" >> order
";

/// The database's home is the other node, and does not count.
fn pair() -> Pair {
    let pair = Pair::new(&Settings::default());
    for node in &pair.nodes {
        let home = node.folder.join("ha.d");
        let haresources = "nodea disk\nnodeb db 10.77.0.100/24/eth0\nnodeb mail\n";
        fs::write(home.join("haresources"), haresources).unwrap();
        let ours = home.join("twinbeat.cf");
        let text = fs::read_to_string(&ours).unwrap();
        let order = "group db after disk with disk\ngroup mail after disk\n";
        fs::write(&ours, text + order).unwrap();
        for name in ["disk", "db", "mail"] {
            let path = home.join("resource.d").join(name);
            fs::write(
                &path,
                SCRIPT.replace("FOLDER", node.folder.to_str().unwrap()),
            )
            .unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    pair
}

fn runs(pair: &Pair, node: usize, names: &[&str]) -> bool {
    let all = ["disk", "db", "mail"];
    let folder = &pair.nodes[node].folder;
    all.iter()
        .all(|name| folder.join(name).exists() == names.contains(name))
}

/// What was done on a node since the last look, without what has no order.
fn order(pair: &Pair, node: usize) -> Vec<String> {
    let path = pair.nodes[node].folder.join("order");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(&path);
    let lines = text.lines().filter(|line| !line.starts_with("mail"));
    lines.map(str::to_owned).collect()
}

fn tell(pair: &Pair, node: usize, words: &[&str]) {
    let out = pair.command(node, words);
    assert!(out.status.success(), "{out:?}\n{}", pair.story());
}

fn start(pair: &mut Pair) {
    pair.start(A);
    pair.start(B);
    pair.wait_for("disk and database on A, mail on B", 10 * SECOND, |p| {
        runs(p, A, &["disk", "db"]) && p.holds(A) && runs(p, B, &["mail"])
    });
    assert_eq!(order(pair, A), ["disk start", "db start"]);
    order(pair, B);
}

fn moves() {
    let mut pair = pair();
    start(&mut pair);
    tell(&pair, A, &["standby", "disk"]);
    pair.wait_for("all on B", 10 * SECOND, |p| {
        runs(p, A, &[]) && runs(p, B, &["disk", "db", "mail"]) && p.holds(B)
    });
    assert_eq!(order(&pair, A), ["db stop", "disk stop"]);
    assert_eq!(order(&pair, B), ["disk start", "db start"]);
    // A word about the one that follows is about the one that it follows.
    tell(&pair, A, &["takeover", "db"]);
    pair.wait_for("disk and database on A", 10 * SECOND, |p| {
        runs(p, A, &["disk", "db"]) && runs(p, B, &["mail"]) && p.holds(A)
    });
    assert_eq!(order(&pair, B), ["db stop", "disk stop"]);
    assert!(pair.terminate(A).success(), "{}", pair.story());
    pair.wait_for("all on B", 10 * SECOND, |p| {
        runs(p, B, &["disk", "db", "mail"]) && p.holds(B) && !p.holds(A)
    });
    assert_eq!(
        order(&pair, A),
        ["disk start", "db start", "db stop", "disk stop"]
    );
    assert_eq!(order(&pair, B), ["disk start", "db start"]);
    assert!(pair.terminate(B).success(), "{}", pair.story());
    assert_eq!(order(&pair, B), ["db stop", "disk stop"]);
}

fn down() {
    let mut pair = pair();
    start(&mut pair);
    let broken = [A, B].map(|node| pair.nodes[node].folder.join("broken"));
    for file in &broken {
        fs::write(file, "").unwrap();
    }
    tell(&pair, A, &["standby", "disk"]);
    pair.wait_for("nothing anywhere", 10 * SECOND, |p| {
        runs(p, A, &[]) && runs(p, B, &[]) && !p.holds(A) && !p.holds(B)
    });
    for words in [&["status"][..], &["status", "--json"]] {
        let status = String::from_utf8(pair.command(B, words).stdout).unwrap();
        let (after, with) = (
            "the group it comes after is held nowhere",
            "it did not start",
        );
        assert!(status.contains(after) && status.contains(with), "{status}");
    }
    for file in &broken {
        fs::remove_file(file).unwrap();
    }
    tell(&pair, A, &["takeover", "disk"]);
    pair.wait_for("disk and database on A, mail on B", 10 * SECOND, |p| {
        runs(p, A, &["disk", "db"]) && runs(p, B, &["mail"]) && p.holds(A)
    });
    for node in [A, B] {
        let done = order(&pair, node);
        assert!(!done.iter().any(|line| line == "busy" || line == "early"));
    }
}
