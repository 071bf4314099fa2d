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
        "each_move_is_told_with_its_cause_by_either_node_in_six_lines",
        moves,
    ),
    (
        "a_start_that_fails_is_told_with_its_cause_by_either_node",
        start_fails,
    ),
    (
        "events_are_told_in_the_words_of_the_log_and_followed",
        events,
    ),
];

const SECOND: Duration = Duration::from_secs(1);

fn pair() -> Pair {
    Pair::new(&Settings {
        directives: "auto_failback on\nbcast eth0\nping 10.77.0.9\n",
        resources: "service::one IPaddr2::10.77.0.100/24/eth0",
        ..Settings::default()
    })
}

fn quick() -> Pair {
    let mut pair = pair();
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
        told.ends_with("group service::one: held: this node is its home\n"),
        "{told}"
    );
    let json = said(pair.command(A, &["events", "--json"]));
    assert_eq!(json.lines().count(), told.lines().count());
    let last = r#","level":"info","event":"group service::one: held: this node is its home"}"#;
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

fn moves() {
    let mut pair = quick();
    let mut reader = Reader::new(&pair);
    // What is done, who serves then, and of what cause each node speaks.
    let mut told = |pair: &mut Pair, what: &str, holder: usize, causes: [&str; 2]| {
        pair.wait_for(what, 10 * SECOND, |p| {
            p.holds(holder) && !p.holds(1 - holder)
        });
        sleep(SECOND);
        for ((name, lines), cause) in ["A", "B"].iter().zip(reader.fresh(pair)).zip(causes) {
            // A start says more than what moves.
            let begin = lines.iter().rposition(|line| line.contains(" is alive "));
            let story = &lines[begin.unwrap_or(0)..];
            assert!(story.len() <= 6, "{what}: {name} tells {story:#?}");
            let all = lines.join("\n");
            assert!(
                all.contains(cause),
                "{what}: {name} lacks {cause:?}:\n{all}"
            );
        }
    };
    pair.command(A, &["standby"]);
    let causes = [
        "stopping: operator's command",
        "starting: its holder stands by",
    ];
    told(&mut pair, "standby", B, causes);
    pair.command(A, &["takeover"]);
    let causes = [
        "starting: operator's command",
        "stopping: operator's command",
    ];
    told(&mut pair, "takeover", A, causes);
    pair.nodes[A].namespace.ip("route add blackhole 10.77.0.9");
    let causes = [
        "stopping: another node reaches more ping targets",
        "node nodea reaches 0 of 1 targets",
    ];
    told(&mut pair, "gateway lost", B, causes);
    pair.nodes[A].namespace.ip("route del blackhole 10.77.0.9");
    let causes = [
        "10.77.0.9 is reached: 1 of 1",
        "node nodea reaches 1 of 1 targets",
    ];
    told(&mut pair, "gateway found", A, causes);
    pair.terminate(A);
    let causes = [
        "stopping: this program is being stopped",
        "starting: its holder left",
    ];
    told(&mut pair, "graceful stop", B, causes);
    pair.start(A);
    let causes = [
        "starting: this node is its home",
        "stopping: asked for by a node with a better right",
    ];
    told(&mut pair, "failback", A, causes);
    pair.kill(A);
    told(
        &mut pair,
        "power cut",
        B,
        ["", "node nodea is dead: nothing heard for 300ms"],
    );
    fs::remove_file(pair.nodes[A].folder.join("running")).expect("it served");
    pair.start(A);
    told(&mut pair, "return", A, causes);
}

fn start_fails() {
    let mut pair = pair();
    let script = pair.nodes[A].folder.join("ha.d/resource.d/service");
    fs::write(
        &script,
        "#!/bin/sh\n[ $2 = status ] && echo stopped && exit 3\n[ $2 != start ]",
    )
    .unwrap();
    pair.start(A);
    pair.start(B);
    pair.wait_for("B to serve", 10 * SECOND, |p| p.holds(B));
    sleep(SECOND);
    let causes = [
        "service start: exit code 1",
        "starting: a peer could not start it",
    ];
    let mut reader = Reader { read: [0; 2] };
    for (lines, cause) in reader.fresh(&pair).iter().zip(causes) {
        let begin = lines.iter().rposition(|line| line.contains(" is alive "));
        let story = &lines[begin.unwrap_or(0) + 1..];
        assert!(story.len() <= 6, "{story:#?}");
        assert!(story.iter().any(|line| line.contains(cause)), "{story:#?}");
    }
}
