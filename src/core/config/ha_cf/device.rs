//! What `ha.cf` says of devices: serial lines and watchdogs.

use super::directive::Name;
use super::value::check_path;
use super::{Problem, Settings};
use crate::config::diagnostic::{File, Position, Quoted, Report};
use crate::config::lexer::Word;
use crate::config::line;
use crate::config::watchdog::MAX_WATCHDOGS;
use crate::config::{Config, Dialect, Interface, Link, Machine, Medium, Text};
use crate::id::MAX_LINKS;
use crate::time::Duration;

/// Where the first watchdog stood, and what goes for every serial line.
#[derive(Default)]
pub(super) struct Devices {
    watchdog: Option<Position>,
    /// `baud`; zero when it was wrong.
    pub(super) rate: Option<u32>,
    /// `rtscts`.
    pub(super) rtscts: bool,
}

impl Settings {
    /// One word of a `watchdog` line.
    pub(super) fn add_watchdog(
        &mut self,
        word: Word<'_>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) {
        if word.bytes == b"required" {
            config.watchdog.required = true;
            if self.devices.watchdog.is_none() {
                report.say(word.at, Problem::NoValue(Name::Watchdog.example()));
            }
            return;
        }
        self.devices.watchdog.get_or_insert(word.at);
        let Some(device) = keep_path(Name::Watchdog, word, config, report) else {
            return;
        };
        let path = config.text(device);
        let mut devices = config.watchdog.devices.iter();
        let what = if devices.any(|other| config.text(*other) == path) {
            "stands twice: remove one of them"
        } else if config.watchdog.devices.push(device).is_err() {
            "is one watchdog too many: at most 4; remove some"
        } else {
            return;
        };
        report.say(word.at, Problem::Wrong(Quoted(word.bytes), what));
    }

    /// Refuses beats that would fill more than half of a serial line, and a `deadtime` in which nobody
    /// could prove its life over it; groups must be known.
    pub(in crate::config) fn finish_lines(&self, config: &Config, report: &mut Report<'_>) {
        let keepalive = config.timing.keepalive;
        let (mut lines, mut rate) = (0_usize, 0);
        for one in config.links.iter().filter_map(Link::rate) {
            lines = lines.saturating_add(1);
            rate = one;
        }
        let (nodes, groups) = (config.nodes.len(), config.groups.len());
        let load = config.load(lines);
        // Without a line, or where something was refused, one of them is zero.
        if rate == 0 || keepalive == Duration::ZERO {
            return;
        }
        if !line::fits(keepalive, load, rate) {
            let shortest = line::shortest_keepalive(load, rate);
            let problem = Problem::FullLine(rate, load, shortest);
            return report.say(self.place_or_top(Name::Keepalive), problem);
        }
        if config.dialect == Dialect::LinuxHa {
            return; // There is nothing to prove.
        }
        let shortest = line::answer_time(nodes, groups, rate);
        if config.timing.deadtime < shortest {
            let shortest = Duration::from_millis(shortest.millis().saturating_add(1));
            report.say(self.timing_place(), Problem::SlowLine(shortest));
        }
    }

    /// Says which serial lines this machine cannot give at present, and which are one.
    pub(in crate::config) fn compare_lines(
        &self,
        config: &Config,
        machine: &dyn Machine,
        report: &mut Report<'_>,
    ) {
        let mut before = heapless::Vec::<_, MAX_LINKS>::new();
        for (link, at) in config.links.iter().zip(&self.links) {
            let Medium::Serial { device, .. } = link.medium else {
                continue;
            };
            let device = config.text(device);
            let same = |line: &&(&str, Position)| machine.is_same_device(device, line.0);
            match before.iter().find(same) {
                Some((_, earlier)) => report.say(*at, Problem::Same(*earlier)),
                None => machine.judge_line(device, &mut |why| report.say(*at, Problem::Line(why))),
            }
            let _ = before.push((device, *at)); // As many places as links.
        }
    }

    /// Where the first watchdog is.
    pub(in crate::config) fn watchdog_place(&self) -> Position {
        (self.devices.watchdog).unwrap_or(Position::start(File::HaCf))
    }
}

/// A serial line. Its rate is set when `baud` is known for sure, at the end.
pub(super) fn serial(word: Word<'_>, config: &mut Config, report: &mut Report<'_>) -> Option<Link> {
    Some(Link {
        medium: Medium::Serial {
            device: keep_path(Name::Serial, word, config, report)?,
            baud: 0,
            rtscts: false,
        },
        interface: Interface::new(),
        port: 0,
    })
}

/// Keeps an absolute path. An empty one stands for what does not fit, which is an error, too.
pub(super) fn keep_path(
    name: Name,
    word: Word<'_>,
    config: &mut Config,
    report: &mut Report<'_>,
) -> Option<Text> {
    if let Err(problem) = check_path(name, word.bytes) {
        return report.refuse(word.at, problem);
    }
    let text = config.keep(word.bytes, word.at, report);
    Some(text.unwrap_or_default())
}

const _: () = assert!(MAX_WATCHDOGS == 4, "as in words");

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    use crate::config::{Medium, Sources, read};

    const REST: &str = "node alpha beta\nauto_failback on\n";

    /// What is said about a `ha.cf` of these lines and [`REST`], and a summary of what it means.
    fn outcome(lines: &str, haresources: &str) -> (Vec<String>, Option<String>) {
        let text = format!("{lines}\n{REST}");
        let sources = Sources::new(
            "alpha",
            &text,
            haresources,
            "auth 1\n1 sha1 0123456789abcdef\n",
        );
        let mut said = Vec::new();
        let config = read(&sources, &mut |d| said.push(d.to_string()));
        let summary = config.map(|config| {
            let mut summary = String::new();
            for link in &config.links {
                if let Medium::Serial {
                    device,
                    baud,
                    rtscts,
                } = link.medium
                {
                    assert!(link.interface.is_empty() && link.port == 0);
                    summary += &format!("{} {baud} {rtscts}; ", config.text(device));
                }
            }
            for device in &config.watchdog.devices {
                summary += &format!("{}; ", config.text(*device));
            }
            let watchdog = &config.watchdog;
            summary + &format!("{} {}", watchdog.required, watchdog.timeout)
        });
        (said, summary)
    }

    fn meaning(lines: &str) -> String {
        let (said, summary) = outcome(lines, "");
        summary.unwrap_or_else(|| panic!("{said:?}"))
    }

    /// The only error.
    fn error_with(lines: &str, haresources: &str) -> String {
        let (mut said, summary) = outcome(lines, haresources);
        said.retain(|line| line.contains(": error: "));
        assert!(said.len() == 1 && summary.is_none(), "{lines:?}: {said:?}");
        said.remove(0)
    }

    fn error(lines: &str) -> String {
        error_with(lines, "")
    }

    fn advice(lines: &str, haresources: &str) -> String {
        let (mut said, _) = outcome(lines, haresources);
        said.retain(|line| line.contains(": advice: watchdog"));
        said.concat()
    }

    #[test]
    fn rate_and_flow_control_go_for_every_serial_line_wherever_they_stand() {
        assert_eq!(
            meaning("serial /dev/ttyS1"),
            "/dev/ttyS1 19200 false; false 0s"
        );
        assert_eq!(
            meaning(
                "serial /dev/ttyS1 /dev/ttyS2\nrtscts on\nbcast eth0\nserial /dev/x\nbaud 460800"
            ),
            "/dev/ttyS1 460800 true; /dev/ttyS2 460800 true; /dev/x 460800 true; false 0s"
        );
    }

    #[test]
    fn serial_lines_are_checked_word_by_word() {
        for (lines, said) in [
            ("serial", "ha.cf:1:1: error: a value is missing"),
            (
                "serial /dev/a ttyS1",
                "ha.cf:1:15: error: \"ttyS1\" is no absolute path",
            ),
            (
                "serial /dev/a\nserial /dev/b /dev/a",
                "ha.cf:2:15: error: the same stands already at ha.cf:1:8: remove",
            ),
            (
                "serial /dev/a\nbaud 9601",
                "ha.cf:2:6: error: \"9601\" must be 9600, 19200 (usual), 38400, 57600, 115200, 230400 or 460800",
            ),
            (
                "serial /dev/a\nbaud 9600\nbaud 9600",
                "ha.cf:3:1: error: baud is given a second time, the first is ha.cf:2:1",
            ),
            (
                "serial /dev/a\nrtscts maybe",
                "ha.cf:2:8: error: \"maybe\" must be on",
            ),
            (
                "serial /a /b /c /d /e /f /g /h /i /j",
                "ha.cf:1:32: error: more than 8 media",
            ),
            (
                "bcast eth0\nserial ttyS1 # and no other complaint\nkeepalive 10ms",
                "ha.cf:2:8: error: \"ttyS1\" is no absolute path",
            ),
        ] {
            let error = error(lines);
            assert!(error.starts_with(said), "{lines}: {error}");
        }
    }

    #[test]
    fn watchdogs_are_tried_in_their_order() {
        let base = "bcast eth0\nwatchdog /dev/watchdog1 /dev/watchdog0";
        assert_eq!(meaning(base), "/dev/watchdog1; /dev/watchdog0; false 0s");
        assert_eq!(
            meaning(&format!("{base} required\nwatchdog_timeout 65535")),
            "/dev/watchdog1; /dev/watchdog0; true 65535s"
        );
    }

    #[test]
    fn watchdogs_are_checked_word_by_word() {
        for (lines, said) in [
            ("watchdog", "ha.cf:1:1: error: a value is missing"),
            (
                "watchdog required",
                "ha.cf:1:10: error: a value is missing: write for example \"watchdog /dev/watchdog required\"",
            ),
            (
                "watchdog dev required",
                "ha.cf:1:10: error: \"dev\" is no absolute path",
            ),
            (
                "watchdog /a\nwatchdog /b,/a",
                "ha.cf:2:13: error: \"/a\" stands twice",
            ),
            (
                "watchdog /a /b /c /d /e",
                "ha.cf:1:22: error: \"/e\" is one watchdog too many: at most 4",
            ),
            (
                "watchdog_timeout 0",
                "ha.cf:1:18: error: \"0\" is not whole seconds, 1 or more",
            ),
            (
                "watchdog_timeout 1.5",
                "ha.cf:1:18: error: \"1.5\" is not whole seconds, 1 or more",
            ),
            (
                "watchdog_timeout 65536",
                "ha.cf:1:18: error: \"65536\" is too long: at most 65535s",
            ),
            (
                "watchdog_timeout 2s",
                "ha.cf:1:18: error: \"2s\" is not a time",
            ),
            (
                "watchdog_timeout 2 s",
                "ha.cf:1:20: error: a blank between \"2\" and \"s\"",
            ),
        ] {
            let error = error(&format!("{lines}\nbcast eth0"));
            assert!(error.starts_with(said), "{lines}: {error}");
        }
    }

    #[test]
    fn a_keepalive_that_does_not_fit_the_line_is_refused_with_the_shortest_that_does() {
        let four = "alpha a\nalpha b\nalpha c\nalpha d\n";
        let full = |lines: &str| error_with(lines, four);
        let said = full("deadtime 1\nkeepalive 45ms\nserial /dev/a");
        assert!(
            said.starts_with(
                "ha.cf:2:1: error: keepalive is too short for a serial line of 19200 baud: beats take 44 bytes"
            ) && said.contains("write keepalive 46ms or more"),
            "{said}"
        );
        assert!(full("keepalive 45833us\ndeadtime 1\nserial /a").contains("keepalive 46ms or"));
        assert!(
            full("keepalive 90ms\ndeadtime 1\nbaud 9600\nserial /a").contains("keepalive 92ms")
        );
        for fits in [
            "keepalive 45834us\ndeadtime 1\nserial /a",
            "keepalive 50ms\ndeadtime 150ms\nserial /a\nucast eth0 10.0.0.2",
            "keepalive 2ms\ndeadtime 10ms\nserial /a\nbaud 460800",
            "keepalive 10ms\ndeadtime 30ms\nbcast eth0",
        ] {
            assert!(outcome(fits, four).1.is_some(), "{fits}");
        }
    }

    #[test]
    fn a_deadtime_in_which_no_life_can_be_proved_is_refused_with_the_shortest_in_which_it_can() {
        let four = "alpha a\nalpha b\nalpha c\nalpha d\n";
        let base = "keepalive 50ms\nserial /dev/a\ndeadtime";
        assert_eq!(
            error_with(&format!("{base} 137ms"), four),
            "ha.cf:3:1: error: deadtime is too short for a serial line: write deadtime 138ms or more, or raise baud"
        );
        assert!(outcome(&format!("{base} 138ms"), four).1.is_some());
        assert!(
            outcome(&format!("{base} 101ms\nbaud 38400"), four)
                .1
                .is_some()
        );
        // Over two lines it takes twice as long.
        let ring = format!("node gamma\nserial /dev/b\n{base}").replace("50ms", "100ms");
        assert!(error_with(&format!("{ring} 291ms"), four).contains("write deadtime 292ms"));
    }

    #[test]
    fn in_a_ring_the_beats_of_the_others_count() {
        // Three nodes without groups: 36 bytes, and 4 of framing.
        let ring = "node gamma\ndeadtime 1\nserial /a /b\nkeepalive";
        assert!(error(&format!("{ring} 83ms")).contains("take 80 bytes each time"));
        assert!(outcome(&format!("{ring} 84ms"), "").1.is_some());
        let end = ring.replace(" /b", "");
        assert!(outcome(&format!("{end} 42ms"), "").1.is_some());
        // Two lines between the same two nodes: each carries its own beats only.
        let pair = "deadtime 1\nserial /a /b\nkeepalive 38ms";
        assert!(outcome(pair, "").1.is_some());
    }

    #[test]
    fn what_a_watchdog_means_for_scripts_is_said() {
        let base = "watchdog /dev/watchdog\nbcast eth0\nkeepalive 1\ndeadtime";
        assert_eq!(
            advice(&format!("{base} 6"), "alpha dnsmasq"),
            "ha.cf:1:10: advice: watchdog_timeout 2s: when a node hangs its scripts never run twice (never: with \
             deadtime 6s or more)"
        );
        let late = advice(&format!("{base} 6\nwatchdog_timeout 9"), "alpha dnsmasq");
        assert!(
            late.contains("may run twice (never: with deadtime 13s or more)"),
            "{late}"
        );
        // Addresses are leased.
        assert_eq!(advice(&format!("{base} 6"), "alpha 192.0.2.10"), "");
        assert_eq!(advice("bcast eth0", "alpha dnsmasq"), "");
    }
}
