//! `after` and `with` of a `group` line.

use twinbeat::config::{Config, Sources};
use twinbeat::id::GroupId;

use super::{AUTHKEYS, HA_CF, outcome};

/// Four groups; the first goes home, the others do not.
const HARESOURCES: &str = "alpha disk\nbeta db\nbeta web\nbeta mail\n";

/// What becomes of these lines; what is said of them.
fn ordered(lines: &str) -> (Option<Box<Config>>, Vec<String>) {
    let mut sources = Sources::new("alpha", HA_CF, HARESOURCES, AUTHKEYS);
    sources.twinbeat_cf = Some(Ok(lines.as_bytes()));
    let (config, mut said) = outcome(&sources);
    said.retain(|line| line.contains(": error: "));
    (config, said)
}

#[test]
fn a_group_may_come_after_one_and_go_with_another_which_then_says_where_home_is() {
    let lines = "group db with disk after disk\ngroup web with db\ngroup web after mail failback off\n\
                 group disk failback on\n";
    let config = ordered(lines).0.unwrap();
    let id = |position| GroupId::new(position).unwrap();
    let options = |position: usize| config.groups[position].options;
    assert_eq!(
        (options(1).after, options(1).with),
        (Some(id(0)), Some(id(0)))
    );
    assert_eq!(
        (options(2).after, options(2).with),
        (Some(id(3)), Some(id(1)))
    );
    assert_eq!((options(0).after, options(0).with), (None, None));
    for (group, leader) in [(0, 0), (1, 0), (2, 0), (3, 3)] {
        assert_eq!(config.leader(id(group)), id(leader));
    }
}

#[test]
fn circles_strangers_and_what_is_said_twice_are_errors_where_they_stand() {
    for (lines, place) in [
        ("group db after db", "1:10"),
        ("group db with db", "1:10"),
        ("group db after", "1:10"),
        ("group db with nginx", "1:10"),
        ("group db after disk after web", "1:21"),
        ("group db with disk\ngroup db with web", "2:10"),
        ("group db after disk\ngroup disk after db", "2:12"),
        // Over two others, and by either way.
        (
            "group web with db\ngroup db after disk\ngroup disk with web",
            "3:12",
        ),
        (
            "group disk after mail\ngroup web after disk with db\ngroup db failback on with web",
            "3:22",
        ),
    ] {
        let (config, said) = ordered(lines);
        assert!(config.is_none(), "{lines}");
        let start = format!("twinbeat.cf:{place}: error: ");
        assert_eq!(said.len(), 1, "{lines}: {said:?}");
        assert!(
            said[0].starts_with(&start) && said[0].contains("must name one other group, once"),
            "{lines}: {said:?}"
        );
    }
}

#[test]
fn a_line_that_could_not_be_read_is_not_missed_a_second_time() {
    let mut sources = Sources::new("alpha", HA_CF, "alpha disk\ngamma db\n", AUTHKEYS);
    sources.twinbeat_cf = Some(Ok(b"group disk after db\n"));
    let (_, said) = outcome(&sources);
    assert!(
        !said.iter().any(|line| line.starts_with("twinbeat.cf")),
        "{said:?}"
    );
}
