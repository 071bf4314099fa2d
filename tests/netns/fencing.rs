//! A silent node is switched off by a script before what may run once only is started elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[(
    "what_may_run_once_is_taken_over_from_a_node_that_a_script_has_switched_off",
    switched_off,
)];

const SECOND: Duration = Duration::from_secs(1);

fn runs(pair: &Pair, node: usize) -> bool {
    pair.nodes[node].folder.join("running").exists()
}

fn switched_off() {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback off\nbcast eth0\ngroup service::one policy at-most-one\n\
                     stonith_host nodea /run/power OUTLET=7 NAMES=x,y\n",
        resources: "service::one",
        ..Settings::default()
    });
    let at = pair.nodes[B].folder.display().to_string();
    let script = format!(
        "#!/bin/sh\necho \"$* $OUTLET $NAMES\" >> {at}/asked\n[ -e {at}/works ] || {{ echo no power; exit 3; }}\n"
    );
    fs::write("/run/power", script).unwrap();
    fs::set_permissions("/run/power", fs::Permissions::from_mode(0o755)).unwrap();
    let asked = |p: &Pair| fs::read_to_string(p.nodes[B].folder.join("asked")).unwrap_or_default();
    pair.start(A);
    pair.start(B);
    pair.wait_for("the service", 5 * SECOND, |p| runs(p, A) && !runs(p, B));
    sleep(SECOND);
    assert_eq!(asked(&pair), "", "{}", pair.story());
    // It lives, and is only cut off: nothing moves while it could not be switched off.
    pair.plug(A, false);
    pair.wait_for("the script", 5 * SECOND, |p| !asked(p).is_empty());
    sleep(2 * SECOND);
    assert_eq!(asked(&pair), "off nodea 7 x y\n", "{}", pair.story());
    assert!(runs(&pair, A) && !runs(&pair, B), "{}", pair.story());
    fs::write(pair.nodes[B].folder.join("works"), "").unwrap();
    pair.wait_for("the service on B", 8 * SECOND, |p| runs(p, B));
    assert_eq!(asked(&pair).lines().count(), 2, "{}", pair.story());
    let story = pair.story();
    for line in [
        "WARN: node nodea may run what is wanted here: switching it off",
        "info: fence: no power",
        "ERROR: fence: exit code 3",
        "ERROR: node nodea is not switched off: it is tried again",
        "WARN: node nodea is switched off",
    ] {
        assert!(story.contains(line), "no {line:?} in\n{story}");
    }
    pair.signal(A, Signal::SIGKILL);
}
