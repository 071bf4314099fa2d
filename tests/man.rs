//! The manual pages say what the program does: each directive, option, built-in resource and command of
//! it is in them, and nothing that is not; what they show as an example is accepted.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A page as it would be read, but for its emphasis: one blank for many, no marks of mdoc.
fn page(name: &str) -> String {
    read(&format!("docs/man/{name}")).replace("\\&", "")
}

/// What stands between two texts, everywhere.
fn between<'a>(text: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before)
        .skip(1)
        .filter_map(move |rest| rest.split_once(after))
        .map(|(found, _)| found)
}

/// The words of the directives, as the parser's table has them.
fn directives() -> BTreeSet<String> {
    let source = read("src/core/config/ha_cf/directive.rs");
    let (_, table) = source.split_once("const TABLE").unwrap();
    let (table, _) = table.split_once("];").unwrap();
    let found: BTreeSet<_> = between(&table.replace("(\n        \"", "(\""), "(\"", "\"")
        .filter(|text| !text.contains(' '))
        .map(str::to_owned)
        .collect();
    assert!(found.len() > 60 && found.contains("log_badpack"));
    found
}

/// The directives a page tells of, each by `Ic` at the beginning of a line or an item.
fn told(page: &str) -> BTreeSet<String> {
    let told = page.lines().filter_map(|line| {
        let rest = line
            .strip_prefix(".It ")
            .unwrap_or(line.trim_start_matches('.'));
        rest.strip_prefix("Ic ")?.split(' ').next()
    });
    told.map(str::to_owned).collect()
}

#[test]
fn ha_cf_5_tells_of_every_directive_and_of_no_other() {
    let (known, told) = (directives(), told(&page("ha.cf.5")));
    assert_eq!(known.difference(&told).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(told.difference(&known).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn ha_cf_5_shows_every_example_that_check_shows() {
    let source = read("src/core/config/ha_cf/directive.rs");
    let (_, examples) = source.split_once("fn example(self)").unwrap();
    let (examples, _) = examples.split_once("\n    }\n").unwrap();
    let page = page("ha.cf.5");
    let mut examples: Vec<_> = between(examples, "=> \"", "\"").collect();
    let group = read("src/core/config/group.rs");
    examples.extend(between(&group, "EXAMPLE: &str = \"", "\""));
    assert!(examples.len() > 35, "{}", examples.len());
    for example in examples {
        let line = format!(".Dl {example}");
        assert!(page.lines().any(|shown| shown == line), "{line}");
    }
}

#[test]
fn ha_cf_5_tells_of_every_option_of_a_group() {
    let source = read("src/core/config/group.rs");
    let page = page("ha.cf.5");
    let options: BTreeSet<_> = between(&source, "b\"", "\"").collect();
    assert!(options.len() >= 11, "{options:?}");
    let words = |option: &&str| option.starts_with(char::is_alphabetic);
    for option in options.into_iter().filter(words) {
        let told =
            between(&page, "Cm ", "\n").any(|rest| rest.split(' ').any(|word| word == option));
        assert!(told, "{option}");
    }
}

#[test]
fn haresources_5_and_authkeys_5_tell_of_every_name_that_is_built_in() {
    let source = read("src/core/config/haresources.rs");
    let mut names: Vec<_> = between(&source, "(\"", "\", BuiltIn::")
        .map(|name| format!("Cm {name}::"))
        .collect();
    assert_eq!(names.len(), 7);
    names.extend(["Cm Delay::", "Cm ocf:", "Cm OCF::", "Cm systemd::"].map(str::to_owned));
    let source = read("src/core/config/haresources/network.rs");
    names.extend(between(&source, "b\"::", "::\"").map(|word| format!("Cm ::{word}::")));
    assert_eq!(names.len(), 14);
    let pages = page("haresources.5");
    for name in names {
        assert!(pages.contains(&name), "{name}");
    }
    let source = read("src/core/config/keys.rs");
    let methods: Vec<_> = between(&source, "Self::", "\",")
        .filter_map(|arm| arm.split_once("=> \""))
        .collect();
    assert_eq!(methods.len(), 4);
    for (_, method) in methods {
        assert!(page("authkeys.5").contains(&format!(".It Cm {method}\n")));
    }
}

fn twinbeat(arguments: &[&str]) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_twinbeat");
    let output = Command::new(program).args(arguments).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn twinbeat_8_tells_of_every_command_with_every_option_of_it() {
    let (_, help) = twinbeat(&["--help"]);
    let page = page("twinbeat.8");
    let item = |word: &str| {
        let begin = format!(".It Cm {word}");
        let mut items = page.split_inclusive("\n").skip_while(|line| {
            let line = line.trim_end();
            line != begin && !line.starts_with(&format!("{begin} "))
        });
        let first = items.next().unwrap_or_else(|| panic!("no item {word}"));
        first.trim_end().to_owned()
    };
    let rows: Vec<_> = help
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .collect();
    assert!(rows.len() >= 19, "{help}");
    for row in &rows {
        let word = row.split_whitespace().next().unwrap();
        let (_, more) = twinbeat(&[word, "--help"]);
        let synopsis = more.lines().next().unwrap().replace(" [-c DIR]", "");
        let head = item(word);
        for token in synopsis.split(' ').skip(2) {
            for part in token.trim_matches(['[', ']']).split(['|', '=', '[', ']']) {
                let mark = part.strip_prefix('-').unwrap_or(part);
                assert!(head.contains(mark), "{word}: {part} is not in {head}");
            }
        }
    }
    let told = page.lines().filter_map(|line| line.strip_prefix(".It Cm "));
    for told in told.filter_map(|rest| rest.split(' ').next()) {
        let known = |row: &&&str| row.trim_start().split(' ').next() == Some(told);
        assert!(rows.iter().any(|row| known(&row)), "{told} is no command");
    }
}

/// The literal block of a page.
fn example(name: &str) -> String {
    let page = page(name);
    let begin = ".Bd -literal -offset indent\n";
    let block = between(&page, begin, ".Ed\n").next();
    block.unwrap_or_else(|| panic!("{name}")).to_owned()
}

#[test]
fn the_examples_of_the_pages_are_a_configuration_that_is_accepted() {
    let name = format!("twinbeat-man-{}", std::process::id());
    let folder: PathBuf = std::env::temp_dir().join(name);
    fs::create_dir_all(folder.join("resource.d")).unwrap();
    let write = |file: &str, text: &str, mode: u32| {
        let path = folder.join(file);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    };
    for file in ["ha.cf", "haresources", "authkeys"] {
        write(file, &example(&format!("{file}.5")), 0o600);
    }
    write("nodeinfo", "alpha\n", 0o600);
    for script in ["nginx", "Filesystem", "database"] {
        write(&format!("resource.d/{script}"), "#!/bin/sh\n", 0o755);
    }
    let (code, said) = twinbeat(&["check", "-c", folder.to_str().unwrap()]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_version_is_that_of_the_package() {
    let (code, said) = twinbeat(&["--version"]);
    let expected = format!("twinbeat {}", env!("CARGO_PKG_VERSION"));
    assert!(code == Some(0) && said.starts_with(&expected), "{said}");
}
