//! Two machines and a client on one switch, perhaps with a null-modem, and all that may happen to them.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::agent::Kind;
use super::ledger::Ledger;
use super::machine::Machine;
use super::wire::Tap;
use crate::lab::cable::Cable;
use crate::lab::namespace::Namespace;

/// The home of the first group.
pub(crate) const A: usize = 0;
/// The home of the second.
pub(crate) const B: usize = 1;
pub(crate) const NAMES: [&str; 2] = ["alpha", "beta"];

/// What joins the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Bcast,
    Mcast,
    Ucast,
    /// A null-modem of 19200 baud and nothing else; clients have their network all the same.
    Serial,
    /// Broadcasts and the null-modem at once.
    Both,
}

impl Media {
    /// How it is called in names of tests and in tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bcast => "bcast",
            Self::Mcast => "mcast",
            Self::Ucast => "ucast",
            Self::Serial => "serial",
            Self::Both => "both",
        }
    }

    /// Lines of `ha.cf`, the same on both nodes.
    fn directives(self) -> &'static str {
        match self {
            Self::Bcast => "bcast eth0\n",
            Self::Mcast => "mcast eth0 225.0.0.77 694 1 0\n",
            Self::Ucast => "ucast eth0 10.77.0.1\nucast eth0 10.77.0.2\n",
            Self::Serial => "baud 19200\nserial /run/line\n",
            Self::Both => "baud 19200\nserial /run/line\nbcast eth0\n",
        }
    }

    /// 19200 baud are nine messages a second.
    fn timing(self) -> &'static str {
        match self {
            Self::Serial => "keepalive 500ms\nwarntime 2\ndeadtime 4\ninitdead 5\n",
            Self::Bcast | Self::Mcast | Self::Ucast | Self::Both => {
                "keepalive 250ms\nwarntime 1\ndeadtime 2\ninitdead 4\n"
            }
        }
    }
}

/// What a flow varies of the three files.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    /// The word of `auto_failback`.
    pub(crate) failback: &'static str,
    /// In place of the pace that the media have.
    pub(crate) timing: Option<&'static str>,
    /// More lines of `ha.cf`.
    pub(crate) directives: &'static str,
    pub(crate) authkeys: &'static str,
}

pub(crate) const SHA1: &str = "auth 1\n1 sha1 a-key-that-is-long-enough\n";
pub(crate) const SETTING: Setting = Setting {
    failback: "on",
    timing: None,
    directives: "",
    authkeys: SHA1,
};

/// A pair; everything ends with it but the logs.
pub(crate) struct Pair {
    pub(crate) kinds: [Kind; 2],
    pub(crate) machines: [Machine; 2],
    pub(crate) bridge: Namespace,
    _outside: Namespace,
    pub(crate) ledger: Ledger,
    pub(crate) tap: Tap,
    folder: PathBuf,
    cable: Option<RefCell<Cable>>,
    /// Rules of the switch now, by what they are for.
    rules: RefCell<Vec<(&'static str, String)>>,
}

impl Pair {
    /// Lays the cables and writes the files; both machines are on and nothing is started.
    pub(crate) fn new(name: &str, kinds: [Kind; 2], media: Media, setting: &Setting) -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("linux_ha")
            .join(name.replace(' ', "-"));
        let _ = fs::remove_dir_all(&folder);
        let bridge = Namespace::new(&format!("bridge{number}"));
        bridge.ip("link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0");
        bridge.ip("addr add 10.77.0.254/24 broadcast 10.77.0.255 dev br0");
        bridge.ip("link set br0 up");
        let outside = Namespace::new(&format!("outside{number}"));
        lay_cable(&bridge, &outside, 8);
        let mut machines = NAMES.map(|name| {
            let namespace = Namespace::new(&format!("{name}{number}"));
            let machine = Machine::new(name, namespace, folder.join(name));
            write_files(&machine, media, setting);
            machine
        });
        for (number, machine) in machines.iter().enumerate() {
            lay_cable(&bridge, &machine.namespace, number);
        }
        let cable = matches!(media, Media::Serial | Media::Both).then(|| {
            let ends = [A, B].map(|node| machines[node].disk.join("line"));
            let cable = Cable::new([&ends[A], &ends[B]]).expect("python3 is installed");
            RefCell::new(cable)
        });
        for machine in &mut machines {
            machine.boot();
        }
        let ledger = Ledger::new(&machines, &outside);
        let tap = Tap::new(&outside, &folder.join("wire"));
        Self {
            kinds,
            machines,
            bridge,
            _outside: outside,
            ledger,
            tap,
            folder,
            cable,
            rules: RefCell::new(Vec::new()),
        }
    }

    /// Starts the node's agent; its machine is switched on first.
    pub(crate) fn start(&mut self, node: usize) {
        if !self.machines[node].is_on() {
            self.plug(node, true);
            self.machines[node].boot();
        }
        self.kinds[node].start(&self.machines[node]);
    }

    /// All processes of the node end at once, its addresses go, its port is dark.
    pub(crate) fn cut_power(&mut self, node: usize) {
        self.plug(node, false);
        self.machines[node].cut_power();
        let namespace = &self.machines[node].namespace;
        for address in super::ledger::SERVICES {
            // It has at most some of them.
            let _ = namespace.try_ip(&format!("addr del {address}/24 dev eth0"));
            let _ = namespace.try_ip(&format!("addr del {address}/32 dev eth0"));
        }
        self.ledger.lost_power(node);
    }

    /// Pulls a node's network cable, or plugs it again: the node sees its carrier.
    fn plug(&self, node: usize, plugged: bool) {
        let state = if plugged { "up" } else { "down" };
        self.bridge.ip(&format!("link set port{node} {state}"));
    }

    /// What nodes say to each other is lost on all media; clients keep their network.
    pub(crate) fn cut(&self) {
        self.cut_network();
        self.cut_line();
    }

    /// The same, of the switch alone.
    pub(crate) fn cut_network(&self) {
        self.rule("cut", "udp dport 694 drop");
    }

    /// The same, of the null-modem alone.
    pub(crate) fn cut_line(&self) {
        self.tell_cable("cut");
    }

    /// The end of [`cut`](Self::cut).
    pub(crate) fn heal(&self) {
        self.rule("cut", "");
        self.tell_cable("heal");
    }

    /// So many of a hundred messages are lost, each way.
    pub(crate) fn lose(&self, percent: u32) {
        let rule = format!("udp dport 694 numgen random mod 100 < {percent} drop");
        self.rule("loss", if percent == 0 { "" } else { &rule });
        for way in ["ab", "ba"] {
            self.tell_cable(&format!("loss {way} {}", f64::from(percent) / 100.0));
        }
    }

    /// The client answers the node's pings, or not any more.
    pub(crate) fn answer_pings(&self, node: usize, answers: bool) {
        let rule = format!("ip saddr 10.77.0.{} icmp type echo-request drop", node + 1);
        let what = ["pings of alpha", "pings of beta"][node];
        self.rule(what, if answers { "" } else { &rule });
    }

    fn tell_cable(&self, line: &str) {
        if let Some(cable) = &self.cable {
            cable.borrow_mut().tell(line);
        }
    }

    /// Sets the switch's rule for `what`; none where it is empty.
    fn rule(&self, what: &'static str, rule: &str) {
        let mut rules = self.rules.borrow_mut();
        rules.retain(|(name, _)| *name != what);
        if !rule.is_empty() {
            rules.push((what, rule.to_owned()));
        }
        let rules: Vec<_> = rules.iter().map(|(_, rule)| rule.as_str()).collect();
        let table = format!(
            "table bridge lab\ndelete table bridge lab\n\
             table bridge lab {{\nchain forward {{\ntype filter hook forward priority 0\n{}\n}}\n}}\n",
            rules.join("\n")
        );
        nft(&self.bridge, &table);
    }

    /// The answer of `cl_status` with these words, trimmed.
    pub(crate) fn cl_status(&self, node: usize, words: &[&str]) -> String {
        let words = [&["cl_status"], words].concat();
        let out = self.kinds[node].ask(&self.machines[node], &words);
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    /// Waits for something to become true; what it is now in words, when it does not.
    pub(crate) fn within(
        &self,
        seconds: u64,
        mut done: impl FnMut(&Self) -> Result<(), String>,
    ) -> Result<(), String> {
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            match done(self) {
                Ok(()) => return Ok(()),
                Err(why) if Instant::now() > end => {
                    return Err(format!("not within {seconds} s: {why}"));
                }
                Err(_) => sleep(Duration::from_millis(200)),
            }
        }
    }

    /// What both agents wrote, and what passed between them.
    pub(crate) fn story(&self) -> String {
        let mut story = String::new();
        for (kind, machine) in self.kinds.iter().zip(&self.machines) {
            story += &format!("--- {} ({})\n", machine.name, kind.word());
            story += &last_lines(&kind.log(machine));
            if *kind == Kind::Ours && machine.is_on() {
                let out = kind.ask(machine, &["status"]);
                story += &String::from_utf8_lossy(&out.stdout);
            }
        }
        story += "--- who had what\n";
        story += &self.ledger.story();
        story + "--- all of it is in " + &self.folder.to_string_lossy()
    }
}

/// The end of a log: a refused message is dumped as it is.
fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log
        .lines()
        .filter(|line| !line.contains(":(0)") && !line.contains(|letter: char| letter.is_control()))
        .collect();
    let kept = &lines[lines.len().saturating_sub(LINES)..];
    kept.iter().map(|line| format!("{line}\n")).collect()
}

/// Runs nftables' text in a namespace.
pub(crate) fn nft(namespace: &Namespace, text: &str) {
    let mut command = Command::new("nft");
    let out = namespace.within(|| command.arg(text).output());
    let out = out.expect("nftables is installed");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{text}: {said}");
}

/// A cable between a host and the switch: 10.77.0.(number + 1).
fn lay_cable(bridge: &Namespace, host: &Namespace, number: usize) {
    bridge.ip(&format!(
        "link add port{number} type veth peer name eth0 netns {}",
        host.name()
    ));
    bridge.ip(&format!("link set port{number} master br0 up"));
    let address = format!("10.77.0.{}/24 broadcast 10.77.0.255", number + 1);
    host.ip(&format!("addr add {address} dev eth0"));
    host.ip("link set eth0 up");
}

/// heartbeat's three files and a service that leaves traces: nothing of ours.
fn write_files(machine: &Machine, media: Media, setting: &Setting) {
    let Setting {
        failback,
        timing,
        directives,
        authkeys,
    } = setting;
    let timing = timing.unwrap_or(media.timing());
    let text = format!(
        "logfacility none\nlogfile /var/log/ha-log\n{timing}udpport 694\n{}auto_failback {failback}\n\
         {directives}node alpha beta\n",
        media.directives()
    );
    machine.write("ha.d/ha.cf", 0o644, &text);
    machine.write("ha.d/haresources", 0o644, HARESOURCES);
    machine.write("ha.d/authkeys", 0o600, authkeys);
    machine.write("ha.d/resource.d/service", 0o755, SERVICE);
}

const HARESOURCES: &str = "\
alpha IPaddr2::10.77.0.100/24/eth0 service::0
beta IPaddr2::10.77.0.101/24/eth0 service::1
";
/// Writes down when it started and stopped, in seconds since the boot of this machine, all in one.
const SERVICE: &str = "#!/bin/sh
running=/run/service$1
read now rest < /proc/uptime
case $2 in
start)
  [ -e $running ] || echo \"$now $1 start\" >> /var/log/service
  : > $running ;;
stop)
  [ ! -e $running ] || echo \"$now $1 stop\" >> /var/log/service
  rm -f $running ;;
status)
  if [ -e $running ]; then echo running; else echo stopped; fi ;;
esac
[ ! -e /etc/ha.d/tell ] || env > /var/log/environment
exit 0
";
/// Of each log that are shown where a flow fails.
const LINES: usize = 120;
/// Pairs made so far: their names must differ while flows run side by side.
static MADE: AtomicU32 = AtomicU32::new(0);
