//! What a person and a monitoring system see, in peace and when something is wrong.

use std::process::{Command, Output};
use std::thread::sleep;
use std::time::Duration;

use crate::lab::json::Json;
use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    ("status_says_in_words_who_serves_since_when_and_why", words),
    ("status_line_ends_as_a_monitoring_plugin_does", line),
    ("a_lost_link_is_a_warning_that_names_it", lost_link),
    ("what_a_link_loses_is_in_all_forms_of_the_status", loss),
    ("a_script_that_does_not_start_is_named", failure),
];

const SCRIPTS: &str = "IPaddr2::10.77.0.100/24/eth0 service::one";

fn text(out: Output) -> String {
    String::from_utf8(out.stdout).expect("UTF-8")
}

fn status(pair: &Pair, node: usize) -> String {
    text(pair.command(node, &["status"]))
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

fn words() {
    let mut pair = Pair::new(&Settings {
        resources: SCRIPTS,
        ..Settings::default()
    });
    pair.start_both();
    pair.wait_for("all to be well", Duration::from_secs(5), |p| {
        [A, B].iter().all(|node| {
            status(p, *node).starts_with("OK: groups served: 1, nodes alive: 2, links up: 1\n\n")
        })
    });
    has(
        &status(&pair, A),
        &[
            "node nodea               this node, healthy, up ",
            "node nodeb               alive, heard 0.",
            "link bcast eth0          up, nodeb 0.",
            " s ago, loss 0.0 %, jitter ",
            "on nodea for ",
            ": this node is its home",
            "held here, idle on nodeb; 10.77.0.100 ok, service::one ok",
        ],
    );
    has(
        &status(&pair, B),
        &[
            "on nodea for ",
            ": found there",
            "idle here, held on nodea; 10.77.0.100 stopped, service::one stopped",
        ],
    );
    pair.kill(A);
    pair.wait_for("B to serve", Duration::from_secs(5), |p| {
        status(p, B).contains("held here")
    });
    let said = status(&pair, B);
    assert!(said.starts_with("WARNING: node nodea: dead for "), "{said}");
    has(
        &said,
        &[
            "on nodeb for ",
            ": nodea died (silent for 0.3 s)",
            "held here; 10.77.0.100 ok, service::one ok",
        ],
    );
    let json = text(pair.command(B, &["status", "--json"]));
    let json = Json::parse(&json).unwrap_or_else(|e| panic!("{e}\n{json}"));
    let group = &json.get("groups").map_or(&[][..], Json::list)[0];
    let why = group.get("why").and_then(Json::text);
    assert_eq!(why, Some("nodea died (silent for 0.3 s)"));
    assert_eq!(group.get("from").and_then(Json::text), Some("nodea"));
    let resources = group.get("resources").map_or(&[][..], Json::list);
    assert_eq!(resources.len(), 2);
    assert_eq!(resources[1].get("state").and_then(Json::text), Some("ok"));
    pair.start(A);
    pair.wait_for("A to serve", Duration::from_secs(5), |p| {
        status(p, A).contains("held here")
    });
    pair.command(A, &["standby"]);
    pair.wait_for("B to serve", Duration::from_secs(5), |p| {
        status(p, A).contains("on nodeb for ")
    });
    has(&status(&pair, A), &["this node stands by for it"]);
    pair.wait_for("all to be well", Duration::from_secs(5), |p| {
        status(p, B).starts_with("OK")
    });
}

fn line() {
    let mut pair = Pair::new(&Settings::default());
    let line = |pair: &Pair, node: usize| {
        let out = pair.command(node, &["status", "--line"]);
        let code = out.status.code();
        let said = text(out);
        assert_eq!(said.lines().count(), 1, "{said}");
        (code, said)
    };
    assert_eq!(
        line(&pair, A),
        (Some(3), "UNKNOWN: twinbeat does not answer\n".to_owned())
    );
    pair.start_both();
    pair.wait_for("all to be well", Duration::from_secs(5), |p| {
        let (code, said) = line(p, A);
        code == Some(0) && said == "OK: groups served: 1, nodes alive: 2, links up: 1\n"
    });
    pair.kill(A);
    pair.wait_for("a warning", Duration::from_secs(5), |p| {
        let (code, said) = line(p, B);
        code == Some(1) && said.starts_with("WARNING: node nodea: dead for ")
    });
    // Nobody may serve it.
    pair.nodes[B].namespace.ip("link set eth0 down");
    pair.wait_for("two warnings", Duration::from_secs(5), |p| {
        let (code, said) = line(p, B);
        code >= Some(1) && said.contains("; ") && said.contains("link bcast eth0: down")
    });
}

fn lost_link() {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback on\nbcast eth0 eth1\n",
        ..Settings::default()
    });
    pair.lay_second_network();
    pair.start_both();
    pair.wait_for("all to be well", Duration::from_secs(5), |p| {
        status(p, A).starts_with("OK: groups served: 1, nodes alive: 2, links up: 2")
    });
    pair.nodes[B].namespace.ip("link set eth1 down");
    pair.wait_for("a warning", Duration::from_secs(5), |p| {
        let said = status(p, A);
        let first = said.lines().next().unwrap_or_default();
        first.starts_with("WARNING: link bcast eth1: up, nodeb not heard for ")
    });
    has(&status(&pair, B), &["WARNING: link bcast eth1: down"]);
}

fn loss() {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    let rules = "add table inet t; add chain inet t i { type filter hook input priority 0; }; \
                 add rule inet t i udp dport 694 numgen random mod 10 < 3 drop";
    let mut nft = Command::new("nft");
    nft.arg(rules);
    let done = pair.nodes[A].namespace.within(|| nft.output());
    if !done.is_ok_and(|out| out.status.success()) {
        println!("netns: what_a_link_loses SKIPPED: no firewall here");
        return;
    }
    sleep(Duration::from_secs(12));
    let json = text(pair.command(A, &["status", "--json"]));
    let json = Json::parse(&json).unwrap_or_else(|e| panic!("{e}\n{json}"));
    let nodes = json.get("nodes").map_or(&[][..], Json::list);
    let path = &nodes[1].get("paths").map_or(&[][..], Json::list)[0];
    let loss: u32 = match path.get("loss_ppm") {
        Some(Json::Number(loss)) => loss.parse().expect("whole"),
        other => panic!("{other:?}"),
    };
    assert!((100_000..500_000).contains(&loss), "{loss}");
    let metrics = text(pair.command(A, &["status", "--metrics"]));
    has(
        &metrics,
        &[
            "# TYPE twinbeat_path_loss_ratio gauge\n",
            "twinbeat_path_loss_ratio{node=\"nodeb\",link=\"bcast eth0\"} 0.",
        ],
    );
    assert!(!status(&pair, A).contains("loss 0.0 %"));
}

fn failure() {
    let mut pair = Pair::new(&Settings {
        resources: SCRIPTS,
        ..Settings::default()
    });
    for node in [A, B] {
        let script = pair.nodes[node].folder.join("ha.d/resource.d/service");
        std::fs::write(script, "#!/bin/sh\n[ $2 != start ]\n").expect("ours");
    }
    pair.start(A);
    pair.start(B);
    // It is tried again now and then.
    pair.wait_for("both to fail", Duration::from_secs(10), |p| {
        let said = status(p, A);
        said.starts_with("CRITICAL: group IPaddr2::10.77.0.100/24/eth0: on NO NODE for ")
            && said.contains("WARNING: group IPaddr2::10.77.0.100/24/eth0: start-failed here")
            && said.contains("10.77.0.100 stopped, service::one failed")
            && p.command(A, &["status", "--line"]).status.code() == Some(2)
    });
}
