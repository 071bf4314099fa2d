//! What `status` means: by its words or by its exit code, as each kind of script speaks.
//!
//! | what is called | judged by |
//! |---|---|
//! | `resource.d/NAME` | heartbeat's words on standard output: "not running" is stopped, "running" runs, "stopped" is stopped, "OK" runs, anything else and nothing at all is stopped; the exit code does not count |
//! | `/etc/init.d/NAME` | the same words if it says one of them; otherwise, and where systemd answers for it ("Active: ..."), LSB's exit codes: 0 runs, 1 to 3 is stopped, others do not tell; a word of how to use it is stopped: it does not know `status` |
//! | OCF agent | the exit code of `monitor`: 0, 8, 190 and 191 run, 7 is stopped, and 5: it is not installed; others do not tell |
//! | systemd unit | the word of `is-active`: "active" and "reloading" run, "inactive", "failed" and "unknown" are stopped, others do not tell |
//!
//! What does not tell is started, and does not count as stopped.

use super::{Exit, Finished};

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `resource.d`.
    Heartbeat,
    /// `/etc/init.d`.
    Lsb,
    /// OCF agents.
    Ocf,
    /// Units of systemd.
    Systemd,
}

impl Rule {
    /// Whether it runs; `None` when that was not to be learned.
    pub(crate) fn runs(self, finished: &Finished) -> Option<bool> {
        let Exit::Code(code) = finished.exit else {
            return None;
        };
        let said = finished.said.as_bytes();
        match (self, code) {
            (Self::Heartbeat, _) => Some(words(said).unwrap_or(false)),
            (Self::Lsb, _) if finished.is_usage() => Some(false),
            (Self::Lsb, _) if !says(said, &["Active: "]) && words(said).is_some() => words(said),
            (Self::Lsb, 0) | (Self::Ocf, 0 | 8 | 190 | 191) => Some(true),
            (Self::Lsb, 1..=3) | (Self::Ocf, 5 | 7) => Some(false),
            (Self::Lsb | Self::Ocf, _) => None,
            (Self::Systemd, _) => {
                let is = |words: &[&str]| words.contains(&finished.said.trim_ascii());
                if is(&["active", "reloading"]) {
                    Some(true)
                } else {
                    is(&["inactive", "failed", "unknown"]).then_some(false)
                }
            }
        }
    }
}

/// Heartbeat's rule, if any of its words is said.
fn words(said: &[u8]) -> Option<bool> {
    if says(
        said,
        &["not running", "Not running", "not Running", "Not Running"],
    ) {
        Some(false)
    } else if says(said, &["running", "Running"]) {
        Some(true)
    } else if says(said, &["stopped", "Stopped"]) {
        Some(false)
    } else {
        says(said, &["OK"]).then_some(true)
    }
}

pub(super) fn says(said: &[u8], words: &[&str]) -> bool {
    let at = |word: &&str| said.windows(word.len()).any(|part| part == word.as_bytes());
    words.iter().any(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(rule: Rule, said: &str, code: i32) -> Option<bool> {
        rule.runs(&Finished {
            exit: Exit::Code(code),
            said: said.to_owned(),
        })
    }

    #[test]
    fn a_resource_script_speaks_by_heartbeats_words_whatever_its_exit_code() {
        for (said, code, meant) in [
            ("INFO:  Running OK", 0, true),
            ("nginx is running", 3, true),
            ("OK", 1, true),
            ("nginx is not running", 0, false),
            ("INFO:  Resource is stopped", 0, false),
            ("something", 0, false),
            ("", 0, false),
        ] {
            assert_eq!(runs(Rule::Heartbeat, said, code), Some(meant), "{said}");
        }
    }

    /// What real init scripts print, with their exit codes.
    #[test]
    fn an_init_script_speaks_by_its_words_and_without_them_by_its_exit_code() {
        let active = |state: &str| {
            format!(
                "● x.service - X\n     Active: {state} since Tue\n  Nov 21 h x[7]: is running\n  Nov 21 h x[7]: Stopped\n"
            )
        };
        for (said, code, meant) in [
            // sysvinit: status_of_proc.
            (" * nginx is running", 0, Some(true)),
            (" * nginx is not running ... failed!", 3, Some(false)),
            (
                " * could not access PID file for nginx ... failed!",
                4,
                None,
            ),
            ("Checking for service foo: OK", 0, Some(true)),
            ("foo (pid 4711) is up", 0, Some(true)),
            ("foo dead but pid file exists", 1, Some(false)),
            ("foo dead but subsys locked", 2, Some(false)),
            ("", 0, Some(true)),
            ("", 3, Some(false)),
            ("", 4, None),
            ("", 150, None),
            // Scripts that do not know the verb.
            (
                "Usage: /etc/init.d/foo {start|stop|restart}",
                1,
                Some(false),
            ),
            (
                "Usage: /etc/init.d/foo {start|stop|restart}",
                0,
                Some(false),
            ),
            (
                "Syntax: /etc/init.d/foo [command]\n\trunning\tCheck if service is running",
                0,
                Some(false),
            ),
            // systemd answers for its units, with lines of the journal behind.
            (&active("active (running)"), 0, Some(true)),
            (&active("active (exited)"), 0, Some(true)),
            (&active("inactive (dead)"), 3, Some(false)),
            (&active("failed (Result: exit-code)"), 3, Some(false)),
            // OpenWrt's rc.common with procd.
            ("running", 0, Some(true)),
            ("running (1/2)", 0, Some(true)),
            ("not running", 5, Some(false)),
            ("inactive", 3, Some(false)),
            ("active with no instances", 0, Some(true)),
            ("unknown instance x", 4, None),
        ] {
            assert_eq!(runs(Rule::Lsb, said, code), meant, "{said:?} {code}");
        }
    }

    #[test]
    fn an_agent_speaks_by_its_exit_code_whatever_it_prints() {
        for (code, meant) in [
            (0, Some(true)),
            (8, Some(true)),
            (7, Some(false)),
            (5, Some(false)),
            (1, None),
            (9, None),
            (127, None),
        ] {
            assert_eq!(runs(Rule::Ocf, "not running, running", code), meant);
        }
    }

    #[test]
    fn a_unit_on_its_way_is_neither_running_nor_stopped() {
        for (said, code, meant) in [
            ("active\n", 0, Some(true)),
            ("reloading\n", 0, Some(true)),
            ("inactive\n", 3, Some(false)),
            ("failed\n", 3, Some(false)),
            ("unknown\n", 4, Some(false)),
            ("activating\n", 3, None),
            ("deactivating\n", 3, None),
            ("", 1, None),
        ] {
            assert_eq!(runs(Rule::Systemd, said, code), meant, "{said}");
        }
    }

    #[test]
    fn what_did_not_end_by_itself_says_nothing() {
        for rule in [Rule::Heartbeat, Rule::Lsb, Rule::Ocf, Rule::Systemd] {
            let finished = Finished {
                exit: Exit::TimedOut,
                said: "running".to_owned(),
            };
            assert_eq!(rule.runs(&finished), None);
        }
    }
}
