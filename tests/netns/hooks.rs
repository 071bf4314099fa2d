//! What others have run when something happens: hooks that work, hang, talk, vanish, and are not ours.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread::sleep;
use std::time::Duration;

use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "hooks_are_told_in_order_what_happened_and_why",
        told_in_order,
    ),
    (
        "bad_hooks_hold_nobody_up_and_leave_nothing_behind",
        bad_hooks,
    ),
];

const SECOND: Duration = Duration::from_secs(1);

fn pair() -> Pair {
    Pair::new(&Settings {
        directives: "auto_failback off\nbcast eth0\n",
        resources: "IPaddr2::10.77.0.100/24/eth0 service::one",
        ..Settings::default()
    })
}

/// A script below `ha.d` of a node; `HERE` in it is the node's folder.
fn write(pair: &Pair, node: usize, file: &str, mode: u32, body: &str) {
    let node = &pair.nodes[node];
    let path = node.folder.join("ha.d").join(file);
    let body = body.replace("HERE", &node.folder.to_string_lossy());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

fn text(pair: &Pair, node: usize, file: &str) -> String {
    fs::read_to_string(pair.nodes[node].folder.join(file)).unwrap_or_default()
}

fn told_in_order() {
    let mut pair = pair();
    let line = "$1 $TWINBEAT_EVENT $TWINBEAT_NODE [$TWINBEAT_GROUP] [$TWINBEAT_PEER] \
                [$TWINBEAT_LINK] [$TWINBEAT_STATE] [$TWINBEAT_REASON]";
    for node in [A, B] {
        write(
            &pair,
            node,
            "hook.d/20-note",
            0o755,
            &format!("echo \"{line}\" >> HERE/told"),
        );
        let order = "echo $TWINBEAT_EVENT >> HERE/first; env > HERE/environment";
        write(&pair, node, "hook.d/10-first", 0o755, order);
        write(
            &pair,
            node,
            "hook.d/30-README",
            0o644,
            "echo no >> HERE/told",
        );
        write(
            &pair,
            node,
            "rc.d/status",
            0o755,
            "echo $1 $HA_t $HA_st $HA_src >> HERE/status",
        );
        // Heartbeat's own would start the group once more.
        let own = "# runs $HA_BIN/ResourceManager\necho $HA_rsc >> HERE/response";
        write(&pair, node, "rc.d/ip-request-resp", 0o755, own);
    }
    pair.start_both();
    pair.command(A, &["standby"]);
    pair.wait_for("B to serve", 5 * SECOND, |p| p.holds(B) && !p.holds(A));
    pair.wait_for("A to tell of it", 5 * SECOND, |p| {
        text(p, A, "told").contains("release")
    });
    pair.kill(A);
    pair.wait_for("B to tell of the death", 5 * SECOND, |p| {
        text(p, B, "status").contains("dead")
    });
    pair.terminate(B);
    let group = "nodea [IPaddr2::10.77.0.100/24/eth0] [] []";
    assert_eq!(
        text(&pair, A, "told"),
        format!(
            "link-up link-up nodea [] [] [bcast eth0] [] []\n\
             node-up node-up nodea [] [nodeb] [] [] []\n\
             takeover takeover {group} [held] [this node is its home]\n\
             release release {group} [idle] [operator's command]\n"
        ),
        "{}",
        pair.story()
    );
    let events = "link-up\nnode-up\ntakeover\nnode-down\nrelease\n";
    // Also of the end: what this node let go last.
    assert_eq!(text(&pair, B, "first"), events, "{}", pair.story());
    assert_eq!(
        text(&pair, B, "status"),
        "status status active nodea\nstatus status dead nodea\n"
    );
    assert_eq!(text(&pair, B, "response"), "");
    let environment = text(&pair, B, "environment");
    let mut names: Vec<&str> = environment
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .filter(|name| name.starts_with("HA_") || name.starts_with("TWINBEAT_"))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names.join(" "),
        "HA_CURHOST HA_DIR HA_FUNCS HA_RCDIR HA_RESOURCEDIR HA_rsc HA_src \
         TWINBEAT_EVENT TWINBEAT_GROUP TWINBEAT_LINK TWINBEAT_NODE TWINBEAT_PEER TWINBEAT_REASON \
         TWINBEAT_STATE TWINBEAT_TEXT"
    );
    let said =
        "TWINBEAT_TEXT=group IPaddr2::10.77.0.100/24/eth0: idle: this program is being stopped";
    assert!(environment.contains(said), "{environment}");
}

fn bad_hooks() {
    let mut pair = pair();
    for node in [A, B] {
        let hangs = "[ $1 != takeover ] || { trap '' TERM; sleep 1000; }";
        write(&pair, node, "hook.d/10-hangs", 0o755, hangs);
        let talks = "[ $1 != node-up ] || head -c 3000000 /dev/zero | tr '\\0' x";
        write(&pair, node, "hook.d/20-talks", 0o755, talks);
        write(
            &pair,
            node,
            "hook.d/30-takes",
            0o755,
            "rm -f HERE/ha.d/hook.d/40-gone",
        );
        write(&pair, node, "hook.d/40-gone", 0o755, "echo it was there");
        write(&pair, node, "hook.d/50-open", 0o777, "echo not by root");
        write(&pair, node, "hook.d/60-fails", 0o755, "exit 7");
    }
    pair.start_both();
    // A takeover that is told to nobody yet holds up none of those that follow.
    for round in 0..20 {
        let to = if round % 2 == 0 { B } else { A };
        pair.command(to, &["takeover"]);
        pair.wait_for("the other to serve", 2 * SECOND, |p| {
            p.holds(to) && !p.holds(1 - to)
        });
    }
    let children = |p: &Pair| {
        let list = format!("/proc/{0}/task/{0}/children", p.pid(A));
        let list = fs::read_to_string(list).unwrap_or_default();
        list.split_whitespace().count()
    };
    // One hook, and what writes down the state.
    assert!(!own_proc() || children(&pair) <= 2, "{}", pair.story());
    pair.wait_for("the limit", 45 * SECOND, |p| {
        p.story().contains("was killed")
    });
    sleep(SECOND);
    let story = pair.story();
    for line in [
        "hooks: took too long and was killed",
        "hook.d/50-open is not run: others than root may change it",
        "hook.d/60-fails link-up: exit code 7",
        "hook: xxxxxxx",
    ] {
        assert!(
            story.contains(line),
            "no {line:?} in\n{}",
            &story[..20_000.min(story.len())]
        );
    }
    assert!(
        !story.contains("is dead")
            && !story.contains("not by root")
            && !story.contains("it was there"),
        "{story}"
    );
    // The hook that hangs again is not waited for at the end.
    assert!(pair.terminate(A).success());
}
