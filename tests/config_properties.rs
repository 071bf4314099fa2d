//! Whatever bytes the files hold: no panic, bounded output, every word in its place, no key shown.

use proptest::collection::vec;
use proptest::prelude::*;

use twinbeat::config::diagnostic::{Diagnostic, File, Severity};
use twinbeat::config::reach::MAX_TARGETS;
use twinbeat::config::{Config, LocalName, Machine, Sources, lint, read};
use twinbeat::time::Duration;

/// Bytes as they come, and text made of the words that the parsers know.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        8 => proptest::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        4 => proptest::sample::select(SEPARATORS).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..24),
        1 => "[ -~]{0,40}".prop_map(String::into_bytes),
    ];
    prop_oneof![
        1 => vec(any::<u8>(), 0..600),
        8 => vec(word, 0..120).prop_map(|words| words.join(&b' ')),
    ]
}

/// A machine that has nothing, so that everything lacking is said.
#[derive(Debug)]
struct Nothing;

impl Machine for Nothing {
    fn has_script(&self, name: &str) -> bool {
        assert!(!name.is_empty() && !name.contains('/'));
        false
    }

    fn has_interface(&self, name: &str) -> bool {
        assert!((1..=15).contains(&name.len()));
        false
    }

    fn judge_line(&self, device: &str, say: &mut dyn FnMut(&str)) {
        assert!(device.starts_with('/'));
        say("there is none");
    }

    fn has_user(&self, name: &str) -> bool {
        assert!(!name.is_empty() && !name.contains(':'));
        false
    }

    fn has_program(&self, path: &str) -> bool {
        assert!(path.starts_with('/'));
        false
    }

    fn is_same_device(&self, one: &str, other: &str) -> bool {
        assert!(one.starts_with('/') && one != other);
        one.len() == other.len()
    }
}

/// Whether a position is a byte of the text, or just behind its last.
fn is_inside(text: &[u8], line: u32, column: u16) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    let nth = lines.nth(line.saturating_sub(1) as usize);
    line >= 1 && column >= 1 && nth.is_some_and(|l| usize::from(column) <= l.len() + 1)
}

fn check_config(config: &Config) -> Result<(), TestCaseError> {
    let timing = config.timing;
    prop_assert!(timing.keepalive > Duration::ZERO && timing.warntime > Duration::ZERO);
    prop_assert!(timing.deadtime > timing.keepalive.scaled(2, 1));
    prop_assert!(timing.initdead >= timing.deadtime);
    prop_assert!(timing.lease <= lint::longest_lease(timing.keepalive, timing.deadtime).0);
    prop_assert!(config.me.index() < config.nodes.len() && !config.links.is_empty());
    prop_assert!(
        config
            .links
            .iter()
            .all(|link| (link.port > 0) == link.rate().is_none())
    );
    prop_assert!(
        config
            .keys
            .keys
            .iter()
            .any(|k| k.number == config.keys.signing)
    );
    let reach = &config.reach;
    prop_assert!(reach.deadping > timing.keepalive.scaled(2, 1));
    let mut targets = 0;
    for witness in &reach.witnesses {
        // In order, none left out.
        prop_assert!(witness.target == targets || witness.target + 1 == targets);
        targets = targets.max(witness.target + 1);
    }
    prop_assert!(targets == reach.targets && targets <= MAX_TARGETS);
    for group in config.group_ids() {
        prop_assert!(!config.group_resources(group).is_empty());
        prop_assert!(!config.group_key(group).is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_a_sound_configuration_or_errors_in_their_places(
        ha_cf in bytes(),
        twinbeat_cf in proptest::option::of(bytes()),
        haresources in bytes(),
        authkeys in bytes(),
        nodeinfo in proptest::option::of(bytes()),
        sound in any::<[bool; 3]>(),
        settings in vec(proptest::sample::select(SETTINGS), 0..5),
        groups in vec(proptest::sample::select(GROUPS), 0..4),
    ) {
        // Mostly sound files beside the random ones, so that what depends on them is reached.
        let or_sound = |sound: bool, text: String, random: Vec<u8>| {
            if sound { text.into_bytes() } else { random }
        };
        let ha_cf = or_sound(sound[0], format!("{SOUND}{}", settings.join("\n")), ha_cf);
        let haresources = or_sound(sound[0], groups.join("\n"), haresources);
        let authkeys = or_sound(sound[1], "auth 1\n1 sha1 key\n".into(), authkeys);
        let nodeinfo = nodeinfo.filter(|_| !sound[2]);
        let twinbeat_cf = twinbeat_cf.filter(|_| !sound[2]);
        let sources = Sources {
            ha_cf: Ok(&ha_cf),
            twinbeat_cf: twinbeat_cf.as_deref().map(Ok),
            haresources: Ok(&haresources),
            authkeys: Ok(&authkeys),
            name: nodeinfo.as_deref().map_or(LocalName::Kernel(b"alpha"), |t| LocalName::NodeInfo(Ok(t))),
            machine: Some(&Nothing),
        };
        let mut said = Vec::new();
        let mut errors = 0;
        let mut misplaced = None;
        let config = read(&sources, &mut |diagnostic: Diagnostic<'_>| {
            let position = diagnostic.position;
            let text: &[u8] = match position.file {
                File::HaCf => &ha_cf,
                File::TwinbeatCf => twinbeat_cf.as_deref().unwrap_or_default(),
                File::Haresources => &haresources,
                File::Authkeys => &authkeys,
                File::NodeInfo => nodeinfo.as_deref().unwrap_or_default(),
            };
            if !is_inside(text, position.line, position.column) {
                misplaced = Some(diagnostic.to_string());
            }
            errors += usize::from(diagnostic.severity() == Severity::Error);
            said.push(diagnostic.to_string());
        });
        prop_assert_eq!(misplaced, None);
        prop_assert_eq!(config.is_none(), errors > 0, "{:?}", said);
        prop_assert!(said.len() <= 66 * 5, "{} lines", said.len());
        for line in &said {
            prop_assert!(line.len() <= 1000 && !line.contains(char::is_control), "{}", line);
            prop_assert!(line.is_ascii() , "{}", line);
        }
        if let Some(config) = config {
            check_config(&config)?;
        }
    }

    #[test]
    fn a_key_is_never_shown(
        before in vec(proptest::sample::select(&["auth", "1", "sha1", "md5", "crc", "16", "\n", "\n", "#"][..]), 0..12),
        after in vec(proptest::sample::select(&["auth", "1", "sha256", "x", "\n", "\n"][..]), 0..12),
    ) {
        let text = format!("{} Tr0ub4dor&3 {}", before.join(" "), after.join(" "));
        let mut said = String::new();
        let config = read(&Sources::new("alpha", SOUND, "", &text), &mut |d| {
            said += &format!("{d} {d:?}");
        });
        prop_assert!(!said.contains("Tr0ub4dor"), "{}", said);
        let shown = format!("{config:?}");
        prop_assert!(!shown.contains("Tr0ub4dor"));
    }
}

#[test]
fn a_megabyte_of_anything_is_read_in_a_moment() {
    let started = std::time::Instant::now();
    for line in [
        "xeepalive 1\n",
        "a \\\n",
        "node a,",
        "#",
        "\\",
        "alpha x::y\n",
        "1 sha1 k\n",
        " ",
    ] {
        let text = line.repeat(1_000_000 / line.len());
        let mut lines = 0;
        let sources = Sources::new("alpha", &text, &text, &text);
        assert!(read(&sources, &mut |_| lines += 1).is_none());
        assert!(lines <= 66 * 5, "{lines} lines for {line:?}");
    }
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

const SOUND: &str = "node alpha beta\nbcast eth0\n";

const SETTINGS: &[&str] = &[
    "keepalive 100ms",
    "keepalive 3",
    "deadtime 3",
    "deadtime 8.5",
    "warntime 2",
    "initdead 40",
    "lease 1",
    "lease 8",
    "ucast eth1 10.0.0.2",
    "mcast eth2 225.0.0.1 694 1 0",
    "ucast6 eth3 fe80::2",
    "udpport 6940",
    "auto_failback legacy",
    "hopfudge 1",
    "cluster home",
    "logfacility local0",
    "node gamma",
    "serial /dev/ttyS1 /dev/ttyS2",
    "baud 9600",
    "rtscts on",
    "watchdog /dev/watchdog required",
    "watchdog_timeout 5",
];

const GROUPS: &[&str] = &[
    "alpha 10.0.0.5",
    "beta IPaddr2::10.0.0.6/24/eth0:1/10.0.0.255 dnsmasq MailTo::root::text",
    "ALPHA IPv6addr::2001:db8::5/64 \\\n   x::1 \\\n 10.0.0.7/24",
    "beta postfix",
    "gamma x",
    "# nothing",
];

const SEPARATORS: &[&str] = &["\n", "\n", "\n", "\r\n", "\\\n", "#", ",", "\t"];

const WORDS: &[&str] = &[
    "node",
    "alpha",
    "beta",
    "Alpha",
    "keepalive",
    "deadtime",
    "initdead",
    "warntime",
    "lease",
    "1",
    "2",
    "10",
    "30",
    "100ms",
    "5us",
    "0",
    "99999999999999999999999",
    "1.5",
    "udpport",
    "694",
    "ping",
    "ping6",
    "ping_group",
    "track",
    "deadping",
    "group",
    "policy",
    "at-most-one",
    "monitor",
    "timeout",
    "restarts",
    "window",
    "resource",
    "failback",
    "bcast",
    "eth0",
    "eth1",
    "mcast",
    "mcast6",
    "225.0.0.1",
    "ff02::1",
    "ucast",
    "ucast6",
    "10.0.0.2",
    "fe80::2",
    "auto_failback",
    "on",
    "off",
    "legacy",
    "logfile",
    "/var/log/x",
    "logfacility",
    "local0",
    "debug",
    "protocol",
    "native",
    "rundir",
    "statedir",
    "crm",
    "autojoin",
    "none",
    "hopfudge",
    "serial",
    "/dev/ttyS1",
    "baud",
    "19200",
    "rtscts",
    "watchdog",
    "required",
    "watchdog_timeout",
    "nice_failback",
    "IPaddr::10.0.0.5/24/eth0",
    "IPaddr2::10.0.0.6/24/eth0:1/10.0.0.255",
    "IPv6addr::2001:db8::5/64",
    "10.0.0.7",
    "2001:db8::6",
    "MailTo::root::text",
    "dnsmasq",
    "IPaddr",
    "x::",
    "::",
    ":",
    "/",
    "auth",
    "sha1",
    "sha256",
    "crc",
    "md5",
    "15",
    "16",
    "secretsecretsecret",
];
