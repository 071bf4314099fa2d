//! What a node should reach, and what single groups do otherwise.

use twinbeat::config::{Policy, Sight};
use twinbeat::time::Duration;

use crate::{AUTHKEYS, HA_CF, HARESOURCES, advice, error, errors, good, outcome};
use twinbeat::config::Sources;

#[test]
fn hosts_groups_of_them_and_interfaces_are_targets_in_their_order() {
    let lines = "ping 192.0.2.1, 192.0.2.2\nping_group dsl 198.51.100.1 2001:db8::1\ntrack eth2\n\
                 ping6 2001:db8::2\n";
    let config = good(&format!("{lines}{HA_CF}"));
    let mut told = Vec::new();
    for witness in &config.reach.witnesses {
        let what = match &witness.sight {
            Sight::Host(address) => address.to_string(),
            Sight::Interface(name) => name.to_string(),
        };
        told.push(format!(
            "{} {}{what}",
            witness.target,
            config.text(witness.group)
        ));
    }
    let expected =
        "0 192.0.2.1, 1 192.0.2.2, 2 dsl198.51.100.1, 2 dsl2001:db8::1, 3 eth2, 4 2001:db8::2";
    assert_eq!(told.join(", "), expected);
    assert_eq!(config.reach.targets, 5);
    // As deadtime, unless it is written.
    assert_eq!(config.reach.deadping, Duration::from_secs(10));
    let config = good(&format!("deadping 2.5\n{HA_CF}"));
    assert_eq!(config.reach.deadping, Duration::from_millis(2500));
    assert_eq!(config.reach.targets, 0);
}

#[test]
fn what_cannot_be_pinged_is_refused_with_the_remedy() {
    for (line, said) in [
        (
            "ping",
            "1:1: error: a value is missing: write for example \"ping 192.0.2.1\"",
        ),
        ("ping_group g", "1:1: error: a value is missing"),
        (
            "ping router",
            "1:6: error: \"router\" is not an address: write the address itself",
        ),
        (
            "ping 192.0.2.1 2001:db8::1",
            "1:16: error: \"2001:db8::1\" is an IPv6 address and ping is for IPv4: write ping6",
        ),
        (
            "ping6 192.0.2.1",
            "1:7: error: \"192.0.2.1\" is an IPv4 address and ping6 is for IPv6: write ping instead",
        ),
        (
            "ping6 fe80::1",
            "1:7: error: \"fe80::1\" is of one link only",
        ),
        (
            "ping 224.0.0.1",
            "1:6: error: 224.0.0.1 is not the address of one machine",
        ),
        (
            "ping 192.0.2.1\nping_group g 192.0.2.1",
            "2:14: error: \"192.0.2.1\" stands twice",
        ),
        (
            "ping_group \u{1b}[m 192.0.2.1",
            "1:12: error: \"\\x1b[m\" is no name for a group",
        ),
        (
            "track eth0:1",
            "1:7: error: \"eth0:1\" is the label of an address",
        ),
        (
            "track a b c d e f g h i",
            "1:23: error: \"i\" is too many: at most 8 targets",
        ),
        (
            "deadping 2",
            "1:1: error: deadping 2s is not above twice keepalive 1s",
        ),
        ("deadping 1 s", "1:12: error: a blank between"),
    ] {
        let error = error(line);
        assert!(
            error.starts_with(&format!("ha.cf:{said}")),
            "{line}: {error}"
        );
    }
    let group: String = (1..=16).map(|n| format!(" 10.0.0.{n}")).collect();
    assert!(errors(&format!("ping_group g{group}")).is_empty());
    assert!(error(&format!("ping_group g{group}\ntrack x")).contains("of 16 hosts"));
}

#[test]
fn a_pair_that_pings_gets_no_advice_to_do_so() {
    let calm = advice(&format!("ping 192.0.2.1\n{HA_CF}"), HARESOURCES, AUTHKEYS);
    assert_eq!(calm, "");
}

#[test]
fn one_group_may_do_otherwise_than_the_rest() {
    let mut sources = Sources::new("alpha", HA_CF, HARESOURCES, AUTHKEYS);
    sources.twinbeat_cf = Some(Ok(
        b"group IPaddr::192.0.2.10/24/eth0 failback on policy at-most-one\n",
    ));
    let config = outcome(&sources).0.unwrap();
    let options = |n: usize| config.groups[n].options;
    assert_eq!(options(0).policy, Some(Policy::AtMostOne));
    assert!(options(0).at_most_one() && config.fails_back(&config.groups[0]));
    assert!(!options(1).at_most_one() && !config.fails_back(&config.groups[1]));
}

#[test]
fn a_line_about_a_group_is_checked_word_by_word() {
    let key = "MailTo::root";
    for (words, said) in [
        (
            "",
            "1: error: \"group\" is no group: write the first resource",
        ),
        ("x policy at-most-one", "7: error: \"x\" is no group"),
        ("KEY", "7: error: \"MailTo::root\" is followed by no option"),
        (
            "KEY policy",
            "20: error: \"policy\" must be one of, each once: policy",
        ),
        (
            "KEY policy none",
            "20: error: \"policy\" must be one of, each once: policy",
        ),
        ("KEY failback maybe", "20: error: \"failback\" must be"),
        ("KEY colour red", "20: error: \"colour\" must be one of"),
        (
            "KEY failback on failback off",
            "32: error: \"failback\" must be",
        ),
    ] {
        let error = error(&format!("group {}", words.replace("KEY", key)));
        assert!(
            error.starts_with(&format!("ha.cf:1:{said}")),
            "{words}: {error}"
        );
    }
    // Where haresources is wrong itself, a key may belong to a line that could not be read.
    let text = format!("group x policy wrong\n{HA_CF}");
    let (_, said) = outcome(&Sources::new("alpha", &text, "gamma x\n", AUTHKEYS));
    let about_group = said.iter().filter(|line| line.starts_with("ha.cf:1:"));
    assert_eq!(about_group.count(), 1, "{said:?}");
}
