//! `boards/`: every folder is a whole configuration that the real program accepts as it is, on
//! every node, and names a target that can be built; or it is the packaging for a system.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What every board has, and what it may have.
const REQUIRED: [&str; 4] = ["README.md", "authkeys", "ha.cf", "haresources"];
const OPTIONAL: [&str; 3] = ["nodeinfo", "resource.d", "twinbeat.cf"];
/// The emulated boards; removing one is a decision.
const EMULATED: [&str; 4] = ["malta-mips", "malta-mipsel", "virt-aarch64", "virt-armv7"];
/// The boards that people buy; so is removing one of these.
const REAL: [&str; 7] = [
    "beaglebone-black",
    "edgerouter-x",
    "glinet-ar750",
    "pcengines-apu2",
    "raspberry-pi-1",
    "raspberry-pi-4",
    "turris-omnia",
];
/// No boards: how the program gets into a firmware or a distribution.
const PACKAGING: [&str; 4] = ["buildroot", "debian", "openwrt", "yocto"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every folder of `boards/` that is a board, and nothing else is there.
fn boards() -> Vec<PathBuf> {
    let mut boards: Vec<_> = fs::read_dir(root().join("boards"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|entry| !PACKAGING.contains(&name(entry)))
        .collect();
    boards.sort();
    boards
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn text(board: &Path, file: &str) -> String {
    let path = board.join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words of a directive, remarks left out.
fn directive(text: &str, key: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or(""))
        .filter_map(|line| line.trim().strip_prefix(key))
        .filter(|rest| rest.starts_with([' ', '\t']))
        .flat_map(|rest| rest.split_whitespace().map(str::to_owned))
        .collect()
}

/// The folder as one node would have it in `/etc/ha.d`, installed as the README says.
struct Installed(PathBuf);

impl Installed {
    fn new(board: &Path, node: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Relaxed);
        let folder = format!("twinbeat-boards-{}-{number}", std::process::id());
        let installed = Self(std::env::temp_dir().join(folder));
        fs::create_dir_all(&installed.0).unwrap();
        copy(board, &installed.0);
        fs::write(installed.0.join("nodeinfo"), format!("{node}\n")).unwrap();
        let secret = fs::Permissions::from_mode(0o600);
        fs::set_permissions(installed.0.join("authkeys"), secret).unwrap();
        installed
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let target = to.join(name(&entry));
        if entry.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}

/// The exit code and what is printed.
fn check(directory: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_twinbeat"))
        .args(["check", "-c"])
        .arg(directory)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn every_board_that_is_promised_is_there_and_no_other() {
    let boards = boards();
    let there: BTreeSet<_> = boards.iter().map(|board| name(board)).collect();
    let promised: BTreeSet<_> = EMULATED.into_iter().chain(REAL).collect();
    assert_eq!(there, promised);
}

#[test]
fn a_fact_about_a_real_board_has_a_source_or_is_called_unknown() {
    for board in REAL.map(|board| root().join("boards").join(board)) {
        let place = board.display();
        let readme = text(&board, "README.md");
        let (facts, sources) = readme.split_once("\n## Sources\n\n").expect("no sources");
        let sources: Vec<_> = sources.lines().collect();
        for (number, source) in (1..).zip(&sources) {
            // Whose it is, what was opened, and which revision or day of it.
            let parts = source.split(", ").count();
            assert!(
                source.starts_with(&format!("{number}. ")),
                "{place}: {source}"
            );
            assert!(parts >= 3, "{place}: {source}");
            assert!(
                facts.contains(&format!("[{number}]")),
                "{place}: what for is {source}"
            );
        }
        let mut rows = 0;
        for row in facts.lines().filter(|line| line.starts_with("| ")).skip(2) {
            let cited: Vec<usize> = row
                .split('[')
                .filter_map(|rest| rest.split_once(']')?.0.parse().ok())
                .collect();
            assert!(
                !cited.is_empty() || row.contains("unknown"),
                "{place}: {row}"
            );
            assert!(
                cited.iter().all(|one| (1..=sources.len()).contains(one)),
                "{place}: {row}"
            );
            rows += 1;
        }
        for fact in ["memory", "flash"] {
            assert!(
                readme.contains(&format!("\n| {fact} | ")),
                "{place}: no {fact}"
            );
        }
        assert!(rows >= 8, "{place}: {rows} facts");
        assert!(
            readme.contains("No board of this kind was at hand."),
            "{place}"
        );
    }
}

#[test]
fn what_the_readme_says_of_the_line_and_the_dog_is_what_the_configuration_takes() {
    for board in REAL.map(|board| root().join("boards").join(board)) {
        let readme = text(&board, "README.md");
        let ha_cf = text(&board, "ha.cf");
        let facts = |row: &str| {
            let start = format!("| {row} | ");
            let line = readme.lines().find(|line| line.starts_with(&start));
            line.unwrap_or_else(|| panic!("{}: no {row}", board.display()))
        };
        for device in directive(&ha_cf, "serial") {
            let name = device.trim_start_matches("/dev/");
            let place = format!("{}: {device}", board.display());
            assert!(facts("serial").contains(&format!("`{name}`")), "{place}");
        }
        assert!(
            !directive(&ha_cf, "watchdog").is_empty(),
            "{}",
            board.display()
        );
        assert!(facts("watchdog").contains(" s to "), "{}", board.display());
    }
}

#[test]
fn a_board_has_the_files_of_a_configuration_and_no_others() {
    for board in boards() {
        assert!(board.is_dir(), "{} is no board", board.display());
        let entries: Vec<_> = fs::read_dir(&board)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let files: BTreeSet<_> = entries.iter().map(|entry| name(entry)).collect();
        for file in REQUIRED {
            assert!(files.contains(file), "{}: no {file}", board.display());
        }
        for file in files {
            let known = REQUIRED.contains(&file) || OPTIONAL.contains(&file);
            assert!(known, "{}: what is {file}?", board.display());
        }
    }
}

#[test]
fn every_node_of_a_board_is_accepted_and_warned_of_nothing_but_lines_that_are_not_here() {
    for board in boards() {
        let nodes = directive(&text(&board, "ha.cf"), "node");
        assert!(nodes.len() >= 2, "{}: {nodes:?}", board.display());
        for node in &nodes {
            let installed = Installed::new(&board, node);
            let (code, said) = check(&installed.0);
            let place = format!("{} as {node}:\n{said}", board.display());
            assert_eq!(code, Some(0), "{place}");
            let last = said.lines().last().unwrap();
            let beginning = format!("check: ok: this is {node}, of {} nodes", nodes.len());
            assert!(last.starts_with(&beginning), "{place}");
            // The serial line is the board's: this machine has none, or it is its console.
            for line in said.lines().filter(|line| line.contains(": warning: ")) {
                assert!(line.contains(": this link would be down: "), "{place}");
            }
            assert!(!last.contains(" 0 groups"), "{place}");
        }
    }
}

#[test]
fn a_board_gives_no_advice_but_what_its_hardware_decides() {
    // Of the machine that runs this test, not of the board.
    let expected = ["there is no interface", "no ping node"];
    for board in boards() {
        let nodes = directive(&text(&board, "ha.cf"), "node");
        let installed = Installed::new(&board, &nodes[0]);
        for line in check(&installed.0).1.lines() {
            let Some((_, advice)) = line.split_once(": advice: ") else {
                continue;
            };
            let known = expected.iter().any(|start| advice.starts_with(start));
            assert!(known, "{}: {line}", board.display());
        }
    }
}

#[test]
fn the_readme_names_a_target_that_cross_builds() {
    let table = fs::read_to_string(root().join("cross/targets")).unwrap();
    let targets: BTreeSet<_> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for board in boards() {
        let readme = text(&board, "README.md");
        let row = readme.lines().find(|line| line.starts_with("| target | `"));
        let row = row.unwrap_or_else(|| panic!("{}: no target", board.display()));
        let target = row.split('`').nth(1).unwrap();
        assert!(targets.contains(target), "{}: {target}", board.display());
        let command = format!("`cross/build {target}`");
        assert!(row.contains(&command), "{}: {row}", board.display());
        for fact in ["CPU", "console", "serial", "watchdog", "Ethernet", "kernel"] {
            let row = format!("\n| {fact} | ");
            assert!(readme.contains(&row), "{}: no {fact}", board.display());
        }
        assert!(readme.contains("\n## Start\n"), "{}", board.display());
    }
}

#[test]
fn the_chapter_on_firmware_lists_the_real_boards_with_their_targets() {
    let front = text(&root().join("docs"), "firmware.md");
    for board in REAL {
        let readme = text(&root().join("boards").join(board), "README.md");
        let target = readme.split('`').nth(1).unwrap();
        let row = front
            .lines()
            .find(|line| line.starts_with(&format!("| `{board}`")));
        let row = row.unwrap_or_else(|| panic!("docs/firmware.md: no {board}"));
        assert!(row.contains(&format!("| `{target}` |")), "{row}");
    }
}

#[test]
fn the_key_is_an_example_and_the_readme_says_how_to_keep_a_real_one() {
    for board in boards() {
        let place = board.display();
        let keys = text(&board, "authkeys");
        let lines = keys.lines().filter(|line| !line.starts_with('#'));
        let secrets: Vec<_> = lines
            .filter_map(|line| line.split_once(" sha256 "))
            .collect();
        assert!(!secrets.is_empty(), "{place}: no key with sha256");
        for (number, secret) in secrets {
            assert!(secret.contains("replace-me"), "{place}: key {number}");
        }
        assert!(keys.contains("mode 600"), "{place}: say the mode");
        let readme = text(&board, "README.md");
        assert!(readme.contains("install -m 600 authkeys "), "{place}");
        // All that git keeps of a mode is whether a file can be executed.
        let mode = fs::metadata(board.join("authkeys")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o111, 0, "{place}: authkeys is no program");
    }
}

#[test]
fn keys_as_they_come_out_of_git_are_refused_until_they_are_installed() {
    for board in boards() {
        let nodes = directive(&text(&board, "ha.cf"), "node");
        let installed = Installed::new(&board, &nodes[0]);
        let checked_out = fs::Permissions::from_mode(0o644);
        fs::set_permissions(installed.0.join("authkeys"), checked_out).unwrap();
        let (code, said) = check(&installed.0);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("authkeys:1:1: error: other users"), "{said}");
    }
}
