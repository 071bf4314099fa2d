use std::process::Command;
use std::rc::Rc;

use super::*;
use twinbeat::action::Kept;
use twinbeat::config::Dialect;
use twinbeat::id::GroupSet;
use twinbeat::{Boot, Heartbeat};

use crate::address::Addresses;
use crate::announce::Announcer;
use crate::reactor::Reactor;
use crate::resource::Holding;

fn told(tell: impl Fn(&Status<'_>) -> String) -> String {
    told_in(Dialect::Native, tell)
}

fn told_in(dialect: Dialect, tell: impl Fn(&Status<'_>) -> String) -> String {
    let mut config = crate::testing::config(3);
    config.dialect = dialect;
    let config = Rc::new(config);
    let boot = Boot {
        incarnation: 0xabc,
        counter: 1,
        kept: Kept {
            standby: GroupSet(2),
            disabled: false,
        },
        heartbeat: Heartbeat::default(),
    };
    let started = Instant::from_micros(5_000_000);
    let holding = Holding::new(
        &config,
        Addresses::open(&config).unwrap(),
        Announcer::open().unwrap(),
    );
    tell(&Status {
        node: &Node::new(&config, boot, started),
        resources: &Resources::new(&config, "/none".into(), Reactor::new(), holding),
        moves: &Moves::new(started),
        links: &Links::new(&config),
        watchdog: watchdog::View {
            device: "/dev/watchdog",
            identity: "Software Watchdog",
            timeout: 2,
            kicked: true,
            trouble: "",
        },
        config: &config,
        now: started.after(Duration::from_millis(1500)),
        started,
    })
}

#[test]
fn what_is_wrong_stands_first_and_then_a_row_for_each_thing() {
    let text = told(text);
    let expected = "\
WARNING: node beta: unheard
WARNING: link bcast lo: down
WARNING: group group0: unknown on alpha for 1.5 s: as it began
WARNING: group group1: unknown on alpha for 1.5 s: as it began
WARNING: group group2: unknown on alpha for 1.5 s: as it began

node alpha               this node, healthy, up 1.5 s
node beta                unheard
link bcast lo            down
group group0             unknown on alpha for 1.5 s: as it began
                         unknown here; group0 stopped
group group1             unknown on alpha for 1.5 s: as it began
                         unknown here, this node stands by for it; group1 stopped
group group2             unknown on alpha for 1.5 s: as it began
                         unknown here; group2 stopped
watchdog /dev/watchdog   Software Watchdog, 2 s, kicked
";
    assert_eq!(text, expected);
}

#[test]
fn the_dialect_is_told_where_it_is_not_our_own() {
    let page = told_in(Dialect::LinuxHa, text);
    assert!(
        page.contains("this node, healthy, up 1.5 s, protocol linux-ha\n"),
        "{page}"
    );
    assert!(!told(text).contains("protocol"));
    assert!(told_in(Dialect::LinuxHa, json).contains(r#""protocol":"linux-ha""#));
    // Of what it holds the core knows, which has not yet looked.
    let view = told_in(Dialect::LinuxHa, heartbeat);
    assert!(
        view.lines()
            .next()
            .unwrap()
            .ends_with("\talpha\ttransition"),
        "{view}"
    );
}

#[test]
fn json_is_read_by_others_and_has_what_is_promised() {
    let json = told(json);
    assert!(json.starts_with(r#"{"version":1,"program":""#));
    assert_eq!(json.lines().count(), 1);
    for member in [
        r#""node":"alpha","protocol":"native","incarnation":"0000000000000abc","uptime_ms":1500,"healthy":true"#,
        r#"{"name":"beta","self":false,"state":"unheard","incarnation":null"#,
        r#"{"name":"bcast lo","interface":"lo","port":694,"carrier":"down""#,
        r#""watchdog":{"device":"/dev/watchdog","identity":"Software Watchdog","timeout_s":2,"kicked":true,"trouble":""}"#,
        r#""level":1,"problems":["WARNING: node beta: unheard","WARNING: link"#,
        r#""paths":[],"hears_us":false"#,
        r#""since_ms":1500,"from":null,"why":"as it began","resources":[{"name":"group0","state":"stopped"}]"#,
        r#"{"key":"group1","home":"beta","state":"unknown","holder":null"#,
        r#""rejected":{"malformed":0,"#,
    ] {
        assert!(json.contains(member), "{member} in {json}");
    }
    // Another program's opinion, where there is one.
    let check = "import json,sys; json.loads(sys.argv[1])";
    if let Ok(status) = Command::new("python3").args(["-c", check, &json]).status() {
        assert!(status.success());
    }
}

#[test]
fn metrics_are_made_of_all_there_is_and_no_sample_stands_twice() {
    let metrics = metrics(&told(json));
    for sample in [
        "twinbeat_level 1",
        "twinbeat_uptime_seconds 1.500",
        "twinbeat_node_state{node=\"beta\",state=\"unheard\"} 1",
        "twinbeat_link_sent_total{link=\"bcast lo\"} 0",
        "twinbeat_group_state{group=\"group1\",state=\"unknown\"} 1",
        "twinbeat_resource_state{group=\"group1\",resource=\"group1\",state=\"stopped\"} 1",
        "twinbeat_watchdog_kicked 1",
        "twinbeat_watchdog_timeout_seconds 2",
        "twinbeat_rejected_total{reason=\"malformed\"} 0",
    ] {
        assert!(
            metrics.lines().any(|line| line == sample),
            "{sample} in {metrics}"
        );
    }
    let values = metrics.lines().filter(|line| !line.starts_with('#'));
    let mut samples: Vec<&str> = values
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect();
    let all = samples.len();
    samples.sort_unstable();
    samples.dedup();
    assert_eq!(samples.len(), all);
}
