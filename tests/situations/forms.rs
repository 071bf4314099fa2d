//! `haresources` as people write it: lines that go on, masks and broadcast addresses in all their
//! forms, two groups that live on different nodes.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[(
    "two_groups_with_addresses_of_every_form_fail_over_and_come_home",
    forms,
)];

const SECOND: Duration = Duration::from_secs(1);
/// deadtime, two scripts, a lease, and a loaded machine.
const MOVE: Duration = Duration::from_secs(6);
const HARESOURCES: &str = "\
# the first lives on nodea, the second on nodeb

nodea 10.77.0.100/24 \\
      10.77.0.101   IPaddr::10.77.0.102/24/eth0 \\
\tIPaddr::10.77.0.103/24/10.77.0.255 IPaddr2::10.77.0.104/25/eth0/10.77.0.127 \\
      service::one
nodeb IPaddr2::10.77.0.105/24/eth0:mail IPaddr2::10.77.0.106/16/eth0:0/10.77.255.255 \\
      10.77.0.107/24/eth0/10.77.0.255 10.77.0.108/32/eth0 service::two   # the end
";
/// What `ip addr` shows of each: address, broadcast, label.
const FIRST: [(&str, &str, &str); 5] = [
    ("10.77.0.100", "", "eth0"),
    ("10.77.0.101", "", "eth0"),
    ("10.77.0.102", "", "eth0"),
    ("10.77.0.103", "10.77.0.255", "eth0"),
    ("10.77.0.104", "10.77.0.127", "eth0"),
];
const SECOND_GROUP: [(&str, &str, &str); 4] = [
    ("10.77.0.105", "", "eth0:mail"),
    ("10.77.0.106", "10.77.255.255", "eth0:0"),
    ("10.77.0.107", "10.77.0.255", "eth0"),
    ("10.77.0.108", "", "eth0"),
];
/// Its service leaves a file of its argument's name.
const SERVICE: &str = "cd FOLDER
case $2 in
start) : > runs-$1 ;;
stop) rm -f runs-$1 ;;
status) [ -e runs-$1 ] && echo running || echo stopped ;;
esac";

fn forms() {
    let mut pair = Pair::new(&Settings::default());
    pair.write("haresources", HARESOURCES);
    pair.script("service", SERVICE);
    let out = pair.command(A, &["check"]);
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(
        said.contains("check: ok") && said.contains("2 groups"),
        "{out:?}"
    );
    pair.start(A);
    pair.start(B);
    let at_home = |p: &Pair| shows(p, A, true, false) && shows(p, B, false, true);
    pair.wait_for("each its group", MOVE, at_home);
    sleep(SECOND);

    assert!(pair.terminate(B).success(), "{}", pair.story());
    assert!(shows(&pair, B, false, false), "{}", pair.story());
    pair.wait_for("A to have both", MOVE, |p| shows(p, A, true, true));
    pair.start(B);
    pair.wait_for("B to have its own back", MOVE, at_home);

    pair.kill(A);
    pair.wait_for("B to have both", MOVE, |p| shows(p, B, true, true));
    pair.wait_for("A's leases to end", MOVE, |p| {
        FIRST.iter().all(|form| !p.has_address(A, form.0))
    });
    pair.start(A);
    pair.wait_for("A to have its own back", MOVE, at_home);
    for node in [A, B] {
        assert!(pair.terminate(node).success(), "{}", pair.story());
    }
    assert!(shows(&pair, B, false, false), "{}", pair.story());
}

/// Whether `ip addr` shows on a node exactly these groups, as they are written.
fn shows(pair: &Pair, node: usize, first: bool, second: bool) -> bool {
    let said = addresses(pair, node);
    let there = |(address, broadcast, label): &(&str, &str, &str)| {
        let line = said
            .lines()
            .find(|line| line.contains(&format!(" {address}/32 ")));
        line.is_some_and(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let behind = |key| {
                words
                    .iter()
                    .skip_while(|word| **word != key)
                    .nth(1)
                    .copied()
            };
            behind("brd").unwrap_or_default() == *broadcast
                && words
                    .iter()
                    .any(|word| word.trim_end_matches('\\') == *label)
                && behind("valid_lft").is_some_and(|left| left != "forever")
        })
    };
    let runs = |name| pair.nodes[node].folder.join(name).exists();
    let gone = |form: &(&str, &str, &str)| !said.contains(&format!(" {}/", form.0));
    let whole = |wanted, forms: &[_], service| {
        if wanted {
            forms.iter().all(there) && runs(service)
        } else {
            forms.iter().all(gone) && !runs(service)
        }
    };
    whole(first, &FIRST, "runs-one") && whole(second, &SECOND_GROUP, "runs-two")
}

fn addresses(pair: &Pair, node: usize) -> String {
    let mut command = Command::new("ip");
    command.args(["-n", pair.nodes[node].namespace.name(), "-o", "-4", "addr"]);
    let out = command.output().expect("ip ran before");
    String::from_utf8_lossy(&out.stdout).into_owned()
}
