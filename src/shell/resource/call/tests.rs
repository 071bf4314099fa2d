use super::*;
use std::os::unix::fs::PermissionsExt;

fn program(directory: &Path, word: &str, verb: Verb) -> (String, Vec<String>, Rule) {
    match find(directory.to_str().unwrap(), 3, word, verb).unwrap() {
        Call::Program {
            path,
            arguments,
            rule,
        } => (path, arguments, rule),
        Call::Pause(pause) => panic!("a pause of {pause}"),
    }
}

fn put(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "OCF_RESKEY_state=\"a b\"").unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_script_gets_its_arguments_and_then_the_verb() {
    let folder = crate::testing::folder();
    put(&folder.join("resource.d/Filesystem"));
    let (path, arguments, rule) = program(&folder, "Filesystem::/dev/sda1::/mnt", Verb::Stop);
    assert!(path.ends_with("/resource.d/Filesystem"), "{path}");
    assert_eq!(arguments, ["/dev/sda1", "/mnt", "stop"]);
    assert_eq!(rule, Rule::Heartbeat);
}

#[test]
fn what_is_not_there_or_not_executable_is_not_called() {
    let folder = crate::testing::folder();
    put(&folder.join("resource.d/shut"));
    let shut = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.join("resource.d/shut"), shut).unwrap();
    for word in [
        "shut",
        "no-such-script",
        "ocf:nobody:Nothing",
        "OCF::Dummy::none",
    ] {
        let found = find(folder.to_str().unwrap(), 0, word, Verb::Start);
        assert!(matches!(found, Err(Exit::Missing(_))), "{word}: {found:?}");
    }
}

/// What an agent, played by `env`, would see, by lines.
fn seen(arguments: &[String], agent: &str) -> Vec<String> {
    let mut command = std::process::Command::new("/bin/sh");
    command
        .env_clear()
        .args(&arguments[..2])
        .arg(agent)
        .args(&arguments[3..]);
    let output = command.output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(str::to_owned).collect()
}

#[test]
fn an_agent_gets_its_parameters_in_its_environment() {
    let folder = crate::testing::folder();
    put(&folder.join("conf/OCF/Dummy/one"));
    let (path, arguments, rule) = program(&folder, "OCF::Dummy::one", Verb::Status);
    assert_eq!((path.as_str(), rule), ("/bin/sh", Rule::Ocf));
    assert_eq!(arguments[2], "/usr/lib/ocf/resource.d/*/Dummy");

    let agent = folder.join("agent");
    std::fs::write(&agent, "#!/bin/sh\necho $#$1; env").unwrap();
    std::fs::set_permissions(&agent, std::fs::Permissions::from_mode(0o755)).unwrap();
    let agent = agent.to_str().unwrap();
    for (arguments, expected) in [
        (
            arguments.as_slice(),
            [
                "1monitor",
                "OCF_ROOT=/usr/lib/ocf",
                "OCF_RESOURCE_INSTANCE=resource3",
                "OCF_RESKEY_state=a b",
            ],
        ),
        (
            &[
                "-c",
                AGENT,
                "",
                "7",
                "start",
                "",
                "ip=2001:db8::1",
                "x=$(y) *",
            ]
            .map(str::to_owned),
            [
                "1start",
                "OCF_RESOURCE_INSTANCE=resource7",
                "OCF_RESKEY_ip=2001:db8::1",
                "OCF_RESKEY_x=$(y) *",
            ],
        ),
    ] {
        let seen = seen(arguments, agent);
        for line in expected {
            assert!(seen.iter().any(|other| other == line), "{line}: {seen:?}");
        }
    }
}

#[test]
fn parameters_keep_the_colons_of_an_address() {
    if !Path::new("/usr/lib/ocf/resource.d/heartbeat/IPaddr2").is_file() {
        return eprintln!("SKIPPED: resource-agents is not installed");
    }
    let word = "ocf:heartbeat:IPaddr2::ip=2001:db8::1::cidr_netmask=64";
    let (_, arguments, _) = program(Path::new("/"), word, Verb::Start);
    assert_eq!(arguments[2], "/usr/lib/ocf/resource.d/heartbeat/IPaddr2");
    assert_eq!(
        arguments[3..],
        ["3", "start", "", "ip=2001:db8::1", "cidr_netmask=64"]
    );
}

#[test]
fn a_pause_lasts_as_long_at_the_stop_as_at_the_start_unless_said_otherwise() {
    let pause = |word, verb| match find("/", 0, word, verb) {
        Ok(Call::Pause(pause)) => pause.millis() / 1000,
        other => panic!("{other:?}"),
    };
    assert_eq!(pause("Delay", Verb::Start), 10);
    assert_eq!(pause("Delay::3", Verb::Stop), 3);
    assert_eq!(pause("Delay::3::7", Verb::Stop), 7);
    assert_eq!(pause("Delay::3::7", Verb::Status), 0);
}
