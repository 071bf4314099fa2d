//! `protocol linux-ha`: beside a real heartbeat.

use twinbeat::config::{Config, Dialect, Sources};

use crate::{HA_CF, HARESOURCES, good, outcome};

const SHA1: &str = "auth 1\n1 sha1 0123456789abcdef\n";

/// What comes of these lines in twinbeat.cf; the others stay as a heartbeat has them.
fn beside(twinbeat_cf: &str) -> (Option<Box<Config>>, Vec<String>) {
    let mut sources = Sources::new("Alpha", HA_CF, HARESOURCES, SHA1);
    sources.twinbeat_cf = Some(Ok(twinbeat_cf.as_bytes()));
    outcome(&sources)
}

#[test]
fn the_dialect_may_stand_in_a_file_of_our_own_and_is_native_unless_said() {
    let (config, said) = beside("protocol linux-ha\n");
    let config = config.unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(config.dialect, Dialect::LinuxHa);
    assert_eq!(config.node_name(config.me), "alpha");
    let (config, _) = beside("protocol native\n");
    assert_eq!(config.map(|config| config.dialect), Some(Dialect::Native));
    assert_eq!(good(HA_CF).dialect, Dialect::Native);
    let (config, said) = beside("protocol heartbeat\n");
    assert!(config.is_none() && said[0].contains("linux-ha"), "{said:?}");
}
