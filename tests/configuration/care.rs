//! `monitor`, and what a `group` line says of calls and watching.

use twinbeat::config::{Limits, Sources};
use twinbeat::id::GroupId;
use twinbeat::time::Duration;

use super::{AUTHKEYS, HA_CF, error, outcome};

const HARESOURCES: &str = "alpha 10.0.0.1 nginx nginx::two Filesystem::/dev/sda1::/srv Delay::5\n\
                           beta 10.0.0.2 db\n";

#[test]
fn a_resource_is_looked_after_as_it_says_then_as_its_group_then_as_all() {
    let mut sources = Sources::new("alpha", HA_CF, HARESOURCES, AUTHKEYS);
    sources.twinbeat_cf = Some(Ok(b"group 10.0.0.1 resource Filesystem::/dev/sda1::/srv \
          timeout 120 monitor 0\n\
          group 10.0.0.1 timeout 30 monitor 1.5 restarts 5 window 60 resource nginx monitor 7\n\
          monitor 10\n"));
    let config = outcome(&sources).0.unwrap();
    let at = |group: usize, position| {
        let group = GroupId::new(group).unwrap();
        let limits = config.limits(group, position);
        let millis = [
            limits.start,
            limits.stop,
            limits.status,
            config.interval(group, position),
        ];
        millis.map(Duration::millis)
    };
    assert_eq!(at(0, 0)[3], 0, "what is built in is not asked");
    assert_eq!(at(0, 1), [30_000, 30_000, 10_000, 7_000]);
    assert_eq!(at(0, 2), [30_000, 30_000, 10_000, 7_000]);
    assert_eq!(at(0, 3), [120_000, 120_000, 40_000, 0]);
    assert_eq!(
        at(0, 4),
        [30_000, 30_000, 10_000, 0],
        "a delay does not run"
    );
    assert_eq!(at(1, 1), [60_000, 60_000, 20_000, 10_000]);
    let options = config.groups[0].options;
    assert_eq!(options.restarts, Some(5));
    assert_eq!(options.window, Some(Duration::from_secs(60)));
    assert_eq!(config.groups[1].limits, Limits::default());
}

#[test]
fn nothing_is_watched_unless_that_is_written() {
    let config = outcome(&Sources::new("alpha", HA_CF, HARESOURCES, AUTHKEYS)).0;
    let (config, group) = (config.unwrap(), GroupId::new(1).unwrap());
    assert_eq!(config.interval(group, 1), Duration::ZERO);
}

#[test]
fn numbers_out_of_bounds_and_resources_of_other_groups_are_errors() {
    for words in [
        "timeout 0",
        "timeout 0.5",
        "timeout 14401",
        "timeout 60s",
        "timeout",
        "monitor 500ms",
        "monitor -1",
        "restarts 101",
        "restarts 256",
        "restarts 1.5",
        "window 0",
        "resource",
        "resource db",
        "resource MailTo::roo monitor 10",
        "resource MailTo restarts 1",
        "resource MailTo policy at-most-one",
        "timeout 10 timeout 20",
        "resource MailTo timeout 10 timeout 20",
    ] {
        let error = error(&format!("group MailTo::root {words}"));
        assert!(
            error.starts_with("ha.cf:1:") && error.contains("must be one of, each once"),
            "{words}: {error}"
        );
    }
    for value in ["0.5", "x", "14401", "10s"] {
        let error = error(&format!("monitor {value}"));
        assert!(
            error.starts_with("ha.cf:1:9: error:") && error.contains("1 to 14400 s"),
            "{value}: {error}"
        );
    }
}
