//! What of one configuration is in another, and what a program that runs cannot take up.

use twinbeat::action::{Kept, Reject};
use twinbeat::config::{Change, Config, Origin, Refusal, Sources};
use twinbeat::id::{GroupId, GroupSet, LinkId};
use twinbeat::time::Instant;
use twinbeat::{Boot, Heartbeat, Node};

use crate::{AUTHKEYS, HA_CF, HARESOURCES, good, outcome};

fn with(haresources: &str) -> Box<Config> {
    let (config, said) = outcome(&Sources::new("alpha", HA_CF, haresources, AUTHKEYS));
    config.unwrap_or_else(|| panic!("{said:?}"))
}

fn group(position: usize) -> GroupId {
    GroupId::new(position).unwrap()
}

fn life(config: &Config) -> Node {
    let boot = Boot {
        incarnation: 7,
        counter: 1,
        kept: Kept {
            standby: GroupSet(1),
            ..Kept::default()
        },
        heartbeat: Heartbeat::default(),
    };
    Node::new(config, boot, Instant::default())
}

#[test]
fn groups_are_found_again_by_their_key_and_compared_by_their_resources() {
    let old = with("alpha 192.0.2.1 a\nbeta 192.0.2.2\nalpha b c\n");
    let new = with("beta b d\nalpha 192.0.2.9\nbeta 192.0.2.1 a\n");
    let change = Change::between(&old, &new).unwrap();
    let origins = [0, 1, 2].map(|position| change.origin(group(position)));
    let expected = [
        Origin::Changed(group(2)),
        Origin::New,
        Origin::Kept(group(0)),
    ];
    assert_eq!(origins, expected);
    assert_eq!(change.stopped(), GroupSet(0b110), "changed, or gone");
    assert_eq!(change.carried(GroupSet(0b111)), GroupSet(0b101));
    assert!(!change.keeps_groups());
    // A remark or an option makes no other group.
    let same = good(&format!(
        "{HA_CF}group IPaddr::192.0.2.10/24/eth0 failback on\n"
    ));
    let before = good(HA_CF);
    let change = Change::between(&before, &same).unwrap();
    assert!(change.keeps_groups() && change.keeps_links() && change.stopped().is_empty());
    assert!(*before == *good(&format!("# a remark\n{HA_CF}")));
    assert!(*before != *same);
}

#[test]
fn links_are_found_again_wherever_their_lines_stand() {
    let old = good(HA_CF);
    let new = good(&format!("mcast eth2 225.0.0.1 694 1 0\n{HA_CF}"));
    let change = Change::between(&old, &new).unwrap();
    let link = |position| change.link(LinkId::new(position).unwrap());
    assert_eq!(
        [link(0), link(1), link(2)],
        [None, LinkId::new(0), LinkId::new(1)]
    );
    let faster = good(&format!("{HA_CF}udpport 700\n"));
    let change = Change::between(&old, &faster).unwrap();
    assert!(new.links.len() == 3 && !change.keeps_links());
}

#[test]
fn what_a_life_cannot_take_up_is_refused_by_name() {
    let old = good(HA_CF);
    let refused = |ha_cf: &str, authkeys: &str, name| {
        let sources = Sources::new(name, ha_cf, HARESOURCES, authkeys);
        let (new, said) = outcome(&sources);
        let new = new.unwrap_or_else(|| panic!("{said:?}"));
        Change::between(&old, &new).map(|_| ()).unwrap_err()
    };
    let more = |line: &str| format!("{HA_CF}{line}\n");
    for (ha_cf, why) in [
        (HA_CF.replace("alpha Beta", "Beta alpha"), Refusal::Nodes),
        (HA_CF.replace("alpha Beta", "alpha Beta c"), Refusal::Nodes),
        (more("cluster other"), Refusal::Cluster),
        (more("rundir /run/other"), Refusal::Rundir),
        (more("statedir /var/lib/other"), Refusal::Statedir),
        (more("respawn root /bin/x"), Refusal::Respawn),
    ] {
        assert_eq!(refused(&ha_cf, AUTHKEYS, "alpha"), why, "{ha_cf}");
    }
    assert_eq!(
        refused(HA_CF, AUTHKEYS, "beta"),
        Refusal::Nodes,
        "another of them"
    );
    let sha1 = AUTHKEYS.replace("sha256", "sha1");
    let text = more("protocol linux-ha");
    assert_eq!(refused(&text, &sha1, "alpha"), Refusal::Dialect);
    let other = "auth 2\n1 sha256 0123456789abcdeX\n2 sha256 0123456789abcdef\n";
    assert_eq!(refused(HA_CF, other, "alpha"), Refusal::Key(1));
}

#[test]
fn groups_that_peers_would_take_for_the_present_ones_are_refused() {
    let old = with("alpha 192.0.2.1\nalpha 192.0.2.2\n");
    let node = life(&old);
    let (mut alike, mut others) = (0, 0);
    for last in 3..2000 {
        let address = format!("192.0.{}.{}", 3 + last / 250, last % 250 + 1);
        let new = with(&format!("alpha 192.0.2.1\nalpha {address}\n"));
        match node.judge(&Change::between(&old, &new).unwrap()) {
            Err(Refusal::Alike) => alike += 1,
            result => {
                assert_eq!(result, Ok(()));
                others += 1;
            }
        }
    }
    // One in 256.
    assert!((1..40).contains(&alike) && others > 1900, "{alike}");
}

#[test]
fn a_life_goes_on_under_new_numbers() {
    let old = with("alpha 192.0.2.1\nbeta 192.0.2.2\n");
    let new = with("beta 192.0.2.2\nalpha service\nalpha 192.0.2.1\n");
    let mut node = life(&old);
    let now = Instant::default();
    let incarnation = node.incarnation();
    let change = Change::between(&old, &new).unwrap();
    assert_eq!(node.judge(&change), Ok(()));
    node.retire(now, change.stopped());
    assert_eq!(node.busy(true), None);
    node.reconfigure(now, &change);
    assert_eq!(node.incarnation(), incarnation);
    let standby = [0, 1, 2].map(|position| node.group(now, group(position)).standby);
    assert_eq!(standby, [false, false, true], "it stood by for 192.0.2.1");
    let fourth = twinbeat::action::Input::Done {
        group: group(3),
        outcome: twinbeat::action::Outcome::Running,
    };
    assert_eq!(node.handle(now, fourth).unwrap_err(), Reject::Unknown);
    // What is new may run already.
    assert_eq!(node.busy(true), Some(group(1)));
    assert_eq!(
        node.poll_action(),
        Some(twinbeat::action::Action::Check(group(1)))
    );
}
