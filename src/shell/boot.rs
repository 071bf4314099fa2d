//! The random bits of a new life. An incarnation is a challenge: it must not be the one of an
//! earlier life of this machine, nor of the machine beside it that was flashed from one image.

mod heartbeat;

use twinbeat::Boot;
use twinbeat::auth;
use twinbeat::config::Config;

use crate::state::State;
use crate::{clock, files, journal, sys};

/// Draws them. The kernel's pool is asked without waiting; early in the life of a machine without
/// entropy it is not ready, and everything that differs between machines and starts takes its
/// place, mixed with the key.
pub(crate) fn boot(config: &Config, state: &State) -> Boot {
    let mut bytes = [0; 12];
    if !sys::random(&mut bytes) {
        journal::warn(format_args!(
            "the kernel has no random numbers yet: mixing clocks and hardware addresses"
        ));
        bytes = mixed(config, state);
    }
    let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
    Boot {
        incarnation: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        counter: u32::from_le_bytes([i, j, k, l]),
        kept: state.kept,
        heartbeat: heartbeat::count(config),
    }
}

fn mixed(config: &Config, state: &State) -> [u8; 12] {
    // Where the kernel has put this program, and what it gives to those who do not wait.
    let mut found = format!(
        "{} {} {} {} {} {}",
        config.node_name(config.me),
        state.generation,
        clock::now().micros(),
        clock::wall(),
        std::process::id(),
        (&raw const config).addr(),
    );
    let mut add = |file: &str| found.push_str(&files::read_kernel(file).unwrap_or_default());
    add("/proc/interrupts");
    add("/proc/sys/kernel/random/boot_id");
    for link in &config.links {
        add(&format!("/sys/class/net/{}/address", link.interface));
    }
    let mut bytes = [0; 12];
    let mut keys = config.keys.keys.iter();
    // There is always one that signs.
    if let Some(key) = keys.find(|key| key.number == config.keys.signing) {
        bytes.copy_from_slice(&auth::mixed(key, found.as_bytes())[..12]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lives_begin_with_the_same_bits() {
        let (config, state) = (crate::testing::config(1), State::default());
        let [one, two] = [0; 2].map(|_| boot(&config, &state));
        assert_ne!(one.incarnation, two.incarnation);
        assert_ne!(mixed(&config, &state), mixed(&config, &state));
    }
}
