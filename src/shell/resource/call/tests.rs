use super::*;

fn program(directory: &Path, word: &str, verb: Verb) -> (String, Vec<String>, Vec<String>, Rule) {
    match find(directory.to_str().unwrap(), 3, word, verb).unwrap() {
        Call::Program {
            path,
            arguments,
            environment,
            rule,
        } => (
            path.to_string_lossy().into_owned(),
            arguments,
            environment,
            rule,
        ),
        Call::Pause(pause) => panic!("a pause of {pause}"),
    }
}

fn put(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "").unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_script_gets_its_arguments_and_then_the_verb() {
    let folder = crate::testing::folder();
    put(&folder.join("resource.d/Filesystem"));
    let (path, arguments, environment, rule) =
        program(&folder, "Filesystem::/dev/sda1::/mnt", Verb::Stop);
    assert!(path.ends_with("/resource.d/Filesystem"), "{path}");
    assert_eq!(arguments, ["/dev/sda1", "/mnt", "stop"]);
    assert!(environment.is_empty());
    assert_eq!(rule, Rule::Heartbeat);
}

#[test]
fn what_is_not_there_or_not_executable_or_a_path_is_not_called() {
    let folder = crate::testing::folder();
    put(&folder.join("resource.d/shut"));
    let shut = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.join("resource.d/shut"), shut).unwrap();
    for word in [
        "shut",
        "no-such-script",
        "ocf:nobody:Nothing",
        "OCF::Dummy::none",
        "OCF::Dummy",
    ] {
        let found = find(folder.to_str().unwrap(), 0, word, Verb::Start);
        assert!(matches!(found, Err(Exit::Missing(_))), "{word}: {found:?}");
    }
}

#[test]
fn an_agent_is_sourced_with_heartbeats_file_and_asked_to_monitor() {
    let folder = crate::testing::folder();
    put(&folder.join("conf/OCF/Dummy/one"));
    let (path, arguments, environment, rule) = program(&folder, "OCF::Dummy::one", Verb::Status);
    assert_eq!((path.as_str(), rule), ("/bin/sh", Rule::Ocf));
    let file = folder.join("conf/OCF/Dummy/one").display().to_string();
    assert_eq!(arguments[2..], ["Dummy".to_owned(), file, "monitor".into()]);
    for variable in ["OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=resource3"] {
        assert!(environment.iter().any(|e| e == variable), "{variable}");
    }
}

#[test]
fn parameters_keep_the_colons_of_an_address() {
    let (_, arguments) = words("ocf:heartbeat:IPaddr2::ip=2001:db8::1::cidr_netmask=64");
    assert_eq!(
        parameters(&arguments),
        ["OCF_RESKEY_ip=2001:db8::1", "OCF_RESKEY_cidr_netmask=64"]
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

#[test]
fn a_resource_word_is_a_name_and_its_arguments() {
    let (name, arguments) = words("Filesystem::/dev/sda1::/mnt");
    assert_eq!(name, "Filesystem");
    assert_eq!(arguments, ["/dev/sda1", "/mnt"]);
    assert_eq!(words("nginx"), ("nginx", vec![]));
}
