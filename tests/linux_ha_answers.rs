//! What a node answers to single words of a real heartbeat, where their order matters.

#[path = "linux_ha/forge.rs"]
mod forge;

use twinbeat::action::{Carrier, Command, Input, Kept};
use twinbeat::config::{self, Config, Sources};
use twinbeat::id::LinkId;
use twinbeat::time::Instant;
use twinbeat::{Boot, Heartbeat, MAX_FRAME, Node};

const KEY: &str = "a-secret-of-some-length";

/// alpha, and beta's side of the wire.
struct Talk {
    node: Node,
    now: Instant,
    seq: u32,
}

fn config(failback: &str) -> Config {
    let ha_cf = format!(
        "protocol linux-ha\nnode alpha beta\nkeepalive 1\ndeadtime 5\ninitdead 10\n\
         auto_failback {failback}\nbcast eth0\n"
    );
    let authkeys = format!("auth 1\n1 sha1 {KEY}\n");
    let sources = Sources::new("alpha", &ha_cf, "alpha 10.0.0.1\n", &authkeys);
    config::read(&sources, &mut |diagnostic| println!("{diagnostic:?}")).expect("a good one")
}

impl Talk {
    fn new(failback: &str) -> Self {
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
        let mut node = Node::new(&config(failback), boot, now);
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

    /// Type, and state or step, of all that is to be sent now.
    fn said(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        let mut buffer = [0; MAX_FRAME];
        while let Some(transmit) = self.node.poll_transmit(self.now, &mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..transmit.len]).into_owned();
            let value = |name| text.lines().find_map(|line| line.strip_prefix(name));
            let state = value("st=").or(value("info=")).unwrap_or_default();
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
