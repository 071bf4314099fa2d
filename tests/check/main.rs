//! `twinbeat check` as an operator meets it: the real binary on real directories.

mod directory;

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use directory::{Directory, HA_CF};

#[test]
fn a_good_directory_is_accepted_with_advice() {
    let directory = Directory::new("good");
    directory.write("twinbeat.cf", "lease 2\n");
    let (code, printed) = directory.check();
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("ha.cf:1:6: advice: no ping node"),
        "{printed}"
    );
    let last = printed.lines().last().unwrap();
    assert_eq!(
        last,
        "check: ok: this is alpha, of 2 nodes, with 2 links and 1 group (0 warnings, 1 advice)"
    );
}

#[test]
fn scripts_and_interfaces_that_are_not_there_are_named() {
    let directory = Directory::new("lacking");
    directory.write("ha.cf", HA_CF.replace("lo", "nosuch0"));
    directory.write(
        "haresources",
        "beta 192.0.2.10/24/nosuch1 \\\n dnsmasq nosuch-script::x\n",
    );
    let (code, printed) = directory.check();
    assert_eq!(code, Some(0), "{printed}");
    for line in [
        "ha.cf:2:7: advice: there is no interface \"nosuch0\"",
        "haresources:1:6: advice: there is no interface \"nosuch1\"",
        "haresources:2:10: warning: no executable \"nosuch-script\"",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(!printed.contains("\"dnsmasq\""), "{printed}");
    directory.mode("resource.d/dnsmasq", 0o644);
    let (_, printed) = directory.check();
    assert!(
        printed.contains("haresources:2:2: warning: no executable \"dnsmasq\""),
        "{printed}"
    );
}

#[test]
fn a_serial_line_that_is_not_there_is_named_and_one_by_two_names_is_refused() {
    let directory = Directory::new("serial");
    directory.write("twinbeat.cf", "serial /dev/nonexistent/ttyS1\n");
    let (code, printed) = directory.check();
    assert_eq!(code, Some(0), "{printed}");
    let warning =
        "twinbeat.cf:1:8: warning: this link would be down: there is no such device at present";
    assert!(printed.contains(warning), "{printed}");
    std::os::unix::fs::symlink("/dev/zero", directory.0.join("modem")).unwrap();
    let line = format!("serial /dev/zero {}/modem\n", directory.0.display());
    directory.write("twinbeat.cf", line);
    let error = directory.error();
    assert!(
        error.starts_with("twinbeat.cf:1:18: error: the same stands already at twinbeat.cf:1:8"),
        "{error}"
    );
}

#[test]
fn the_name_is_that_of_the_system_without_nodeinfo() {
    let directory = Directory::new("uname");
    fs::remove_file(directory.0.join("nodeinfo")).unwrap();
    let system = nix::unistd::gethostname().unwrap();
    let system = system.to_str().unwrap();
    let error = directory.error();
    assert!(
        error.contains(&format!("this machine is called \"{system}\" (uname -n)")),
        "{error}"
    );
    assert!(error.contains("\"alpha\", \"beta\""), "{error}");
    directory.write("ha.cf", HA_CF.replace("beta", system));
    assert_eq!(directory.check().0, Some(0));
}

#[test]
fn each_missing_file_is_named_and_the_others_are_still_checked() {
    let directory = Directory::new("missing");
    directory.write("authkeys", "auth 1\n1 md5 x\n");
    for file in ["ha.cf", "haresources"] {
        fs::remove_file(directory.0.join(file)).unwrap();
    }
    let printed = directory.refused();
    for file in ["ha.cf", "haresources"] {
        let line = format!(
            "{file}:1:1: error: cannot read {}/{file}: No such file",
            directory.0.display()
        );
        assert!(printed.contains(&line), "{printed}");
    }
    assert!(
        printed.contains("authkeys:2:3: error: key 1 is for md5"),
        "{printed}"
    );
    fs::remove_file(directory.0.join("authkeys")).unwrap();
    assert!(
        directory
            .refused()
            .contains("authkeys:1:1: error: cannot read")
    );
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let directory = Directory::new("pipe");
    for file in ["haresources", "ha.cf", "nodeinfo"] {
        fs::remove_file(directory.0.join(file)).unwrap();
    }
    fs::create_dir(directory.0.join("haresources")).unwrap();
    let mode = nix::sys::stat::Mode::S_IRWXU;
    nix::unistd::mkfifo(&directory.0.join("ha.cf"), mode).unwrap();
    std::os::unix::fs::symlink("nodeinfo", directory.0.join("nodeinfo")).unwrap();
    let printed = directory.refused();
    assert!(printed.contains("ha.cf:1:1: error:") && printed.contains("haresources:1:1: error:"));
    assert_eq!(
        printed.matches("is not a regular file").count(),
        2,
        "{printed}"
    );
    assert!(
        printed.contains("nodeinfo:1:1: error: cannot read"),
        "{printed}"
    );
}

#[test]
fn an_unreadable_file_says_what_to_do() {
    let directory = Directory::new("unreadable");
    directory.mode("haresources", 0o000);
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinbeat"));
    if nix::unistd::geteuid().is_root() {
        // Root may read everything: be somebody who may not, with a copy of the program that
        // he may run.
        let program = directory.0.join("twinbeat");
        // Not by this process: a child that another test begins meanwhile would have it open
        // for writing, and it could not be run.
        let copied = Command::new("cp")
            .arg(env!("CARGO_BIN_EXE_twinbeat"))
            .arg(&program)
            .status();
        assert!(copied.unwrap().success());
        command = Command::new(program);
        command.uid(65534);
    }
    let output = command
        .args(["check", "-c"])
        .arg(&directory.0)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    let line = format!(
        "haresources:1:1: error: cannot read {}",
        directory.0.display()
    );
    assert!(printed.contains(&line), "{printed}");
    assert!(
        printed.contains("Permission denied: run this as root"),
        "{printed}"
    );
}

#[test]
fn keys_that_others_may_read_are_refused_and_never_shown() {
    let directory = Directory::new("mode");
    for mode in [0o640, 0o604, 0o644, 0o602] {
        directory.mode("authkeys", mode);
        let error = directory.error();
        assert!(
            error.starts_with("authkeys:1:1: error: other users may"),
            "{error}"
        );
        assert!(error.contains("chmod 600"), "{error}");
    }
    directory.mode("authkeys", 0o600);
    directory.write(
        "authkeys",
        "auth 2\n1 sha1 hunter2hunter2\nhunter2 sha1\n3 hunter2\n4 crc hunter2\n",
    );
    assert!(!directory.refused().contains("hunter2"));
}

#[test]
fn each_mistake_is_one_error_with_its_place() {
    for (file, text, start) in [
        (
            "nodeinfo",
            "gamma\n".into(),
            "nodeinfo:1:1: error: this machine is called \"gamma\"",
        ),
        (
            "haresources",
            "alpha x\nbeta x y\n".into(),
            "haresources:2:6: error: a second group",
        ),
        (
            "authkeys",
            "auth 1\n1 sha1\n".into(),
            "authkeys:2:3: error: key 1 has a method but no key",
        ),
        (
            "haresources",
            "alpha 10.0.0.256\n".into(),
            "haresources:1:7: error: \"10.0.0.256\" is not",
        ),
        (
            "ha.cf",
            HA_CF.replace("bcast lo", "bcast abcdefghijklmnop"),
            "ha.cf:2:7: error: \"abcdefghijklmnop\" is longer than 15",
        ),
        (
            "ha.cf",
            HA_CF.replace("keepalive 1", "keepalive 0"),
            "ha.cf:4:11: error: the time must be above zero",
        ),
        (
            "ha.cf",
            HA_CF.replace("deadtime 10", "deadtime 2"),
            "ha.cf:5:1: error: deadtime 2s is not above twice",
        ),
        (
            "ha.cf",
            HA_CF.replace("initdead", "initded"),
            "ha.cf:6:1: error: unknown directive \"initded\": did you mean initdead?",
        ),
    ] {
        let directory = Directory::new("mistake");
        directory.write(file, text);
        let error = directory.error();
        assert!(error.starts_with(start), "{error}");
    }
}

#[test]
fn ten_megabytes_are_refused_unread() {
    let directory = Directory::new("large");
    directory.write("ha.cf", HA_CF.repeat(10_000_000 / HA_CF.len()));
    let error = directory.error();
    assert!(
        error.starts_with("ha.cf:1:1: error:") && error.contains("at most 65536"),
        "{error}"
    );
    let filled = format!("{HA_CF}{}", "#".repeat(64 * 1024 - HA_CF.len()));
    directory.write("ha.cf", &filled);
    assert_eq!(directory.check().0, Some(0));
    directory.write("ha.cf", filled + "#");
    directory.error();
}

#[test]
fn binary_junk_is_refused_in_few_short_lines() {
    let directory = Directory::new("junk");
    let program = fs::read("/proc/self/exe").unwrap();
    let junk: Vec<u8> = (0_u32..60_000)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 1)
        .collect();
    for bytes in [&program[..60_000], &junk] {
        for file in ["ha.cf", "haresources", "authkeys", "nodeinfo"] {
            directory.write(file, bytes);
        }
        let printed = directory.refused();
        assert!(
            printed
                .lines()
                .all(|l| l.len() < 1000 && l.is_ascii() && !l.contains('\x1b'))
        );
    }
}

#[test]
fn all_errors_of_all_files_are_printed_in_one_run() {
    let directory = Directory::new("all");
    directory.write(
        "ha.cf",
        "node alpha beta\nkeepalive 0\nfailfast root /x\nbogus\nbcast eth0\n",
    );
    directory.write("twinbeat.cf", "lease 0\n");
    directory.write("haresources", "alpha\ngamma x\nbeta 1.2.3\n");
    directory.write("authkeys", "auth 7\n1 md5 x\n1 crc\n");
    directory.mode("authkeys", 0o644);
    let printed = directory.refused();
    for place in [
        "ha.cf:2:11",
        "ha.cf:3:1",
        "ha.cf:4:1",
        "twinbeat.cf:1:7",
        "haresources:1:1",
        "haresources:2:1",
        "haresources:3:6",
        "authkeys:1:1",
        "authkeys:1:6",
        "authkeys:2:3",
        "authkeys:3:1",
    ] {
        assert!(
            printed.contains(&format!("{place}: error: ")),
            "{place} in {printed}"
        );
    }
    assert!(printed.contains("check: 11 errors in"), "{printed}");
}

#[test]
fn a_companion_needs_a_user_and_a_program_that_are_there() {
    let directory = Directory::new("companion");
    directory.write("ha.cf", HA_CF.to_owned() + "respawn root /bin/sh -x\n");
    let (code, printed) = directory.check();
    assert_eq!(code, Some(0), "{printed}");
    let wrong = "respawn no-such-user /no/such\n";
    directory.write("ha.cf", HA_CF.to_owned() + wrong);
    let printed = directory.refused();
    for said in [
        "ha.cf:8:9: error: \"no-such-user\" is no user of this machine",
        "ha.cf:8:22: error: \"/no/such\" is no executable here",
    ] {
        assert!(printed.contains(said), "{printed}");
    }
}

#[test]
fn a_watchdog_is_accepted_and_what_follows_from_its_timeout_is_said() {
    let directory = Directory::new("watchdog");
    let said = |lines: &str| {
        directory.write("ha.cf", HA_CF.to_owned() + lines);
        let (code, printed) = directory.check();
        assert_eq!(code, Some(0), "{printed}");
        printed
    };
    let never = said("watchdog /dev/watchdog required\n");
    assert!(never.contains("scripts never run twice"), "{never}");
    let may = said("watchdog /dev/watchdog\nwatchdog_timeout 9\n");
    assert!(may.contains("may run twice (never: with deadtime 13s or more)"));
}
