//! `twinbeat plan` with a described path, and with what a running program tells of its paths.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;

/// A directory whose `rundir` is its own.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = format!("twinbeat-plan-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let rundir = format!("rundir {}\n", folder.display());
        fs::write(folder.join("twinbeat.cf"), rundir).unwrap();
        Self(folder)
    }

    /// Exit code and output of `plan`; what asks is told `status`.
    fn plan(&self, words: &[&str], status: &str) -> (Option<i32>, String) {
        let socket = self.0.join("control.sock");
        let _ = fs::remove_file(&socket);
        let door = UnixListener::bind(socket).unwrap();
        let reply = format!("ok\n{status}\n");
        let asked = std::thread::spawn(move || {
            let (mut client, _) = door.accept().unwrap();
            let mut request = String::new();
            BufReader::new(&client).read_line(&mut request).unwrap();
            client.write_all(reply.as_bytes()).unwrap();
            request
        });
        let output = Command::new(env!("CARGO_BIN_EXE_twinbeat"))
            .args(["plan", "-c"])
            .arg(&self.0)
            .args(words)
            .output()
            .unwrap();
        if words.is_empty() {
            assert_eq!(asked.join().unwrap(), "status --json\n");
        }
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What one setting does.
fn row<'a>(table: &'a str, keepalive: &str, deadtime: &str) -> Vec<&'a str> {
    let mut rows = table.lines().map(|line| {
        line.split('\t')
            .filter(|cell| !cell.is_empty())
            .collect::<Vec<_>>()
    });
    let same = |row: &Vec<&str>| row.len() > 4 && row[0] == keepalive && row[1] == deadtime;
    rows.find(same)
        .unwrap_or_else(|| panic!("no {keepalive} {deadtime} in {table}"))
}

#[test]
fn a_described_path_needs_no_running_program() {
    let place = Place::new("described");
    // A third is lost each way: of 10 ms and 30 ms two beats and eight questions have to fail.
    let (code, table) = place.plan(&["--loss=333333"], "");
    assert_eq!(code, Some(0));
    let found = row(&table, "10ms", "30ms");
    assert_eq!(found[2..4], ["25ms to 30ms", "6200"]);
    let years: f64 = found[4].trim_end_matches(" a year").parse().unwrap();
    let expected = 31_557_600.0 * 100.0 / 9.0 * (5.0_f64 / 9.0).powi(8);
    assert!(
        (0.99..1.01).contains(&(years / expected)),
        "{years} {expected}"
    );
    assert_eq!(row(&table, "2s", "10s")[2..4], ["9s to 10s", "31"]);
    assert_eq!(place.plan(&["--loss", "much"], "").0, Some(2));
}

#[test]
fn each_peer_is_planned_for_by_all_of_its_paths_that_are_there() {
    let path = |link: &str, up: bool, loss: u32, frames: u32, missed: u32| {
        format!(
            "{{\"link\":\"{link}\",\"up\":{up},\"age_ms\":7,\"loss_ppm\":{loss},\"jitter_us\":300,\
             \"longest_ms\":1200,\"frames\":{frames},\"missed\":{missed}}}"
        )
    };
    let status = format!(
        "{{\"version\":1,\"nodes\":[{{\"name\":\"alpha\",\"self\":true,\"paths\":[]}},\
         {{\"name\":\"beta\",\"self\":false,\"links\":[\"bcast eth0\"],\"paths\":[{},{},{}]}},\
         {{\"name\":\"gamma\",\"self\":false,\"paths\":[{}]}}],\
         \"links\":[{{\"name\":\"bcast eth0\",\"carrier\":\"up\"}}]}}",
        path("bcast eth0", true, 0, 300_000, 30_000),
        path("serial /dev/ttyS1", true, 500_000, 20_000, 1),
        path("bcast eth1", false, 0, 90_000, 0),
        path("bcast eth0", true, 0, 97, 0),
    );
    let (code, told) = Place::new("measured").plan(&[], &status);
    assert_eq!(code, Some(0), "{told}");
    let paths: Vec<&str> = told.lines().filter(|line| line.contains(" by ")).collect();
    assert_eq!(
        paths,
        [
            "beta by bcast eth0: 30000 of 330000 frames lost, counted as 90909 ppm; jitter 300us",
            "beta by serial /dev/ttyS1: 1 of 20001 frames lost, counted as 500000 ppm; jitter 300us",
            "gamma by bcast eth0: 0 of 97 frames lost, counted as 30927 ppm; too few to see less; jitter 300us",
        ]
    );
    let tables = told.matches("keepalive\t").count();
    assert_eq!(tables, 2, "{told}");
}

#[test]
fn where_nothing_was_measured_it_says_so() {
    let place = Place::new("nothing");
    let status = "{\"nodes\":[{\"name\":\"alpha\",\"self\":true,\"paths\":[]}],\"links\":[]}";
    assert_eq!(place.plan(&[], status), (Some(1), String::new()));
}
