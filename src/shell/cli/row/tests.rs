use super::*;

fn typed(name: &str, line: &str) -> Result<(Typed, Call), Mistake> {
    let line: &'static str = line.to_owned().leak();
    let mut call = Call::new();
    let arguments = &mut line.split(' ').map(OsStr::new);
    parse(name.as_bytes(), arguments, &mut call).map(|typed| (typed, call))
}

fn call(line: &str) -> Option<Call> {
    match typed("twinbeat", line) {
        Ok((Typed::Call, call)) => Some(call),
        Ok((Typed::Help(_) | Typed::Version, _)) | Err(_) => None,
    }
}

fn request(line: &str) -> Option<String> {
    call(line)?.request().ok()
}

#[test]
fn the_directory_stands_before_or_after_the_word() {
    for line in [
        "-c /d status --json",
        "status --json -c /d",
        "-c/d status --json",
    ] {
        let call = call(line).unwrap();
        assert_eq!(call.directory, Path::new("/d"), "{line}");
        assert!(call.has("--json"), "{line}");
    }
    let run = call("run").unwrap();
    assert_eq!(
        (run.row.word(), run.directory),
        ("run", Path::new(DIRECTORY))
    );
}

#[test]
fn groups_are_asked_for_by_heartbeats_words() {
    assert_eq!(request("standby").as_deref(), Some("standby"));
    let one = request("takeover 10.0.0.1/24");
    assert_eq!(one.as_deref(), Some("takeover 10.0.0.1/24"));
}

#[test]
fn anything_else_is_a_mistake_in_usage() {
    for line in [
        "",
        "walk",
        "run now",
        "run --json",
        "--json status",
        "standby a b",
        "status -x",
        "status --json=x",
        "status -",
        "-c",
        "check --json",
        "write-state /f",
    ] {
        assert!(typed("twinbeat", line).is_err(), "{line}");
    }
    for line in ["standby a\nb", "standby "] {
        assert_eq!(request(line), None, "{line}");
    }
}

#[test]
fn what_is_written_may_look_like_an_option() {
    let call = call("write-state -c --help").unwrap();
    assert_eq!((call.word(0), call.word(1)), ("-c", "--help"));
}

#[test]
fn a_name_with_a_row_of_its_own_is_its_command() {
    let typed = typed("status", "--json");
    assert!(matches!(typed, Ok((Typed::Call, call)) if call.has("--json")));
}

#[test]
fn help_tells_of_each_command_once_and_in_short_lines() {
    let all = help(None);
    for row in ROWS {
        let told = all.matches(&format!("\n  {}", row.synopsis)).count();
        assert_eq!(told, usize::from(!row.help.is_empty()), "{}", row.synopsis);
        let line = format!("{} --help", row.word());
        let one = matches!(typed("twinbeat", &line), Ok((Typed::Help(Some(found)), _)) if found.word() == row.word());
        assert_eq!(one, !row.help.is_empty(), "{line}");
        assert!(
            row.help.lines().all(|line| line.len() <= 100),
            "{}",
            row.synopsis
        );
    }
    let narrow = |line: &str| line.len() <= 132;
    assert!(all.lines().all(narrow), "{all}");
    assert!(help(Some(&ROWS[0])).starts_with("twinbeat run [-c DIR]\n"));
}

#[test]
fn every_synopsis_is_well_formed() {
    for row in ROWS {
        let mut optional = false;
        for argument in row.arguments() {
            let left_out = argument.starts_with('[');
            assert!(left_out || !optional, "{}", row.synopsis);
            assert_eq!(left_out, argument.ends_with(']'), "{}", row.synopsis);
            optional |= left_out;
        }
        let words = ROWS.iter().filter(|other| other.word() == row.word());
        assert_eq!(words.count(), 1, "{}", row.synopsis);
    }
}
