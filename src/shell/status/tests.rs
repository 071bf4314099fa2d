use std::process::Command;
use std::rc::Rc;

use super::*;
use twinbeat::Boot;
use twinbeat::action::Kept;
use twinbeat::id::GroupSet;

fn told(tell: impl Fn(&Status<'_>) -> String) -> String {
    let config = Rc::new(crate::testing::config(3));
    let boot = Boot {
        incarnation: 0xabc,
        counter: 1,
        kept: Kept {
            standby: GroupSet(2),
            disabled: false,
        },
    };
    let started = Instant::from_micros(5_000_000);
    tell(&Status {
        node: &Node::new(&config, boot, started),
        links: &Links::new(&config),
        watchdog: watchdog::View {
            device: "/dev/watchdog",
            identity: "Software Watchdog",
            timeout: 2,
            kicked: true,
            trouble: String::new(),
        },
        config: &config,
        now: started.after(Duration::from_millis(1500)),
        started,
    })
}

#[test]
fn text_has_one_line_for_each_node_link_and_group() {
    let text = told(text);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2 + 1 + 1 + 3, "{text}");
    assert_eq!(
        lines[0],
        "node alpha: this node, healthy, running for 1500ms"
    );
    assert_eq!(lines[1], "node beta: unheard");
    assert!(lines[2].starts_with("link bcast lo: down, sent 0"));
    assert_eq!(
        lines[3],
        "watchdog /dev/watchdog: Software Watchdog, 2s, kicked"
    );
    assert!(lines[4].starts_with("group group0: unknown here"), "{text}");
    assert!(lines[5].ends_with("; this node stands by for it"), "{text}");
}

#[test]
fn json_is_read_by_others_and_has_what_is_promised() {
    let json = told(json);
    assert!(json.starts_with(r#"{"version":1,"program":""#));
    assert_eq!(json.lines().count(), 1);
    for member in [
        r#""node":"alpha","incarnation":"0000000000000abc","uptime_ms":1500,"healthy":true"#,
        r#"{"name":"beta","self":false,"state":"unheard","incarnation":null"#,
        r#"{"name":"bcast lo","interface":"lo","port":694,"carrier":"down""#,
        r#""watchdog":{"device":"/dev/watchdog","identity":"Software Watchdog","timeout_s":2,"kicked":true,"trouble":""}"#,
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
