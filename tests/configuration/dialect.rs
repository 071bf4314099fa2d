//! `protocol linux-ha`: beside a real heartbeat.

use twinbeat::config::{AutoFailback, Config, Dialect, Sources};

use crate::{HA_CF, HARESOURCES, good, outcome};

const SHA1: &str = "auth 1\n1 sha1 0123456789abcdef\n";

/// What comes of these lines in twinbeat.cf; the others stay as a heartbeat has them.
fn beside(twinbeat_cf: &str) -> (Option<Box<Config>>, Vec<String>) {
    let mut sources = Sources::new("Alpha", HA_CF, HARESOURCES, SHA1);
    sources.twinbeat_cf = Some(Ok(twinbeat_cf.as_bytes()));
    outcome(&sources)
}

#[test]
fn the_dialect_may_stand_in_a_file_of_our_own_and_is_native_unless_said() {
    let (config, said) = beside("protocol linux-ha\n");
    let config = config.unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(config.dialect, Dialect::LinuxHa);
    assert_eq!(config.node_name(config.me), "alpha");
    let (config, _) = beside("protocol native\n");
    assert_eq!(config.map(|config| config.dialect), Some(Dialect::Native));
    assert_eq!(good(HA_CF).dialect, Dialect::Native);
    let (config, said) = beside("protocol heartbeat\n");
    assert!(config.is_none() && said[0].contains("linux-ha"), "{said:?}");
}

/// The warnings beside a real heartbeat, of these lines in twinbeat.cf and in authkeys.
fn said_of(twinbeat_cf: &str, authkeys: &str) -> Vec<String> {
    let text = format!("protocol linux-ha\n{twinbeat_cf}");
    let mut sources = Sources::new("alpha", HA_CF, HARESOURCES, authkeys);
    sources.twinbeat_cf = Some(Ok(text.as_bytes()));
    outcome(&sources).1
}

#[test]
fn heartbeat_has_two_nodes() {
    let (config, said) = beside("protocol linux-ha\nnode gamma\n");
    assert!(config.is_none() && said.len() == 1, "{said:?}");
    assert!(said[0].starts_with("ha.cf:1:6: error: protocol linux-ha is for two nodes"));
    assert!(beside("node gamma\n").0.is_some());
}

#[test]
fn each_dialect_has_its_methods() {
    for (method, known) in [("md5", true), ("sha1", true), ("sha256", false)] {
        let keys = format!("auth 1\n1 {method} 0123456789abcdef\n");
        let said = said_of("", &keys);
        let refused = said
            .iter()
            .any(|line| line.starts_with("authkeys:2:3: error: "));
        assert_eq!(refused, !known, "{said:?}");
        let (config, _) = outcome(&Sources::new("alpha", HA_CF, HARESOURCES, &keys));
        assert_eq!(config.is_some(), method != "md5");
    }
    let said = said_of("", "auth 1\n1 crc\n");
    assert!(
        said.iter()
            .any(|line| line.contains("write \"1 sha1 KEY\"")),
        "{said:?}"
    );
}

#[test]
fn what_a_heartbeat_does_not_keep_is_named() {
    let group = "group IPaddr::192.0.2.10/24/eth0";
    for (line, expected) in [
        (
            format!("{group} policy at-most-one"),
            "twinbeat.cf:2:41: warning: \"at-most-one\" holds",
        ),
        (
            format!("{group} failback on"),
            "twinbeat.cf:2:34: warning: \"failback\" does nothing",
        ),
        (
            "cluster home".to_owned(),
            "twinbeat.cf:2:1: warning: cluster is accepted but",
        ),
        (
            "msgfmt netstring".to_owned(),
            "twinbeat.cf:2:1: warning: msgfmt is accepted but has no effect: what is sent is classic",
        ),
        (
            "hopfudge 2".to_owned(),
            "twinbeat.cf:2:1: warning: hopfudge",
        ),
    ] {
        let said = said_of(&line, SHA1);
        let expected = |line: &&String| line.starts_with(expected);
        assert_eq!(said.iter().filter(expected).count(), 1, "{line}: {said:?}");
    }
    assert_eq!(
        said_of(&format!("{group} restarts 2 monitor 10"), SHA1),
        said_of("", SHA1)
    );
}

#[test]
fn legacy_is_legacy_and_not_on() {
    let ha_cf = HA_CF.replace("auto_failback off", "auto_failback legacy");
    for (protocol, words) in [
        ("linux-ha", "hb_standby"),
        ("native", "legacy means on here"),
    ] {
        let text = format!("{ha_cf}protocol {protocol}\n");
        let (config, said) = outcome(&Sources::new("alpha", &text, HARESOURCES, SHA1));
        assert!(said.iter().any(|line| line.contains(words)), "{said:?}");
        assert_eq!(config.map(|c| c.auto_failback), Some(AutoFailback::Legacy));
    }
}

#[test]
fn the_generation_comes_from_a_file_or_from_the_clock() {
    for (line, by_clock) in [
        ("", false),
        ("hbgenmethod file", false),
        ("hbgenmethod time", true),
    ] {
        let (config, said) = beside(&format!("protocol linux-ha\n{line}\n"));
        assert_eq!(config.map(|c| c.generation.by_clock), Some(by_clock));
        assert!(
            !said.iter().any(|line| line.contains("hbgenmethod")),
            "{said:?}"
        );
    }
    let (config, said) = beside("hbgenmethod never");
    assert!(
        config.is_none() && said[0].contains("must be file or time"),
        "{said:?}"
    );
}

#[test]
fn text_takes_more_of_a_line() {
    let line = |keepalive: &str| {
        let ha_cf = format!(
            "node alpha beta\nserial /dev/ttyS1\nauto_failback on\ndeadtime 5\nkeepalive {keepalive}\n"
        );
        let text = format!("{ha_cf}protocol linux-ha\n");
        outcome(&Sources::new("alpha", &text, HARESOURCES, SHA1))
    };
    assert!(line("250ms").0.is_some(), "{:?}", line("250ms").1);
    let (config, said) = line("249ms");
    assert!(config.is_none() && said.len() == 1, "{said:?}");
    assert!(
        said[0].contains("beats take 240 bytes")
            && said[0].contains("write keepalive 250ms or more")
    );
}
