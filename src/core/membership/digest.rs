//! What nodes must agree on, one byte each, so that a difference is said at once.

use core::net::IpAddr;

use crate::auth::Digest8;
use crate::config::{AutoFailback, Config, Resource, Sight};
use crate::id::GroupId;

/// One byte each of what nodes must agree on: nodes and their order; groups; timing.
pub(super) fn digests(config: &Config) -> [u8; 3] {
    let mut nodes = Digest8::default();
    for node in config.node_ids() {
        nodes.add(config.node_name(node).as_bytes());
    }
    let general = config.auto_failback != AutoFailback::Off;
    let mut timing = Digest8::default();
    for span in [config.timing.keepalive, config.timing.deadtime] {
        timing.add(&span.micros().to_le_bytes());
    }
    timing.add(&[u8::from(general)]);
    let mut groups = Digest8::default();
    for (group, id) in config.groups.iter().zip(config.group_ids()) {
        // What is as by default leaves no trace, here and below: an older release agrees.
        if group.options.at_most_one() {
            groups.add(b"at-most-one");
        }
        let others = [group.options.after, group.options.with];
        if others != [None; 2] {
            groups.add(&others.map(|other| other.map_or(u8::MAX, GroupId::wire)));
        }
        if config.fails_back(group) != general {
            timing.add(&[id.wire()]);
        }
        groups.add(config.node_name(group.home).as_bytes());
        for resource in config.group_resources(id) {
            match resource {
                Resource::Address(address) => {
                    add_address(&mut groups, address.address);
                    groups.add(&[address.prefix.unwrap_or(u8::MAX)]);
                }
                Resource::Script(word) | Resource::Network(word, _) => {
                    groups.add(config.text(*word).as_bytes());
                }
            }
        }
    }
    // Scores are compared, so hosts must be the same; an interface may be called otherwise.
    for witness in &config.reach.witnesses {
        if let Sight::Host(host) = witness.sight {
            add_address(&mut timing, host);
        }
        timing.add(&[witness.target]);
    }
    [nodes.byte(), groups.byte(), timing.byte()]
}

#[inline(never)]
fn add_address(list: &mut Digest8, address: IpAddr) {
    match address {
        IpAddr::V4(ip) => list.add(&ip.octets()),
        IpAddr::V6(ip) => list.add(&ip.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, read};
    use std::format;

    fn digests_with(lines: &str) -> [u8; 3] {
        let ha_cf =
            format!("node a b\nbcast eth0\nkeepalive 1\ndeadtime 10\nauto_failback on\n{lines}");
        let sources = Sources::new(
            "a",
            &ha_cf,
            "a 10.0.0.1\na db\na web\n",
            "auth 1\n1 sha1 0123456789abcdef\n",
        );
        digests(&read(&sources, &mut |_| {}).unwrap())
    }

    #[test]
    fn what_must_agree_about_reach_and_groups_is_seen_and_defaults_leave_no_trace() {
        let plain = digests_with("");
        for same in [
            "deadping 5\n",
            "group 10.0.0.1 policy at-least-one failback on\n",
        ] {
            assert_eq!(digests_with(same), plain, "{same}");
        }
        let differs = |lines| {
            let other = digests_with(lines);
            [0, 1, 2].map(|n| other.get(n) != plain.get(n))
        };
        assert_eq!(
            differs("group 10.0.0.1 policy at-most-one\n"),
            [false, true, false]
        );
        assert_eq!(
            differs("group 10.0.0.1 failback off\n"),
            [false, false, true]
        );
        for order in [
            "group db after 10.0.0.1\n",
            "group db with 10.0.0.1\n",
            "group web with 10.0.0.1\n",
        ] {
            assert_eq!(differs(order), [false, true, false]);
        }
        assert_ne!(
            digests_with("group db with web\n"),
            digests_with("group db after web\n")
        );
        assert_eq!(differs("ping 10.0.0.9\n"), [false, false, true]);
        assert_eq!(differs("track eth1\n"), [false, false, true]);
        assert_eq!(digests_with("track eth1\n"), digests_with("track wan\n"));
        assert_ne!(
            digests_with("ping 10.0.0.9\n"),
            digests_with("ping 10.0.0.8\n")
        );
    }
}
