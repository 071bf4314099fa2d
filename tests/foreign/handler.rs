//! `binfmt_misc`: has the kernel run programs of another CPU, so that an emulated one can run itself
//! again. Only in a user namespace of our own, where it changes nothing for this machine; Linux 6.7
//! and newer have it there.

use std::fs;
use std::path::Path;

use nix::mount::{MsFlags, mount};

use super::Cpu;
use super::lab;

/// Registers the emulators of these CPUs; why not, where it is not permitted.
pub(crate) fn register(cpus: &[Cpu]) -> Result<(), String> {
    if !lab::own_users() {
        return Err("no user namespace of our own".to_owned());
    }
    const KIND: Option<&str> = Some("binfmt_misc");
    mount(KIND, FOLDER, KIND, MsFlags::empty(), None::<&str>)
        .map_err(|e| format!("binfmt_misc: {e}"))?;
    for cpu in cpus {
        let emulator = cpu.emulator().ok_or("no emulator")?.display().to_string();
        // F: the emulator is opened now, whatever the world of the program looks like.
        let line = format!(":{}:M::{}:{MASK}:{emulator}:F", cpu.qemu, magic(cpu));
        fs::write(Path::new(FOLDER).join("register"), &line).map_err(|e| format!("{line}: {e}"))?;
    }
    Ok(())
}

/// Whether it is done.
pub(crate) fn registered(cpu: &Cpu) -> bool {
    lab::own_users() && Path::new(FOLDER).join(cpu.qemu).exists()
}

/// How an ELF file of this CPU begins: 32 bits, the byte order, an executable, the machine.
fn magic(cpu: &Cpu) -> String {
    let half = |n: u8| match cpu.order {
        1 => format!(r"\x{n:02x}\x00"),
        _ => format!(r"\x00\x{n:02x}"),
    };
    let order = cpu.order;
    let padding = r"\x00".repeat(9);
    format!(
        r"\x7fELF\x01\x{order:02x}\x01{padding}{}{}",
        half(2),
        half(cpu.machine)
    )
}

const FOLDER: &str = "/proc/sys/fs/binfmt_misc";
/// All of that counts but the padding.
const MASK: &str =
    r"\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff";
