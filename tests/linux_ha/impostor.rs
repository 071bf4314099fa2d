//! A second node that is neither program: it says what a real one would, as long as a flow lets it.

use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use super::forge;
use super::pair::Pair;
use super::wire::field;

/// beta, played from the third place.
pub(crate) struct Impostor {
    seq: u32,
    generation: u32,
    /// How much of what was heard it has answered.
    heard: usize,
    hold: &'static str,
    pub(crate) manners: Manners,
    next_status: Instant,
}

/// What it does as a real one does.
#[derive(Clone, Copy)]
pub(crate) struct Manners {
    /// It acknowledges what it hears.
    pub(crate) acks: bool,
    /// It says `done` where it has said `other`.
    pub(crate) finishes: bool,
}

impl Impostor {
    /// One that has not yet said anything.
    pub(crate) fn new(pair: &Pair, manners: Manners) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let generation = now.expect("a clock that runs").as_secs();
        Self {
            seq: 0,
            generation: u32::try_from(generation).expect("before 2106"),
            heard: pair.tap.heard().len(),
            hold: "local",
            manners,
            next_status: Instant::now(),
        }
    }

    /// Says something in beta's name: its own fields are added.
    pub(crate) fn say(&mut self, pair: &Pair, fields: &[(&str, &str)]) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let stamp = format!("{:x}", now.expect("a clock that runs").as_secs());
        let generation = format!("{:x}", self.generation);
        let unnumbered = fields
            .iter()
            .any(|(name, value)| *name == "t" && value.starts_with("NS_"));
        self.seq += u32::from(!unnumbered);
        let seq = format!("{:x}", self.seq);
        let mut all = fields.to_vec();
        all.push(("src", "beta"));
        if !unnumbered {
            all.push(("seq", &seq));
        }
        all.extend([("hg", generation.as_str()), ("ts", &stamp), ("ttl", "3")]);
        pair.tap.say(&forge::message(&all, KEY), None);
    }

    /// Lives for so long.
    pub(crate) fn live(&mut self, pair: &Pair, span: Duration) {
        let end = Instant::now() + span;
        while Instant::now() < end {
            if Instant::now() >= self.next_status {
                let state = ["init", "up", "active"][(self.seq as usize).min(2)];
                let dead = [
                    ("t", "status"),
                    ("st", state),
                    ("dt", "7d0"),
                    ("protocol", "1"),
                ];
                self.say(pair, &dead);
                self.next_status = Instant::now() + STATUS;
            }
            let all = pair.tap.heard();
            for message in &all[self.heard.min(all.len())..] {
                self.answer(pair, message);
            }
            self.heard = all.len();
            sleep(Duration::from_millis(10));
        }
    }

    fn answer(&mut self, pair: &Pair, message: &[u8]) {
        if field(message, "src") != "alpha" {
            return;
        }
        let seq = field(message, "seq");
        if self.manners.acks && seq.ends_with('0') {
            let ack = [
                ("t", "NS_ackmsg"),
                ("dest", "alpha"),
                ("ackseq", seq.as_str()),
            ];
            self.say(pair, &ack);
        }
        let hold = self.hold;
        let resource = |stable| {
            [
                ("t", "resource"),
                ("rsc_hold", hold),
                ("rtype", "full"),
                ("isstable", stable),
            ]
        };
        match field(message, "t").as_str() {
            "reqnodes" => {
                let nodes = [("nodelist", "alpha beta "), ("delnodelist", " ")];
                let answer = [&[("t", "repnodes"), ("dest", "alpha")], &nodes[..]].concat();
                self.say(pair, &answer);
            }
            "starting" => self.say(pair, &resource("1")),
            "resource" if field(message, "isstable") == "0" => self.say(pair, &resource("1")),
            "ask_resources" => {
                let set = field(message, "rsc_hold");
                let ask = |info| {
                    [
                        ("t", "ask_resources"),
                        ("rsc_hold", set.as_str()),
                        ("info", info),
                    ]
                };
                match field(message, "info").as_str() {
                    "me" => self.say(pair, &ask("other")),
                    "done" if self.manners.finishes => {
                        // What is local there is foreign here.
                        let [local, foreign] = match set.as_str() {
                            "local" => [false, true],
                            "foreign" => [true, false],
                            _ => [true, true],
                        };
                        let local = local || ["local", "all"].contains(&hold);
                        let foreign = foreign || ["foreign", "all"].contains(&hold);
                        self.hold = match (local, foreign) {
                            (true, true) => "all",
                            (true, false) => "local",
                            (false, true) => "foreign",
                            (false, false) => "none",
                        };
                        self.say(pair, &ask("done"));
                        let mut mine = resource("1");
                        mine[1].1 = self.hold;
                        self.say(pair, &mine);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// That of `pair::SHA1`.
const KEY: &str = "a-key-that-is-long-enough";
const STATUS: Duration = Duration::from_millis(250);
