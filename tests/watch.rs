//! `status --watch` on a terminal of its own, beside a program that answers as the agent would.

#[path = "watch/screen.rs"]
mod screen;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::{Pid, read, write};
use screen::Screen;

const PROGRAM: &str = env!("CARGO_BIN_EXE_twinbeat");
/// As of a pair with four groups, with a name that is too long for any screen.
const STATUS: &str = "\
WARNING: link ucast eth1 10.9.0.2: up, beta not heard for 3 min

node alpha               this node, healthy, up 2 h 10 min
group one                on alpha for 2 h 10 min: this node is its home
                         held here, idle on beta; a-name-that-is-longer-than-any-screen-is-wide ok
";

/// The terminal, the watch on it, and the agent.
struct Stage {
    folder: PathBuf,
    master: OwnedFd,
    slave: OwnedFd,
    before: Termios,
    watch: Child,
    screen: Screen,
    agent: Arc<Mutex<Option<String>>>,
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

impl Stage {
    fn new(name: &str, rows: u16, columns: u16) -> Self {
        let folder = std::env::temp_dir().join(format!("watch-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let config = format!("rundir {0}\nstatedir {0}\n", folder.display());
        for (file, text) in [
            ("ha.cf", "bcast lo\nnode alpha beta\n"),
            ("twinbeat.cf", config.as_str()),
            ("nodeinfo", "alpha\n"),
            ("haresources", "alpha 192.0.2.100/24\n"),
            ("authkeys", "auth 1\n1 sha1 a-key-of-some-length\n"),
        ] {
            fs::write(folder.join(file), text).unwrap();
            fs::set_permissions(folder.join(file), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let agent = Arc::new(Mutex::new(Some(STATUS.to_owned())));
        serve(&folder, &agent);
        let ends = openpty(Some(&size(rows, columns)), None).unwrap();
        let before = tcgetattr(&ends.slave).unwrap();
        let end = || ends.slave.try_clone().unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["status", "--watch", "-c"]).arg(&folder);
        let command = command.stdin(end()).stdout(end()).stderr(end());
        let watch = command.spawn().unwrap();
        Self {
            folder,
            master: ends.master,
            slave: ends.slave,
            before,
            watch,
            screen: Screen::new(rows.into(), columns.into()),
            agent,
        }
    }

    /// Reads until the screen is as wanted.
    fn until(&mut self, what: &str, so: impl Fn(&Screen) -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        while !so(&self.screen) {
            assert!(
                Instant::now() < end,
                "never: {what}\n{}",
                self.screen.text()
            );
            self.read(100);
        }
    }

    /// Whatever comes within so many milliseconds, or has come.
    fn read(&mut self, millis: u16) -> usize {
        let mut watched = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let mut bytes = [0; 4096];
        if poll(&mut watched, PollTimeout::from(millis)) != Ok(1) {
            return 0;
        }
        let count = read(&self.master, &mut bytes).unwrap_or(0);
        self.screen.take(&bytes[..count]);
        count
    }

    fn resize(&mut self, rows: u16, columns: u16) {
        let size = size(rows, columns);
        screen::resize(&self.master, &size);
        self.screen = Screen::new(rows.into(), columns.into());
        self.screen.alternate = true;
        self.screen.cursor_hidden = true;
    }

    fn key(&self, key: u8) {
        assert_eq!(write(&self.master, &[key]), Ok(1));
    }

    /// It has ended and left the terminal as it was.
    fn ends(&mut self) {
        let end = Instant::now() + Duration::from_secs(10);
        let code = loop {
            self.read(10);
            match self.watch.try_wait().unwrap() {
                Some(status) => break status.code(),
                None => assert!(Instant::now() < end, "it goes on"),
            }
        };
        while self.read(10) > 0 {}
        assert_eq!(code, Some(0));
        let now = tcgetattr(&self.slave).unwrap();
        assert_eq!(now, self.before);
        assert!(!self.screen.alternate && !self.screen.cursor_hidden);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.watch.kill();
        let _ = self.watch.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Answers `status` by the text there is, and `events` by what came since; nobody answers while
/// there is none.
fn serve(folder: &std::path::Path, agent: &Arc<Mutex<Option<String>>>) {
    let (path, agent) = (folder.join("control.sock"), Arc::clone(agent));
    std::thread::spawn(move || {
        let mut listener = None;
        loop {
            let text = agent.lock().unwrap().clone();
            let Some(text) = text else {
                listener = None;
                let _ = fs::remove_file(&path);
                std::thread::sleep(Duration::from_millis(10));
                continue;
            };
            let listener = listener.get_or_insert_with(|| {
                let listener = UnixListener::bind(&path).unwrap();
                listener.set_nonblocking(true).unwrap();
                listener
            });
            let Ok((mut stream, _)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            stream.set_nonblocking(false).unwrap();
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            let reply = match line.trim_end() {
                "status" => format!("ok\n{text}"),
                "events" => {
                    let events: String = (0..300)
                        .map(|n| format!("{n}.000 2026-01-02T03:04:05Z info: event {n}\n"))
                        .collect();
                    format!("ok\n7\n{events}")
                }
                "events 7" => "ok\n7\n".to_owned(),
                other => format!("error: {other}\n"),
            };
            let _ = stream.write_all(reply.as_bytes());
        }
    });
}

#[test]
fn it_fills_80_columns_and_24_rows_and_never_more() {
    let mut stage = Stage::new("fill", 24, 80);
    stage.until("the newest event", |screen| {
        screen.text().contains("event 299")
    });
    let screen = &stage.screen;
    assert!(screen.alternate && screen.cursor_hidden);
    assert_eq!(screen.outside, 0, "{}", screen.text());
    assert!(
        screen
            .row(0)
            .starts_with("WARNING: link ucast eth1 10.9.0.2: up, beta not heard")
    );
    assert_eq!(screen.row(1), "");
    assert!(
        screen.row(4).ends_with("a-name-that-is-longer-than-an"),
        "{}",
        screen.row(4)
    );
    assert_eq!(screen.row(21), "03:04:05Z info: event 299");
    assert!(screen.row(23).starts_with("twinbeat status"));
    // Trouble is in words; that it is inverse too is for the eye.
    assert!(screen.inverse(0) && !screen.inverse(2));
    stage.key(b'q');
    stage.ends();
}

#[test]
fn it_takes_the_size_that_the_terminal_has() {
    let mut stage = Stage::new("size", 24, 80);
    stage.until("a first screen", |screen| screen.text().contains("q ends"));
    for (rows, columns) in [(40, 132), (10, 40), (1, 1), (24, 80)] {
        stage.resize(rows, columns);
        let last = usize::from(rows) - 1;
        stage.until("the last row", |screen| {
            columns == 1 || screen.row(last).starts_with("twinbeat status")
        });
        for _ in 0..15 {
            stage.read(100);
        }
        assert_eq!(stage.screen.outside, 0, "{}", stage.screen.text());
        if columns == 132 {
            assert!(stage.screen.text().contains("is-wide ok"));
        }
    }
    stage.key(3);
    stage.ends();
}

#[test]
fn only_lines_that_change_are_sent_again() {
    let mut stage = Stage::new("change", 24, 80);
    stage.until("the newest event", |screen| {
        screen.text().contains("event 299")
    });
    while stage.read(300) > 0 {}
    let mut count = 0;
    for _ in 0..25 {
        count += stage.read(100);
    }
    assert_eq!(count, 0, "nothing changed");
    let text = STATUS.replace("2 h 10 min", "2 h 11 min");
    *stage.agent.lock().unwrap() = Some(text);
    let before = stage.screen.bytes;
    stage.until("the new time", |screen| {
        screen.text().matches("11 min").count() == 2
    });
    assert!(
        stage.screen.bytes - before < 200,
        "{}",
        stage.screen.bytes - before
    );
    // Whoever presses a key sees everything anew.
    let before = stage.screen.bytes;
    stage.key(b'x');
    while stage.screen.bytes - before < 500 {
        assert!(stage.read(3000) > 0);
    }
    kill(
        Pid::from_raw(stage.watch.id().cast_signed()),
        Signal::SIGTERM,
    )
    .unwrap();
    stage.ends();
}

#[test]
fn a_lost_agent_is_told_and_waited_for() {
    let mut stage = Stage::new("lost", 24, 80);
    stage.until("a first screen", |screen| {
        screen.text().contains("event 299")
    });
    *stage.agent.lock().unwrap() = None;
    stage.until("the loss", |screen| {
        screen.row(0).starts_with("NOT RUNNING for ")
    });
    assert!(stage.screen.inverse(0));
    let text = stage.screen.text();
    assert!(
        text.contains("Before that:") && text.contains("on alpha for"),
        "{text}"
    );
    *stage.agent.lock().unwrap() = Some("OK: all is well again\n\n".to_owned());
    stage.until("its return", |screen| {
        screen.row(0) == "OK: all is well again"
    });
    assert!(!stage.screen.inverse(0));
    stage.key(b'q');
    stage.ends();
}

#[test]
fn without_a_terminal_it_says_so() {
    let stage = Stage::new("none", 24, 80);
    let mut command = Command::new(PROGRAM);
    command.args(["status", "--watch", "-c"]).arg(&stage.folder);
    let out = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(out.stdout.is_empty());
    assert_eq!(out.stderr, b"twinbeat: --watch needs a terminal\n");
}
