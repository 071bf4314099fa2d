//! What a person asks for, typed on real agents: what is said, the exit code, and where the group is
//! when the command has ended.

use std::fs;
use std::time::{Duration, Instant};

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "commands_end_when_the_group_has_moved_and_say_where_it_is",
        moves,
    ),
    (
        "what_is_to_be_kept_outlives_the_agent_and_the_rest_does_not",
        keeps,
    ),
    ("a_disabled_node_hands_over_and_serves_nothing", disabled),
    (
        "in_maintenance_nothing_moves_and_commands_are_refused",
        maintenance,
    ),
    ("takeover_by_force_is_for_what_nobody_has_in_order", forced),
    ("who_waits_is_told_what_is_still_going_on", impatient),
];

const KEY: &str = "10.77.0.100/24/eth0";
const SECOND: Duration = Duration::from_secs(1);

/// Both run, and A serves.
fn pair() -> Pair {
    let mut pair = Pair::new(&Settings {
        resources: KEY,
        ..Settings::default()
    });
    pair.start_both();
    pair
}

/// What a command says, given how it must end.
pub(super) fn says(pair: &Pair, node: usize, line: &str, exit: i32) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let output = pair.command(node, &words);
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let code = output.status.code();
    assert_eq!(code, Some(exit), "{line}: {said}{}", pair.story());
    said
}

/// Where the group is at this moment, not a little later.
fn held(pair: &Pair, node: usize) -> bool {
    pair.has_address(node, "10.77.0.100")
}

fn only(pair: &Pair, holder: usize) {
    assert!(
        held(pair, holder) && !held(pair, 1 - holder),
        "{}",
        pair.story()
    );
}

/// Waits until an agent, which may only just start, says so.
fn wait_for_status(pair: &Pair, node: usize, what: &str) {
    pair.wait_for(what, 10 * SECOND, |p| {
        let output = p.command(node, &["status"]);
        String::from_utf8_lossy(&output.stdout).contains(what)
    });
}

fn moves() {
    let mut pair = pair();
    let said = says(&pair, A, &format!("move {KEY} nodeb"), 0);
    only(&pair, B);
    let begin = format!("{KEY}: nodeb serves it now (was nodea), ");
    assert!(said.starts_with(&begin) && said.ends_with(" s\n"), "{said}");
    // Its home comes anew, with failback on.
    pair.terminate(A);
    pair.start(A);
    wait_for_status(&pair, A, "held on nodeb");
    std::thread::sleep(SECOND);
    only(&pair, B);
    assert!(says(&pair, A, "status", 0).contains("a person moved it there"));
    let said = says(&pair, A, "unmove all", 0);
    assert!(said.contains("nodea serves it now (was nodeb)"), "{said}");
    only(&pair, A);

    says(&pair, B, &format!("takeover {KEY}"), 0);
    only(&pair, B);
    says(&pair, B, "standby", 0);
    only(&pair, A);
    assert!(says(&pair, A, "takeover", 0).contains("nodea serves it, as before"));
    says(&pair, B, "takeover --no-wait", 0);
    pair.wait_for("B to serve", 5 * SECOND, |p| p.holds(B) && !p.holds(A));

    assert!(says(&pair, A, "move", 2).contains("missing: GROUP"));
    assert!(says(&pair, A, &format!("move {KEY} nodez"), 1).contains("and a node"));
    assert!(says(&pair, A, "takeover nothing", 1).contains("a group of haresources"));
    pair.kill(B);
    pair.wait_for("B to be dead", 5 * SECOND, |p| p.holds(A));
    let said = says(&pair, A, &format!("move {KEY} nodeb"), 1);
    assert!(said.contains("nodeb cannot serve it"), "{said}");
    assert_eq!(
        says(&pair, B, "standby", 3).matches("not running").count(),
        1
    );
}

fn keeps() {
    let mut pair = pair();
    says(&pair, A, "standby", 0);
    only(&pair, B);
    restart(&mut pair, A);
    pair.wait_for("A to take it back", 5 * SECOND, |p| {
        p.holds(A) && !p.holds(B)
    });
    says(&pair, A, "standby --persist", 0);
    only(&pair, B);
    restart(&mut pair, A);
    std::thread::sleep(SECOND);
    only(&pair, B);
    says(&pair, A, "disable --persist", 0);
    restart(&mut pair, A);
    assert!(says(&pair, A, "status", 0).contains("disabled: it serves nothing"));
    pair.terminate(B);
    std::thread::sleep(2 * SECOND);
    assert!(!pair.holds(A), "{}", pair.story());
    let said = says(&pair, A, "enable", 0);
    assert!(said.contains("nodea serves it now (was nobody)"), "{said}");

    // A place that nothing can be written to.
    let state = pair.nodes[A].folder.join("state");
    pair.wait_for("it to be forgotten", 10 * SECOND, |_| {
        fs::read_to_string(state.join("standby")).is_ok_and(|text| !text.contains("serves nothing"))
    });
    fs::rename(&state, state.with_extension("away")).unwrap();
    fs::write(&state, "").unwrap();
    let said = says(&pair, A, "disable --persist", 1);
    assert!(said.contains("not kept: "), "{said}");
    assert!(!held(&pair, A), "it is disabled all the same");
}

fn restart(pair: &mut Pair, node: usize) {
    assert!(pair.terminate(node).success());
    pair.start(node);
    wait_for_status(pair, 1 - node, "alive, heard");
}

fn disabled() {
    let mut pair = pair();
    let said = says(&pair, A, "disable", 0);
    assert!(said.contains("nodeb serves it now (was nodea)"), "{said}");
    only(&pair, B);
    assert!(says(&pair, A, "takeover", 1).contains("this node is disabled"));
    let said = says(&pair, B, &format!("move {KEY} nodea"), 1);
    assert!(said.contains("nodea cannot serve it"), "{said}");
    pair.kill(B);
    std::thread::sleep(2 * SECOND);
    assert!(!pair.holds(A) && !pair.holds(B), "{}", pair.story());
    says(&pair, A, "enable", 0);
    only(&pair, A);
    let said = says(&pair, A, "disable", 0);
    assert!(said.contains("nobody serves it now (was nodea)"), "{said}");
    assert!(!held(&pair, A));
}

fn maintenance() {
    let mut pair = pair();
    assert_eq!(says(&pair, A, "maintenance on", 0), "maintenance on\n");
    // Whoever types, and wherever.
    for (node, line) in [
        (A, "standby".to_owned()),
        (A, "disable".to_owned()),
        (B, "takeover".to_owned()),
        (B, format!("move {KEY} nodeb")),
        (A, format!("move {KEY} nodeb")),
    ] {
        let said = says(&pair, node, &line, 1);
        assert!(said.contains("in maintenance nothing is moved"), "{said}");
    }
    only(&pair, A);
    // The home loses its cable, then its agent: nothing moves.
    pair.plug(A, false);
    std::thread::sleep(SECOND);
    pair.plug(A, true);
    pair.wait_for("A to hold it", 5 * SECOND, |p| p.holds(A) && !p.holds(B));
    pair.kill(A);
    std::thread::sleep(2 * SECOND);
    assert!(!pair.holds(A) && !pair.holds(B), "{}", pair.story());
    assert!(says(&pair, B, "status", 0).contains("maintenance: nothing moves by itself"));
    pair.start(A);
    std::thread::sleep(2 * SECOND);
    assert!(!pair.holds(A) && !pair.holds(B), "{}", pair.story());
    // A person's word counts.
    says(&pair, B, &format!("takeover {KEY} --force"), 0);
    only(&pair, B);
    says(&pair, B, "standby --force", 0);
    only(&pair, A);
    assert_eq!(says(&pair, B, "maintenance off", 0), "maintenance off\n");
    only(&pair, A);
    says(&pair, B, "takeover", 0);
    only(&pair, B);
    assert!(says(&pair, B, "maintenance perhaps", 1).contains("on or off"));
}

fn forced() {
    let mut pair = Pair::new(&Settings {
        resources: "service::one",
        ..Settings::default()
    });
    let runs = |pair: &Pair, node: usize| pair.nodes[node].folder.join("running").exists();
    // Its stop does nothing and says so.
    let script = pair.nodes[A].folder.join("ha.d/resource.d/service");
    let text = fs::read_to_string(&script).unwrap();
    fs::write(&script, text.replace("stop) rm -f running", "stop) exit 1")).unwrap();
    pair.start(A);
    pair.wait_for("A to serve", 5 * SECOND, |p| runs(p, A));
    pair.start(B);
    wait_for_status(&pair, B, "held on nodea");
    let said = says(&pair, B, "takeover service::one --force", 1);
    assert!(
        said.contains("nodea is alive and has service::one"),
        "{said}"
    );
    assert!(says(&pair, B, "takeover --force", 1).contains("--force is for one group"));
    assert!(says(&pair, B, "takeover local --force", 1).contains("--force is for one group"));
    assert!(!runs(&pair, B), "{}", pair.story());

    let said = says(&pair, A, "standby", 1);
    assert!(said.contains("stop-failed"), "{said}");
    let said = says(&pair, B, "takeover", 1);
    assert!(said.contains("nodea serves it"), "{said}");
    assert!(!runs(&pair, B), "{}", pair.story());
    let said = says(&pair, B, "takeover service::one --force", 0);
    assert!(said.contains("nodeb serves it now (was nodea)"), "{said}");
    assert!(runs(&pair, B), "{}", pair.story());
}

fn impatient() {
    let mut pair = Pair::new(&Settings {
        resources: "service::one",
        ..Settings::default()
    });
    let runs = |pair: &Pair, node: usize| pair.nodes[node].folder.join("running").exists();
    // A takes two seconds to stop, and B never starts.
    for (node, old, new) in [
        (A, "stop) rm", "stop) sleep 2; rm"),
        (B, "start) : > running", "start) exit 1"),
    ] {
        let script = pair.nodes[node].folder.join("ha.d/resource.d/service");
        let text = fs::read_to_string(&script).unwrap();
        assert!(text.contains(old));
        fs::write(&script, text.replace(old, new)).unwrap();
    }
    pair.start(A);
    pair.wait_for("A to serve", 5 * SECOND, |p| runs(p, A));
    pair.start(B);
    wait_for_status(&pair, B, "held on nodea");
    let began = Instant::now();
    let said = says(&pair, B, "takeover", 1);
    // It waits for as long as the scripts take, and ends with the reason.
    assert!(began.elapsed() > 2 * SECOND, "{:?}", began.elapsed());
    assert!(
        said.contains("not done") && said.contains("start-failed"),
        "{said}"
    );
    pair.wait_for("A to serve again", 20 * SECOND, |p| runs(p, A));
}
