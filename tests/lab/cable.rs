//! A null-modem between two ptys: `tests/boards/pty_cable.py`, told what goes wrong on it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A cable; its two ends go with it.
pub(crate) struct Cable {
    program: Child,
    tell: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Cable {
    /// Lays one of 19200 baud: the paths become links to its ends. `None` where there is no `python3`.
    pub(crate) fn new(ends: [&Path; 2]) -> Option<Self> {
        let mut program = Command::new("python3")
            .arg("-B")
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/boards/pty_cable.py"
            ))
            .args(ends)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (tell, said) = (program.stdin.take(), program.stdout.take());
        let mut cable = Self {
            program,
            tell: tell.expect("piped"),
            said: BufReader::new(said.expect("piped")),
        };
        cable.hear();
        Some(cable)
    }

    /// Says one line to it, and waits until it is so.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.tell, "{line}").expect("it runs");
        self.hear();
    }

    fn hear(&mut self) {
        let mut line = String::new();
        while line != "ok\n" {
            line.clear();
            let count = self.said.read_line(&mut line).expect("it runs");
            assert!(count > 0, "the cable broke");
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
