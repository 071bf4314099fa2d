//! What is read, what is filled in, and what is advised.

use std::net::IpAddr;

use twinbeat::config::{AutoFailback, Config, LocalName, Medium, Method, Resource, Sources, Text};
use twinbeat::id::GroupId;
use twinbeat::time::Duration;

use crate::{AUTHKEYS, HA_CF, HARESOURCES, advice, errors, good, outcome};

#[test]
fn a_whole_configuration_is_read_as_it_is_written() {
    let config = good(HA_CF);
    let names: Vec<_> = config.node_ids().map(|n| config.node_name(n)).collect();
    assert_eq!(names, ["alpha", "beta"]);
    assert_eq!(config.me.index(), 0);
    assert_eq!(config.auto_failback, AutoFailback::Off);
    assert_eq!(config.text(config.cluster), "linux-ha");
    assert_eq!(config.text(config.rundir), "/run/twinbeat");
    assert_eq!(config.text(config.statedir), "/var/lib/twinbeat");
    assert_eq!(config.links[0].medium, Medium::Broadcast);
    assert_eq!(config.links[1].interface, "eth1");
    assert_eq!(config.links[1].port, 694);
    let first = GroupId::new(0).unwrap();
    assert_eq!(config.group_key(first), "IPaddr::192.0.2.10/24/eth0");
    let Resource::Address(address) = &config.group_resources(first)[0] else {
        panic!("no address");
    };
    assert_eq!(address.prefix, Some(24));
    let second = GroupId::new(1).unwrap();
    assert_eq!(config.groups[1].home.index(), 1);
    let Resource::Script(script) = config.group_resources(second)[0] else {
        panic!("no script");
    };
    assert_eq!(config.text(script), "MailTo::root");
    assert_eq!(config.group_resources(second).len(), 2);
    assert_eq!(config.keys.keys[0].method, Method::Sha256);
    assert_eq!(config.timing.lease, Duration::from_secs(8));
}

#[test]
fn a_configuration_is_small_enough_for_a_routers_stack() {
    assert!(size_of::<Config>() < 24 * 1024, "{}", size_of::<Config>());
}

#[test]
fn text_of_another_configuration_is_empty_rather_than_wrong() {
    let far = Text {
        start: 6000,
        len: 9,
    };
    assert_eq!(good(HA_CF).text(far), "");
}

#[test]
fn the_order_of_directives_does_not_matter() {
    let config = good(
        "mcast6 eth2 ff02::694 700 1 0\nucast6 eth1 fe80::2\nmcast eth0 239.0.0.42 695 4 1\n\
         bcast br-lan\nudpport 6940\ndeadtime 3\nkeepalive 500ms\nnode beta\nnode alpha",
    );
    assert_eq!(config.me.index(), 1);
    let ports: Vec<_> = config.links.iter().map(|l| l.port).collect();
    assert_eq!(ports, [700, 6940, 695, 6940]);
    let Medium::Multicast {
        group,
        hops,
        looped,
    } = config.links[2].medium
    else {
        panic!("no multicast");
    };
    let named: IpAddr = "239.0.0.42".parse().unwrap();
    assert_eq!((group, hops, looped), (named, 4, true));
}

#[test]
fn times_left_out_are_heartbeats() {
    let initdead = |more: &str| {
        let text = format!("node alpha beta\nbcast eth0\n{more}");
        good(&text).timing.initdead.millis()
    };
    assert_eq!(initdead("deadtime 20"), 20_000);
    assert_eq!(initdead("deadtime 8"), 16_000);
    assert_eq!(initdead("deadtime 5"), 12_000);
    assert_eq!(initdead("keepalive 10ms\ndeadtime 30ms"), 12_000);
    let timing = good("node alpha beta\nbcast eth0\n").timing;
    assert_eq!(timing.keepalive, Duration::from_secs(1));
    assert_eq!(timing.deadtime, Duration::from_secs(30));
    assert_eq!(timing.warntime, Duration::from_secs(15));
}

#[test]
fn our_own_directives_stand_in_either_file() {
    let mut sources = Sources::new("alpha", HA_CF, HARESOURCES, AUTHKEYS);
    sources.twinbeat_cf = Some(Ok(
        b"protocol native\nlease 2\nrundir /tmp/r\nstatedir /tmp/s\n",
    ));
    let (config, _) = outcome(&sources);
    let config = config.unwrap();
    assert_eq!(config.timing.lease, Duration::from_secs(2));
    assert_eq!(config.text(config.rundir), "/tmp/r");
    assert!(errors("protocol native\nlease 2\n").is_empty());
}

#[test]
fn nodeinfo_holds_one_name() {
    let mut sources = Sources::new("gamma", HA_CF, HARESOURCES, AUTHKEYS);
    sources.name = LocalName::NodeInfo(Ok(b"# mine\n BETA\n"));
    let (config, _) = outcome(&sources);
    assert_eq!(config.unwrap().me.index(), 1);
    for text in ["", "two words", "a/b"] {
        sources.name = LocalName::NodeInfo(Ok(text.as_bytes()));
        let (config, said) = outcome(&sources);
        assert!(
            config.is_none() && said[0].starts_with("nodeinfo:1:"),
            "{said:?}"
        );
    }
}

#[test]
fn advice_is_given_where_something_might_be_better() {
    let all = advice(
        "node alpha beta\nbcast eth0\nkeepalive 100ms\ndeadtime 250ms\ninitdead 1",
        HARESOURCES,
        "auth 1\n1 crc\n2 sha1 short\n",
    );
    for part in [
        "ha.cf:4:1: advice: deadtime 250ms is below three times",
        "ha.cf:4:1: advice: when this program is killed, two nodes may hold an address for up to 1200ms",
        "ha.cf:5:1: advice: initdead 1s is short",
        "advice: auto_failback is not given",
        "advice: one link alone",
        "advice: no ping node",
        "authkeys:2:1: advice: key 1 is crc",
        "authkeys:3:1: advice: key 2 is shorter than 16 bytes",
    ] {
        assert!(all.contains(part), "{part} in {all}");
    }
    let calm = advice(HA_CF, HARESOURCES, AUTHKEYS);
    assert_eq!(calm.lines().count(), 1, "{calm}");
    assert!(calm.contains("no ping node"));
    let scripts = advice(
        &HA_CF.replace("deadtime 10", "deadtime 2.5"),
        "alpha x\n",
        AUTHKEYS,
    );
    assert!(!scripts.contains("may hold an address"), "{scripts}");
    let legacy = advice(&HA_CF.replace("off", "legacy"), HARESOURCES, AUTHKEYS);
    assert!(legacy.contains("ha.cf:4:1: advice: auto_failback legacy means on"));
}
