//! A file system with a database on it: Debian's `Filesystem`, SQLite's own program as the service.
//! A folder in memory that both nodes see stands in for the disk or NFS share that they would have.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};

use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::process::bury_orphans;
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[(
    "a_database_on_a_file_system_moves_with_all_that_was_written",
    database,
)];

const SECOND: Duration = Duration::from_secs(1);
/// The agents of heartbeat run a hundred programs each.
const MOVE: Duration = Duration::from_secs(20);
const OWN: &str = "/etc/ha.d/resource.d/Filesystem";
const AGENT: &str = "/usr/lib/ocf/resource.d/heartbeat/Filesystem";

/// Holds the database open, and writes a row now and then.
const SERVICE: &str = "
pid=$(cat FOLDER/writer 2>/dev/null)
runs() { [ -n \"$pid\" ] && kill -0 $pid 2>/dev/null; }
case $1 in
rows)   while echo \"insert into rows(node) values('NODE');\"; do sleep 0.05; done ;;
start)  runs && exit 0
        [ -e FOLDER/rows ] || mkfifo FOLDER/rows
        setsid $0 rows > FOLDER/rows 2> /dev/null < /dev/null &
        cd DISK || exit 1
        echo 'create table if not exists rows(id integer primary key autoincrement, node text)' |
            sqlite3 base || exit 1
        setsid sqlite3 base < FOLDER/rows > FOLDER/errors 2>&1 &
        echo $! > FOLDER/writer; echo NODE starts >> FOLDER/../story ;;
stop)   runs || exit 0
        kill $pid
        for i in $(seq 200); do
            runs || { echo NODE has stopped >> FOLDER/../story; exit 0; }
            sleep 0.02
        done
        exit 1 ;;
status) if runs; then echo running; else echo stopped; exit 3; fi ;;
esac";

fn database() {
    for need in [OWN, AGENT, "/usr/bin/sqlite3", "/bin/fuser"] {
        if !own_proc() || !Path::new(need).exists() {
            return println!("SKIPPED: a database on a file system: no {need}");
        }
    }
    bury_orphans();
    let mut pair = Pair::new(&Settings::default());
    let folder = pair.nodes[A].folder.join("..");
    let folder = fs::canonicalize(folder).unwrap().display().to_string();
    let (share, disk) = (format!("{folder}/share"), format!("{folder}/disk"));
    fs::create_dir(&disk).unwrap();
    fs::create_dir(&share).unwrap();
    let kind = Some("tmpfs");
    mount(kind, share.as_str(), kind, MsFlags::empty(), None::<&str>).unwrap();
    pair.script("database", &SERVICE.replace("DISK", &disk));
    let key = format!("Filesystem::{share}::{disk}::none::bind");
    pair.write(
        "twinbeat.cf",
        &format!("rundir FOLDER/run\nstatedir FOLDER/state\ngroup {key} policy at-most-one\n"),
    );
    pair.write("haresources", &format!("nodea {key} database\n"));
    for node in &mut pair.nodes {
        let link = node.folder.join("ha.d/resource.d/Filesystem");
        symlink(OWN, link).unwrap();
        // Two machines have mounts of their own.
        let before = ["unshare", "-m"].map(str::to_owned);
        node.program.splice(0..0, before);
    }

    pair.start(A);
    pair.start(B);
    let serves = |p: &Pair, node: usize| runs(p, node) && mounted(p, node, &disk);
    let nothing = |p: &Pair, node: usize| !runs(p, node) && !mounted(p, node, &disk);
    pair.wait_for("the database on A", MOVE, |p| serves(p, A));
    sleep(SECOND);
    assert!(nothing(&pair, B), "{}", pair.story());

    let written = rows(&share, "nodea");
    assert!(written > 3, "{written} rows\n{}", pair.story());
    let at = Instant::now();
    let out = pair.command(B, &["takeover"]);
    assert!(out.status.success(), "{out:?}\n{}", pair.story());
    pair.wait_for("the database on B", MOVE, |p| serves(p, B) && nothing(p, A));
    let took = at.elapsed();
    pair.wait_for("rows by B", MOVE, |_| rows(&share, "nodeb") > 3);
    let kept = rows(&share, "nodea");
    assert!(
        kept >= written,
        "{kept} rows of {written}\n{}",
        pair.story()
    );
    println!(
        "situations: database on a file system: moved in {} ms",
        took.as_millis()
    );

    // Back, because B is stopped.
    let written = rows(&share, "nodeb");
    let at = Instant::now();
    assert!(pair.terminate(B).success(), "{}", pair.story());
    assert!(!runs(&pair, B), "{}", pair.story());
    pair.wait_for("the database on A", MOVE, |p| serves(p, A));
    println!(
        "situations: database on a file system: agent stopped, serves again after {} ms",
        at.elapsed().as_millis()
    );
    let more = kept;
    pair.wait_for("rows by A", MOVE, |_| rows(&share, "nodea") > more);
    assert!(rows(&share, "nodeb") >= written, "{}", pair.story());
    assert!(pair.terminate(A).success(), "{}", pair.story());
    assert_eq!(sql(&share, "pragma integrity_check"), "ok");
    assert_eq!(
        fs::read_to_string(format!("{folder}/story")).unwrap(),
        "nodea starts\nnodea has stopped\nnodeb starts\nnodeb has stopped\nnodea starts\nnodea has stopped\n",
    );
    // The agent for file systems found nobody there whom it had to kill.
    let story = pair.story();
    assert!(!story.contains("trying cleanup"), "{story}");
}

fn runs(pair: &Pair, node: usize) -> bool {
    let pid = pair.read(node, "writer");
    let pid = pid.trim();
    !pid.is_empty() && Path::new(&format!("/proc/{pid}")).exists()
}

/// As the scripts of a node see it.
fn mounted(pair: &Pair, node: usize, disk: &str) -> bool {
    let mounts = fs::read_to_string(format!("/proc/{}/mounts", pair.pid(node)));
    mounts.is_ok_and(|all| all.contains(&format!(" {disk} ")))
}

/// How many rows a node has written.
fn rows(share: &str, node: &str) -> u32 {
    let count = sql(
        share,
        &format!("select count(*) from rows where node = '{node}'"),
    );
    count.parse().unwrap_or_default()
}

fn sql(share: &str, words: &str) -> String {
    let mut command = Command::new("sqlite3");
    command.args(["-cmd", ".timeout 2000", &format!("{share}/base"), words]);
    let out = command.output().expect("it is installed");
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}
