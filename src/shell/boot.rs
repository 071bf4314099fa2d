//! The random bits of a new life. An incarnation is a challenge: it must not be the one of an
//! earlier life of this machine, nor of the machine beside it that was flashed from one image.

mod heartbeat;

use nix::libc;
use twinbeat::Boot;
use twinbeat::config::Config;
use twinbeat::hash::Hash;

use crate::state::State;
use crate::{clock, files, sys};

/// Draws them. The kernel's pool is asked without waiting; early in the life of a machine without
/// entropy it is not ready, and everything that differs between machines and starts takes its
/// place, hashed behind the key.
pub(crate) fn boot(config: &Config, state: &State) -> Boot {
    let mut bytes = [0; 12];
    if !sys::random(&mut bytes) {
        log::warn!("the kernel has no random numbers yet: mixing clocks and hardware addresses");
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
    let key = config
        .keys
        .keys
        .iter()
        .find(|key| key.number == config.keys.signing);
    let secret = key.map_or(&[][..], |key| &key.secret);
    let mut hash = Hash::sha256();
    hash.add(secret);
    hash.add(config.node_name(config.me).as_bytes());
    hash.add(&state.generation.to_le_bytes());
    hash.add(&clock::now().micros().to_le_bytes());
    let wall = sys::clock(libc::CLOCK_REALTIME).unwrap_or_default();
    hash.add(&wall.0.to_le_bytes());
    hash.add(&wall.1.to_le_bytes());
    hash.add(&std::process::id().to_le_bytes());
    // Where the kernel has put this program, and what it gives to those who do not wait.
    hash.add(&(&raw const hash).addr().to_le_bytes());
    for file in ["/proc/interrupts", "/proc/sys/kernel/random/boot_id"] {
        hash.add(files::read_kernel(file).unwrap_or_default().as_bytes());
    }
    for link in &config.links {
        let address = format!("/sys/class/net/{}/address", link.interface);
        let address = files::read_kernel(&address).unwrap_or_default();
        hash.add(address.as_bytes());
    }
    let hashed = hash.finish();
    let mut bytes = [0; 12];
    bytes
        .iter_mut()
        .zip(hashed)
        .for_each(|(to, from)| *to = from);
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
