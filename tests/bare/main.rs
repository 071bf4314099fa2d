//! `cargo bare`: the core builds where there is no std, no heap and no compare-and-swap.
//!
//! The target is a Cortex-M0. Where it is installed (`rustup target add thumbv6m-none-eabi`) a copy
//! of it with nothing but `core` in it is used, so that a dependency that needs a heap is noticed as
//! well; otherwise `core` alone is built from source by the compiler that `cross/toolchain` unpacks.
//! Then the same build is run on copies of the package with a trespass planted in each: all must fail.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::Instant;

fn main() -> ExitCode {
    match prove() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bare: FAILED: {why}");
            ExitCode::FAILURE
        }
    }
}

fn prove() -> Result<(), String> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bare");
    let bench = Bench::set_up(package, &work)?;
    let begun = Instant::now();
    let output = bench.build(package)?;
    if !output.status.success() {
        return Err(format!(
            "the library does not build for {TARGET}:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("bare: ok: the library builds for {TARGET} in {seconds:.1} s");
    let whole = copy(package, &work)?;
    for trespass in &TRESPASSES {
        plant(package, &whole, trespass.text)
            .map_err(|error| format!("{}: {error}", trespass.name))?;
        let output = bench.build(&whole)?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Err(format!(
                "{} was planted in the core and it still builds",
                trespass.name
            ));
        }
        if !said.contains(trespass.error) {
            return Err(format!(
                "{}: refused, but not with {:?}:\n{said}",
                trespass.name, trespass.error
            ));
        }
        println!("bare: ok: refused: {}", trespass.name);
    }
    println!("bare: {} passed, 0 failed", TRESPASSES.len() + 1);
    Ok(())
}

/// What builds the library, decided once.
struct Bench {
    /// The compiler, when it is not cargo's own.
    rustc: Option<PathBuf>,
    /// A sysroot with nothing but core in it, made of an installed target.
    sysroot: Option<PathBuf>,
    target_dir: PathBuf,
}

impl Bench {
    fn set_up(package: &Path, work: &Path) -> Result<Self, String> {
        let target_dir = work.join("target");
        let installed = installed()?;
        if installed.is_dir() {
            println!("bare: using the installed target {}", installed.display());
            let sysroot = work.join("sysroot");
            core_only(&installed, &sysroot)
                .map_err(|error| format!("{}: {error}", sysroot.display()))?;
            return Ok(Self {
                rustc: None,
                sysroot: Some(sysroot),
                target_dir,
            });
        }
        println!("bare: {TARGET} is not installed: building core from source");
        let recipe = package.join("cross/toolchain");
        let output = Command::new(&recipe)
            .arg("rust")
            .stderr(std::process::Stdio::inherit())
            .output()
            .map_err(|error| format!("{}: {error}", recipe.display()))?;
        if !output.status.success() {
            return Err(format!("{} failed, see above", recipe.display()));
        }
        let rustc = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        Ok(Self {
            rustc: Some(rustc),
            sysroot: None,
            target_dir,
        })
    }

    fn build(&self, package: &Path) -> Result<Output, String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(package)
            .args([
                "build",
                "--quiet",
                "--lib",
                "--no-default-features",
                "--locked",
                "--target",
                TARGET,
            ])
            .arg("--target-dir")
            .arg(&self.target_dir)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        if let Some(rustc) = &self.rustc {
            cargo
                .arg("-Zbuild-std=core")
                .env("RUSTC", rustc)
                .env("RUSTC_BOOTSTRAP", "1");
        }
        if let Some(sysroot) = &self.sysroot {
            cargo.env(
                "CARGO_ENCODED_RUSTFLAGS",
                format!("--sysroot\u{1f}{}", sysroot.display()),
            );
        }
        cargo.output().map_err(|error| format!("cargo: {error}"))
    }
}

/// Where the libraries of the target lie if cargo's compiler has them.
fn installed() -> Result<PathBuf, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc)
        .args(["--print", "sysroot"])
        .output()
        .map_err(|error| format!("{}: {error}", rustc.display()))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(sysroot.join("lib/rustlib").join(TARGET).join("lib"))
}

fn core_only(installed: &Path, sysroot: &Path) -> io::Result<()> {
    let lib = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fresh(&lib)?;
    for entry in fs::read_dir(installed)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with("libcore-") || text.starts_with("libcompiler_builtins-") {
            std::os::unix::fs::symlink(entry.path(), lib.join(&name))?;
        }
    }
    Ok(())
}

/// A copy of the package to plant trespasses in; its dependencies are not built again.
fn copy(package: &Path, work: &Path) -> Result<PathBuf, String> {
    let whole = work.join("trespass");
    let made = || -> io::Result<()> {
        fresh(&whole)?;
        copy_files(package, &whole, |entry| entry.is_file())?;
        copy_files(&package.join("src"), &whole.join("src"), |_| true)?;
        let sources =
            |entry: &Path| entry.is_dir() || entry.extension().is_some_and(|ending| ending == "rs");
        copy_files(&package.join("tests"), &whole.join("tests"), sources)?;
        // Its own workspace: it lies in the target folder of another package.
        let manifest = fs::read_to_string(package.join("Cargo.toml"))?;
        fs::write(
            whole.join("Cargo.toml"),
            format!("{manifest}\n[workspace]\n"),
        )
    };
    made().map_err(|error| format!("{}: {error}", whole.display()))?;
    Ok(whole)
}

fn copy_files(from: &Path, to: &Path, wanted: impl Fn(&Path) -> bool + Copy) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| wanted(&path)) else {
            continue;
        };
        if path.is_dir() {
            copy_files(&path, &to.join(name), wanted)?;
        } else if path.is_file() {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn plant(package: &Path, whole: &Path, text: &str) -> io::Result<()> {
    let room = fs::read_to_string(package.join(PLANTED))?;
    fs::write(whole.join(PLANTED), format!("{room}\n{text}\n"))
}

fn fresh(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(folder),
    }
}

/// Something that does not belong in the core.
struct Trespass {
    name: &'static str,
    text: &'static str,
    /// What the compiler says of it.
    error: &'static str,
}

const TRESPASSES: [Trespass; 4] = [
    Trespass {
        name: "a use of std",
        text: "use std as _;",
        error: "`std`",
    },
    Trespass {
        name: "std asked for by name",
        text: "extern crate std;",
        error: "can't find crate for `std`",
    },
    Trespass {
        name: "the heap",
        text: "extern crate alloc;",
        error: "can't find crate for `alloc`",
    },
    Trespass {
        name: "compare-and-swap",
        text: "const _: fn(&core::sync::atomic::AtomicU32) = |word| { word.swap(1, core::sync::atomic::Ordering::Relaxed); };",
        error: "swap",
    },
];

const PLANTED: &str = "src/core/time.rs";
const TARGET: &str = "thumbv6m-none-eabi";
