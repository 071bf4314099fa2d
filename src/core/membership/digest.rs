//! What nodes must agree on, one byte each, so that a difference is said at once.

use core::net::IpAddr;

use crate::auth::Digest8;
use crate::config::{AutoFailback, Config, Resource, Sight, Timing};

/// One byte each of what nodes must agree on: nodes and their order; groups; timing.
pub(super) fn digests(config: &Config) -> [u8; 3] {
    let nodes = config.node_ids().fold(Digest8::default(), |list, node| {
        list.with(config.node_name(node).as_bytes())
    });
    let general = config.auto_failback != AutoFailback::Off;
    let Timing {
        keepalive,
        deadtime,
        ..
    } = config.timing;
    let mut timing = Digest8::default()
        .with(&keepalive.micros().to_le_bytes())
        .with(&deadtime.micros().to_le_bytes())
        .with(&[u8::from(general)]);
    let mut groups = Digest8::default();
    for (group, id) in config.groups.iter().zip(config.group_ids()) {
        // What is as by default leaves no trace, here and below: an older release agrees.
        if group.options.at_most_one() {
            groups = groups.with(b"at-most-one");
        }
        if config.fails_back(group) != general {
            timing = timing.with(&[id.wire()]);
        }
        groups = groups.with(config.node_name(group.home).as_bytes());
        for resource in config.group_resources(id) {
            groups = match resource {
                Resource::Address(address) => match address.address {
                    IpAddr::V4(ip) => groups.with(&ip.octets()),
                    IpAddr::V6(ip) => groups.with(&ip.octets()),
                }
                .with(&[address.prefix.unwrap_or(u8::MAX)]),
                Resource::Script(word) => groups.with(config.text(*word).as_bytes()),
            };
        }
    }
    // Scores are compared, so hosts must be the same; an interface may be called otherwise.
    for witness in &config.reach.witnesses {
        timing = match witness.sight {
            Sight::Host(IpAddr::V4(ip)) => timing.with(&ip.octets()),
            Sight::Host(IpAddr::V6(ip)) => timing.with(&ip.octets()),
            Sight::Interface(_) => timing,
        }
        .with(&[witness.target]);
    }
    [nodes.byte(), groups.byte(), timing.byte()]
}
