//! What a group may have besides addresses: agents and heartbeat's own scripts as Debian ships
//! them, units, routes, sources, links; and scripts that misbehave while the group moves.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sys::signal::Signal;

use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::process::Process;
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    ("agents_of_resource_agents_move_with_their_group", agents),
    ("heartbeats_own_scripts_move_with_their_group", wrappers),
    ("a_unit_of_systemd_is_started_and_stopped", unit),
    ("what_is_built_in_is_there_on_the_holder_only", built_in),
    ("twenty_moves_with_bad_scripts_leave_nothing_behind", moves),
];

const SECOND: Duration = Duration::from_secs(1);
const AGENTS: &str = "/usr/lib/ocf/resource.d/heartbeat";

pub(crate) fn script(pair: &Pair, name: &str, body: &str) {
    pair.script(name, body);
}

/// Each node with mounts of its own: what agents note in /run is not shared by two machines. A
/// program `mail` there is first in the search path of scripts.
fn separate(pair: &mut Pair) {
    for node in &mut pair.nodes {
        let at = node.folder.display();
        fs::create_dir_all(node.folder.join("bin")).unwrap();
        let mail = node.folder.join("bin/mail");
        fs::write(&mail, format!("#!/bin/sh\necho \"$*\" >> {at}/mails\n")).unwrap();
        fs::set_permissions(&mail, fs::Permissions::from_mode(0o755)).unwrap();
        let prepare = format!(
            "mkdir -p /run/resource-agents && mount -t tmpfs own /run/resource-agents && \
             mount --bind {at}/bin /usr/local/sbin && exec \"$0\" \"$@\""
        );
        let before = ["unshare", "-m", "/bin/sh", "-c", &prepare].map(str::to_owned);
        node.program.splice(0..0, before);
    }
}

fn mounted(pair: &Pair, node: usize, directory: &str) -> bool {
    let mounts = format!("/proc/{}/mounts", pair.pid(node));
    fs::read_to_string(mounts).is_ok_and(|all| all.contains(&format!(" {directory} tmpfs ")))
}

fn route(pair: &Pair, node: usize, words: &str) -> String {
    let mut command = Command::new("ip");
    command.args(["-n", pair.nodes[node].namespace.name()]);
    let out = command.args(words.split_whitespace()).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn has_source(pair: &Pair, node: usize, source: &str) -> bool {
    route(pair, node, "route get 198.51.100.1").contains(&format!(" src {source} "))
}

fn standby(pair: &Pair, node: usize) {
    let out = pair.command(node, &["standby"]);
    assert!(out.status.success(), "{out:?}\n{}", pair.story());
}

/// Starts A, then B, and moves the group from one to the other.
fn moves_whole(
    pair: &mut Pair,
    whole: &dyn Fn(&Pair, usize) -> bool,
    none: &dyn Fn(&Pair, usize) -> bool,
) {
    for node in &pair.nodes {
        node.namespace.ip("route add default via 10.77.0.254");
    }
    pair.start(A);
    pair.wait_for("A to have all of it", 20 * SECOND, |p| whole(p, A));
    pair.start(B);
    sleep(SECOND);
    assert!(whole(pair, A) && none(pair, B), "{}", pair.story());
    standby(pair, A);
    pair.wait_for("B to have all of it", 20 * SECOND, |p| {
        whole(p, B) && none(p, A)
    });
    for node in [A, B] {
        assert!(pair.terminate(node).success(), "{}", pair.story());
    }
    assert!(none(pair, B), "{}", pair.story());
}

fn agents() {
    if !own_proc() || !Path::new(AGENTS).is_dir() {
        return println!(
            "SKIPPED: agents_of_resource_agents_move_with_their_group: no {AGENTS} (package resource-agents)"
        );
    }
    let mut pair = Pair::new(&Settings::default());
    separate(&mut pair);
    let disk = pair.nodes[A].folder.join("../disk");
    fs::create_dir(&disk).unwrap();
    let disk = fs::canonicalize(disk).unwrap().display().to_string();
    pair.write(
        "haresources",
        &format!(
            "nodea ocf:heartbeat:IPaddr2::ip=10.77.0.101::cidr_netmask=24::nic=eth0 \\\n \
             ocf:heartbeat:IPsrcaddr::ipaddress=10.77.0.101::cidr_netmask=24 \\\n \
             ocf:heartbeat:Filesystem::device=tmpfs::directory={disk}::fstype=tmpfs \\\n \
             ocf:heartbeat:MailTo::email=root::subject=moved OCF::Dummy::one\n"
        ),
    );
    for node in &pair.nodes {
        let home = node.folder.join("ha.d/conf/OCF/Dummy");
        fs::create_dir_all(&home).unwrap();
        let state = node.folder.join("dummy");
        let text = format!(
            "# what Dummy reads\nOCF_RESKEY_state=\"{}\"\n",
            state.display()
        );
        fs::write(home.join("one"), text).unwrap();
    }
    let dummy = |p: &Pair, node: usize| p.nodes[node].folder.join("dummy").exists();
    moves_whole(
        &mut pair,
        &|p, node| {
            p.has_address(node, "10.77.0.101")
                && has_source(p, node, "10.77.0.101")
                && mounted(p, node, &disk)
                && dummy(p, node)
        },
        &|p, node| {
            !p.has_address(node, "10.77.0.101")
                && !has_source(p, node, "10.77.0.101")
                && !dummy(p, node)
        },
    );
    for node in &pair.nodes {
        let mails = fs::read_to_string(node.folder.join("mails")).unwrap();
        assert!(
            mails.contains("moved Takeover") && mails.contains("root"),
            "{mails}"
        );
    }
}

/// The wrappers of Debian's heartbeat; those that twinbeat has built in under other names.
fn wrappers() {
    let own = "/etc/ha.d/resource.d";
    if !own_proc() || !Path::new(own).join("hto-mapfuncs").is_file() || !Path::new(AGENTS).is_dir()
    {
        return println!(
            "SKIPPED: heartbeats_own_scripts_move_with_their_group: no {own} (packages heartbeat, resource-agents)"
        );
    }
    let mut pair = Pair::new(&Settings::default());
    separate(&mut pair);
    let disk = pair.nodes[A].folder.join("../disk");
    fs::create_dir(&disk).unwrap();
    let disk = fs::canonicalize(disk).unwrap().display().to_string();
    for node in &pair.nodes {
        for (name, file) in [
            ("old-IPaddr2", "IPaddr2"),
            ("old-IPsrcaddr", "IPsrcaddr"),
            ("Filesystem", "Filesystem"),
            ("MailTo", "MailTo"),
        ] {
            let link = node.folder.join("ha.d/resource.d").join(name);
            symlink(format!("{own}/{file}"), link).unwrap();
        }
    }
    pair.write(
        "haresources",
        &format!(
            "nodea old-IPaddr2::10.77.0.102/24/eth0 old-IPsrcaddr::10.77.0.102 \
             Filesystem::tmpfs::{disk}::tmpfs MailTo::root::moved\n"
        ),
    );
    moves_whole(
        &mut pair,
        &|p, node| {
            p.has_address(node, "10.77.0.102")
                && has_source(p, node, "10.77.0.102")
                && mounted(p, node, &disk)
                && p.nodes[node].folder.join("mails").exists()
        },
        &|p, node| !p.has_address(node, "10.77.0.102") && !has_source(p, node, "10.77.0.102"),
    );
}

/// With a program in the place of systemctl that does what its manual says: no systemd runs here.
fn unit() {
    let systemctl = Path::new("/bin/systemctl");
    if !systemctl.exists() {
        return println!(
            "SKIPPED: a_unit_of_systemd_is_started_and_stopped: no {}",
            systemctl.display()
        );
    }
    let none: Option<&str> = None;
    let stand_in = "#!/bin/sh
echo \"$*\" >> /run/units/calls; unit=/run/units/$2
case $1 in start) : > $unit ;; stop) rm -f $unit ;;
is-active) [ -e $unit ] && { echo active; exit 0; }; echo inactive; exit 3 ;; esac\n";
    fs::create_dir_all("/run/systemd/system").unwrap();
    fs::create_dir_all("/run/units").unwrap();
    fs::write("/run/systemctl", stand_in).unwrap();
    fs::set_permissions("/run/systemctl", fs::Permissions::from_mode(0o755)).unwrap();
    mount(
        Some("/run/systemctl"),
        systemctl,
        none,
        MsFlags::MS_BIND,
        none,
    )
    .unwrap();
    let mut pair = Pair::new(&Settings {
        resources: "systemd::web IPaddr2::10.77.0.100/24/eth0",
        ..Settings::default()
    });
    pair.start(A);
    pair.wait_for("the unit and the address", 10 * SECOND, |p| p.holds(A));
    assert!(Path::new("/run/units/web").exists(), "{}", pair.story());
    assert!(pair.terminate(A).success());
    assert!(!Path::new("/run/units/web").exists(), "{}", pair.story());
    let calls = fs::read_to_string("/run/units/calls").unwrap();
    assert_eq!(calls, "is-active web\nis-active web\nstart web\nstop web\n");
}

fn built_in() {
    let mut pair = Pair::new(&Settings {
        resources: "IPaddr2::10.77.0.100/24/eth0 IPsrcaddr::10.77.0.100 \
                    Route::10.9.0.0/16::via::10.77.0.9 Link::dmz SendArp::10.77.0.200/eth0 Delay::1::0",
        ..Settings::default()
    });
    for node in &pair.nodes {
        node.namespace.ip("link add dmz type veth peer name far");
        node.namespace.ip("link set dmz up");
    }
    // A client that believes announcements of addresses that it has never heard of.
    let believes = pair.outside.within(|| {
        fs::write(
            "/proc/thread-self/root/proc/sys/net/ipv4/conf/eth0/arp_accept",
            "1",
        )
        .is_ok()
    });
    let mac = |p: &Pair, node: usize| {
        let said = route(p, node, "-o link show eth0");
        let mut words = said
            .split_whitespace()
            .skip_while(|word| *word != "link/ether");
        words.nth(1).unwrap().to_owned()
    };
    let announced = |p: &Pair, node: usize| {
        let mut command = Command::new("ip");
        command.args(["-n", p.outside.name(), "neigh", "show", "10.77.0.200"]);
        let out = String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned();
        !believes || out.contains(&mac(p, node))
    };
    let up = |p: &Pair, node| route(p, node, "link show dmz").contains(",UP");
    let routed = |p: &Pair, node| route(p, node, "route").contains("10.9.0.0/16 via 10.77.0.9");
    let whole = |p: &Pair, node| {
        p.holds(node)
            && has_source(p, node, "10.77.0.100")
            && routed(p, node)
            && up(p, node)
            && announced(p, node)
    };
    let none = |p: &Pair, node| {
        !p.holds(node) && !has_source(p, node, "10.77.0.100") && !routed(p, node) && !up(p, node)
    };
    moves_whole(&mut pair, &whole, &none);
}

fn moves() {
    if !own_proc() {
        return println!(
            "SKIPPED: twenty_moves_with_bad_scripts_leave_nothing_behind: not our /proc"
        );
    }
    let mut pair = Pair::new(&Settings {
        resources: "IPaddr2::10.77.0.100/24/eth0 talks leaves lacks",
        ..Settings::default()
    });
    script(
        &pair,
        "talks",
        "head -c 300000 /dev/zero | tr '\\0' x; echo; [ $1 != status ] || echo stopped",
    );
    script(
        &pair,
        "leaves",
        "sleep 1 & [ $1 != status ] || echo stopped",
    );
    script(
        &pair,
        "lacks",
        "case $1 in start) exit 0;; status) echo stopped;; *) no-such-program; esac",
    );
    pair.start_both();
    let mut before = None;
    for round in 0..22 {
        let (from, to) = if round % 2 == 0 { (A, B) } else { (B, A) };
        let out = pair.command(to, &["takeover"]);
        assert!(out.status.success(), "{out:?}");
        pair.wait_for("the other to serve", 20 * SECOND, |p| {
            p.holds(to) && !p.holds(from)
        });
        if round == 1 {
            sleep(2 * SECOND);
            before = Some([Process::of(&pair, A), Process::of(&pair, B)]);
        }
    }
    sleep(2 * SECOND);
    let after = [Process::of(&pair, A), Process::of(&pair, B)];
    for (before, after) in before.unwrap().iter().zip(&after) {
        assert_eq!(before.files, after.files, "descriptors\n{}", pair.story());
        assert_eq!(after.children, 0, "children\n{}", pair.story());
        assert!(
            after.memory < before.memory + 300,
            "{} kB, then {} kB",
            before.memory,
            after.memory
        );
    }
    let story = pair.story();
    assert!(
        !story.contains("is dead") && !story.contains("stop-failed"),
        "{story}"
    );
    pair.signal(A, Signal::SIGTERM);
}
