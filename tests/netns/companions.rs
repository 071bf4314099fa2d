//! Programs that run beside the agent: begun as their user, begun again, given up, ended in their order.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::lab::own_users;
use crate::lab::pair::{A, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[(
    "companions_run_as_their_users_come_back_and_end_before_the_agent_in_reverse_order",
    companions,
)];

const SECOND: Duration = Duration::from_secs(1);
const AT: &str = "/run/companions";
/// Writes down how it was begun, and that it was told to end.
const LASTING: &str =
    "echo \"$$ $(id -u) $(id -g) $(id -G) [$1] $HA_CURHOST $(cat /proc/$$/oom_score_adj) \
$(grep SigIgn /proc/$$/status)\" >> $0.told
trap 'echo ${0##*/} >> /run/companions/ended; exit 0' TERM
echo \"${0##*/} talks\"
while :; do sleep 0.1; done";
const STUBBORN: &str = "trap '' TERM
echo $$ >> $0.told
while :; do sleep 0.1; done";

fn write(file: &str, mode: u32, text: &str) {
    let path = format!("{AT}/{file}");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

fn told(file: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("{AT}/{file}")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The process that a companion was when it last told.
fn process(name: &str) -> Pid {
    let lines = told(&format!("{name}.told"));
    let last = lines.last().expect("it told");
    Pid::from_raw(last.split(' ').next().unwrap().parse().unwrap())
}

fn companions() {
    if own_users() {
        println!("SKIPPED: companions of other users: there are none in this world");
        return;
    }
    fs::create_dir(AT).unwrap();
    for (name, body) in [
        ("first", LASTING),
        ("second", LASTING),
        ("stubborn", STUBBORN),
        ("hundred", "echo x >> $0.told; exit 100"),
        ("quick", "echo x >> $0.told; exit 3"),
    ] {
        write(name, 0o755, &format!("#!/bin/sh\n{body}\n"));
        write(&format!("{name}.told"), 0o666, "");
    }
    write("ended", 0o666, "");
    write(
        "group",
        0o644,
        "root:x:0:\nextra:x:4242:x,nobody\nother:x:4243:x\n",
    );
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback off\nbcast eth0\n\
                     respawn nobody /run/companions/first 'a,  b'\n\
                     respawn root /run/companions/hundred\n\
                     respawn root /run/companions/quick\n\
                     respawn root /run/companions/second # a remark\n\
                     respawn hacluster /usr/lib/heartbeat/ipfail\n\
                     respawn root /run/companions/stubborn\n",
        ..Settings::default()
    });
    let prepare = format!("mount --bind {AT}/group /etc/group && exec \"$0\" \"$@\"");
    let before = ["unshare", "-m", "/bin/sh", "-c", &prepare].map(str::to_owned);
    pair.nodes[A].program.splice(0..0, before);

    // Nothing is begun before there is anything to talk over.
    pair.plug(A, false);
    pair.start(A);
    std::thread::sleep(2 * SECOND);
    assert!(told("first.told").is_empty(), "{}", pair.story());
    pair.plug(A, true);
    let begun = |_: &Pair| {
        ["first", "second", "stubborn"]
            .iter()
            .all(|name| !told(&format!("{name}.told")).is_empty())
    };
    pair.wait_for("companions", 5 * SECOND, begun);
    let line = told("first.told").remove(0);
    let ignored = line.rsplit(['\t', ' ']).next().unwrap();
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    assert_eq!(ignored >> (Signal::SIGPIPE as i32 - 1) & 1, 0, "{line}");
    let own = format!(
        "{} 65534 65534 65534 4242 [a,  b] nodea 0 SigIgn:",
        process("first")
    );
    assert!(line.starts_with(&own), "{line}");
    assert!(
        told("second.told")[0].contains(" 0 0 0 [] nodea 0 "),
        "{:?}",
        told("second.told")
    );

    let before = process("first");
    kill(before, Signal::SIGKILL).unwrap();
    pair.wait_for("the first again", 5 * SECOND, |_| {
        told("first.told").len() == 2
    });
    assert_ne!(process("first"), before);
    // An error at the end of each second.
    pair.wait_for("the quick one to be given up", 25 * SECOND, |p| {
        p.story().contains("given up")
    });
    std::thread::sleep(2 * SECOND);
    assert_eq!(told("quick.told").len(), 11, "{}", pair.story());
    assert_eq!(told("hundred.told").len(), 1, "{}", pair.story());
    assert!(pair.holds(A), "{}", pair.story());
    let story = pair.story();
    for line in [
        "WARN: respawn first: killed by signal 9: started again",
        "info: respawn hundred: exit code 100: not started again",
        "WARN: respawn quick: exit code 3: started again",
        "ERROR: respawn quick: exit code 3, too soon, for the 11th time: given up",
        "info: respawn second: second talks",
        "respawn is accepted but has no effect: ipfail is built in",
    ] {
        assert!(story.contains(line), "no {line:?} in\n{story}");
    }

    let stubborn = process("stubborn");
    let at = Instant::now();
    assert!(pair.terminate(A).success(), "{}", pair.story());
    let took = at.elapsed();
    assert!(
        took > 4 * SECOND && took < 9 * SECOND,
        "{took:?}\n{}",
        pair.story()
    );
    assert_eq!(told("ended"), ["second", "first"], "{}", pair.story());
    let gone = |process| kill(process, None).is_err() || is_zombie(process);
    pair.wait_for("the end of the stubborn one", SECOND, |_| gone(stubborn));

    // What runs does not outlive an agent that is killed.
    pair.start(A);
    pair.wait_for("companions", 5 * SECOND, |_| {
        told("first.told").len() == 3 && told("second.told").len() == 2
    });
    pair.kill(A);
    pair.wait_for("their end", 3 * SECOND, |_| told("ended").len() == 4);
    let _ = kill(process("stubborn"), Signal::SIGKILL);
}

/// Nobody buries orphans in this world.
fn is_zombie(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.contains("State:\tZ")
}
