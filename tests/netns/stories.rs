//! The log: nothing in peace, and of each move a short story that either node tells alone.

use std::fs;
use std::process::Output;
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    ("the_log_says_nothing_while_nothing_happens", peace),
    (
        "events_are_told_in_the_words_of_the_log_and_followed",
        events,
    ),
];

const SECOND: Duration = Duration::from_secs(1);

fn quick() -> Pair {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback off\nbcast eth0\nping 10.77.0.9\n",
        resources: "service::one IPaddr2::10.77.0.100/24/eth0",
        ..Settings::default()
    });
    pair.start_both();
    pair
}

/// What each node has logged since it was last asked.
struct Reader {
    read: [usize; 2],
}

impl Reader {
    fn new(pair: &Pair) -> Self {
        let mut reader = Self { read: [0; 2] };
        reader.fresh(pair);
        reader
    }

    fn fresh(&mut self, pair: &Pair) -> [Vec<String>; 2] {
        [A, B].map(|node| {
            let path = pair.nodes[node].folder.join("agent.log");
            let text = fs::read_to_string(path).expect("written by the agent");
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let before = std::mem::replace(&mut self.read[node], lines.len());
            lines[before..].to_vec()
        })
    }
}

fn peace() {
    let pair = quick();
    let mut reader = Reader::new(&pair);
    sleep(8 * SECOND);
    let [a, b] = reader.fresh(&pair);
    assert!(a.is_empty() && b.is_empty(), "{}", pair.story());
}

fn events() {
    let mut pair = quick();
    let said = |out: Output| String::from_utf8(out.stdout).expect("our own words");
    let told = said(pair.command(A, &["events"]));
    let log = pair.story();
    let mut rest = log.as_str();
    for line in told.lines() {
        let mut words = line.splitn(3, ' ');
        let (uptime, utc) = (words.next().unwrap(), words.next().unwrap());
        let text = words.next().unwrap();
        assert!(
            uptime.split_once('.').is_some_and(|(_, ms)| ms.len() == 3),
            "{line}"
        );
        assert!(utc.starts_with("20") && utc.ends_with('Z'), "{line}");
        let at = rest
            .find(text)
            .unwrap_or_else(|| panic!("{text} is not in\n{log}"));
        rest = &rest[at..];
    }
    assert!(
        told.ends_with("group service::one: held: the first able node\n"),
        "{told}"
    );
    let json = said(pair.command(A, &["events", "--json"]));
    assert_eq!(json.lines().count(), told.lines().count());
    let last = r#","level":"info","event":"group service::one: held: the first able node"}"#;
    assert!(json.trim_ascii_end().ends_with(last), "{json}");
    // What happens while it follows is told once.
    pair.signal(B, Signal::SIGSTOP);
    let program = pair.nodes[A].program.clone();
    pair.nodes[A]
        .program
        .splice(0..0, ["timeout", "3"].map(str::to_owned));
    let followed = said(pair.command(A, &["events", "--follow"]));
    pair.nodes[A].program = program;
    pair.signal(B, Signal::SIGCONT);
    let death = "WARN: node nodeb is dead: nothing heard for 300ms";
    assert_eq!(followed.matches(death).count(), 1, "{followed}");
    assert!(followed.starts_with(&told), "{followed}");
}
