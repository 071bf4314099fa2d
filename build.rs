//! Gives `--version` the commit: the program's only input that is not among its sources. It depends on the
//! commit alone, so the same commit gives the same bytes wherever it is built, with git or without.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// `git archive` writes the commit here, see `.gitattributes`.
const ARCHIVED: &str = "$Format:%H$";
/// As many hexadecimal digits are told.
const DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TWINBEAT_COMMIT");
    let mut version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // While one works on it, a commit would have everything compiled again.
    let released = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let given = std::env::var("TWINBEAT_COMMIT").ok();
    let commit = released.then(|| {
        [given, Some(ARCHIVED.to_owned()), checked_out()]
            .into_iter()
            .flatten()
            .find_map(|text| shortened(&text))
    });
    if let Some(Some(commit)) = commit {
        version = format!("{version} ({commit})");
    }
    println!("cargo::rustc-env=TWINBEAT_VERSION={version}");
}

/// The first digits of a commit, if it is one.
fn shortened(text: &str) -> Option<String> {
    let digits = text.trim().get(..DIGITS)?;
    let sound = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    sound.then(|| digits.to_ascii_lowercase())
}

/// What git's files say is checked out here; git itself need not be there.
fn checked_out() -> Option<String> {
    let (git, common) = folders(Path::new(&std::env::var("CARGO_MANIFEST_DIR").ok()?))?;
    let head = watched(&git.join("HEAD"))?;
    // A commit changes this in any case; the files of branches come and go.
    watched(&git.join("logs/HEAD"));
    let Some(name) = head.trim().strip_prefix("ref: ") else {
        return Some(head);
    };
    let packed = || {
        let all = watched(&common.join("packed-refs"))?;
        let line = all.lines().find(|line| line.ends_with(&format!(" {name}")));
        line.map(str::to_owned)
    };
    watched(&common.join(name)).or_else(packed)
}

/// Where `HEAD` is, and where branches are: two places where this is a worktree of another clone.
fn folders(root: &Path) -> Option<(PathBuf, PathBuf)> {
    let dot = root.join(".git");
    if dot.is_dir() {
        return Some((dot.clone(), dot));
    }
    let git = root.join(watched(&dot)?.trim().strip_prefix("gitdir: ")?);
    let common = read_to_string(git.join("commondir")).ok()?;
    let common = git.join(common.trim());
    Some((git, common))
}

/// A text that has this run again when it changes. (One that is not there would have it run always.)
fn watched(file: &Path) -> Option<String> {
    let text = read_to_string(file).ok()?;
    println!("cargo::rerun-if-changed={}", file.display());
    Some(text)
}
