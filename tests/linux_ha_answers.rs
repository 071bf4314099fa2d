//! What a node answers to single words of a real heartbeat, where their order matters.

#[path = "linux_ha/forge.rs"]
mod forge;

use twinbeat::action::{Action, Carrier, Command, Input, Kept, Outcome};
use twinbeat::config::{self, Config, Sources};
use twinbeat::id::{GroupId, LinkId};
use twinbeat::time::{Duration, Instant};
use twinbeat::{Boot, Heartbeat, MAX_FRAME, Node};

const KEY: &str = "a-secret-of-some-length";

/// alpha, and beta's side of the wire.
struct Talk {
    node: Node,
    now: Instant,
    seq: u32,
}

fn config(failback: &str, haresources: &str) -> Config {
    let ha_cf = format!(
        "protocol linux-ha\nnode alpha beta\nkeepalive 1\ndeadtime 5\ninitdead 10\n\
         auto_failback {failback}\nbcast eth0\n"
    );
    let authkeys = format!("auth 1\n1 sha1 {KEY}\n");
    let sources = Sources::new("alpha", &ha_cf, haresources, &authkeys);
    config::read(&sources, &mut |diagnostic| println!("{diagnostic:?}")).expect("a good one")
}

impl Talk {
    fn new(failback: &str) -> Self {
        Self::with(failback, "alpha 10.0.0.1\n")
    }

    fn with(failback: &str, haresources: &str) -> Self {
        let now = Instant::from_micros(100_000_000);
        let boot = Boot {
            incarnation: 1,
            counter: 1,
            kept: Kept::default(),
            heartbeat: Heartbeat {
                generation: 7,
                uuid: None,
                clock: 1_700_000_000,
            },
        };
        let mut node = Node::new(&config(failback, haresources), boot, now);
        let (link, carrier) = (LinkId::ZERO, Carrier::Up);
        let up = Input::Link { link, carrier };
        node.handle(now, up).expect("it is configured");
        Self { node, now, seq: 0 }
    }

    /// beta says something; the words of alpha that follow.
    fn hear(&mut self, words: &[(&str, &str)]) -> Vec<String> {
        self.seq += 1;
        self.hear_late(self.seq, words)
    }

    /// The same, under a number that may be an older one.
    fn hear_late(&mut self, seq: u32, words: &[(&str, &str)]) -> Vec<String> {
        let seq = format!("{seq:x}");
        let numbers = [
            ("src", "beta"),
            ("seq", seq.as_str()),
            ("hg", "1"),
            ("ts", "6553f100"),
        ];
        let bytes = forge::message(&[words, &numbers[..]].concat(), KEY);
        let frame = Input::Frame {
            link: LinkId::ZERO,
            bytes: &bytes,
        };
        self.handle(frame);
        self.said()
    }

    fn handle(&mut self, input: Input<'_>) {
        self.node.handle(self.now, input).expect("it is good");
    }

    /// Type, and state, step or key, of all that is to be sent now.
    fn said(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        let mut buffer = [0; MAX_FRAME];
        while let Some(transmit) = self.node.poll_transmit(self.now, &mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..transmit.len]).into_owned();
            let value = |name| text.lines().find_map(|line| line.strip_prefix(name));
            let state = value("st=").or(value("info=")).or(value("ipaddr="));
            let state = state.unwrap_or_default();
            let kind = value("t=").unwrap_or("?");
            said.push(format!("{kind} {state}").trim().to_owned());
        }
        said
    }
}

const NODES: [(&str, &str); 4] = [
    ("t", "repnodes"),
    ("dest", "alpha"),
    ("nodelist", "alpha beta "),
    ("delnodelist", " "),
];
const UP: [(&str, &str); 3] = [("t", "status"), ("st", "up"), ("protocol", "1")];
const ACTIVE: [(&str, &str); 3] = [("t", "status"), ("st", "active"), ("protocol", "1")];

#[test]
fn who_asks_for_the_nodes_hears_first_that_this_one_is_active() {
    let mut talk = Talk::new("legacy");
    talk.hear(&UP);
    talk.hear(&NODES);
    let said = talk.hear(&[("t", "reqnodes"), ("dest", "alpha")]);
    assert_eq!(said[..2], ["status active", "repnodes"], "{said:?}");
}

#[test]
fn who_was_told_to_go_on_is_not_left_waiting_for_the_last_word() {
    let mut talk = Talk::new("off");
    talk.hear(&UP);
    talk.hear(&NODES);
    talk.hear(&ACTIVE);
    let all = [("rsc_hold", "all"), ("rtype", "full"), ("isstable", "1")];
    talk.hear(&[&[("t", "resource")], &all[..]].concat());
    let ask = |info| [("t", "ask_resources"), ("rsc_hold", "all"), ("info", info)];
    let said = talk.hear(&ask("me"));
    assert!(said.contains(&"ask_resources other".to_owned()), "{said:?}");
    talk.handle(Input::Command(Command::Shutdown));
    let said = talk.said();
    assert!(
        !said.iter().any(|word| word.starts_with("shutdone")),
        "{said:?}"
    );
    let said = talk.hear(&ask("done"));
    let at = |word: &str| said.iter().position(|other| other.starts_with(word));
    let (done, goodbye) = (at("ask_resources done"), at("shutdone"));
    assert!(done.is_some() && done < goodbye, "{said:?}");
}

#[test]
fn what_comes_late_of_what_the_peer_had_is_no_news() {
    let mut talk = Talk::new("off");
    talk.hear(&UP);
    talk.hear(&NODES);
    talk.hear(&ACTIVE);
    let resource = |stable| {
        let rest = [("rsc_hold", "all"), ("rtype", "full"), ("isstable", stable)];
        [&[("t", "resource")], &rest[..]].concat()
    };
    let missing = talk.seq + 1;
    talk.seq = missing;
    let said = talk.hear(&resource("1"));
    assert!(said.contains(&"resource".to_owned()), "{said:?}");
    talk.hear_late(missing, &resource("0"));
    // Who has become stable is answered, who was so before is not.
    let said = talk.hear(&resource("1"));
    assert!(!said.contains(&"resource".to_owned()), "{said:?}");
}

#[test]
fn with_auto_failback_legacy_the_longest_key_is_asked_for_and_answered() {
    let key = format!("script::{}", "x".repeat(192));
    let mut talk = Talk::with("legacy", &format!("alpha {key}\n"));
    talk.hear(&UP);
    talk.hear(&NODES);
    let mut said = talk.hear(&ACTIVE);
    talk.now = talk.now.after(Duration::from_secs(4));
    let (group, outcome) = (GroupId::ZERO, Outcome::Stopped);
    let check = Input::Done { group, outcome };
    assert_eq!(talk.node.poll_action(), Some(Action::Check(group)));
    talk.handle(check);
    talk.handle(Input::Timeout);
    said.extend(talk.said());
    assert!(said.contains(&format!("ip-request {key}")), "{said:?}");
    let said = talk.hear(&[("t", "ip-request"), ("ipaddr", &key)]);
    assert!(
        !said.iter().any(|word| word.starts_with("ip-request-resp")),
        "it is asked for here"
    );
    let freed = [
        ("t", "ip-request-resp"),
        ("dest", "alpha"),
        ("ipaddr", &key),
        ("ok", "OK"),
    ];
    talk.hear(&freed);
    let start = Action::Start {
        group,
        probe: false,
    };
    assert_eq!(talk.node.poll_action(), Some(start));
}

#[test]
fn who_could_not_stop_a_group_says_no_goodbye_for_it_would_be_started_there_at_once() {
    for (outcome, goodbye) in [(Outcome::Stopped, true), (Outcome::StopFailed, false)] {
        let mut talk = Talk::new("off");
        talk.hear(&UP);
        talk.hear(&NODES);
        talk.hear(&ACTIVE);
        let local = [("rsc_hold", "local"), ("rtype", "full"), ("isstable", "1")];
        talk.hear(&[&[("t", "resource")], &local[..]].concat());
        talk.now = talk.now.after(Duration::from_secs(1));
        talk.handle(Input::Timeout);
        talk.said();
        talk.hear(&ACTIVE);
        let group = GroupId::ZERO;
        let probe = false;
        assert_eq!(
            talk.node.poll_action(),
            Some(Action::Start { group, probe })
        );
        let running = Outcome::Running;
        talk.handle(Input::Done {
            group,
            outcome: running,
        });
        talk.handle(Input::Command(Command::Shutdown));
        assert_eq!(talk.node.poll_action(), Some(Action::Stop(group)));
        talk.handle(Input::Done { group, outcome });
        let mut said = talk.said();
        for _ in 0..30 {
            talk.now = talk.now.after(Duration::from_millis(100));
            talk.handle(Input::Timeout);
            said.extend(talk.said());
        }
        let shutdone = said.iter().any(|word| word.starts_with("shutdone"));
        assert_eq!(shutdone, goodbye, "{said:?}");
        assert_eq!(talk.node.poll_action(), Some(Action::Exit));
    }
}
