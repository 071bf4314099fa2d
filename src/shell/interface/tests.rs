//! Against the kernel of this machine, in namespaces.

use super::*;
use crate::sandbox::{self, cable, ip, within};
use twinbeat::time::Duration;

const SOON: Duration = Duration::from_millis(1500);

fn holds(interface: &Interface, address: &str, prefix: u8) -> bool {
    let address: IpAddr = address.parse().unwrap();
    let mut assigned = interface.addresses.iter();
    assigned.any(|a| a.address == address && a.prefix == prefix)
}

#[test]
fn an_interface_is_known_with_its_carrier_and_addresses() {
    sandbox::run(|| {
        ip("link add eth0 type veth peer name far");
        let mut interfaces = Interfaces::open().unwrap();
        assert!(!interfaces.named("eth0").unwrap().up);
        ip("link set eth0 up");
        ip("addr add 192.0.2.1/24 dev eth0");
        assert!(interfaces.update());
        let eth0 = interfaces.named("eth0").unwrap().clone();
        assert!(eth0.up && !eth0.running && eth0.mac.is_some());
        assert!(holds(&eth0, "192.0.2.1", 24));
        ip("link set far up");
        assert!(within(SOON, || {
            interfaces.update();
            interfaces.named("eth0").unwrap().running
        }));
        ip("addr del 192.0.2.1/24 dev eth0");
        interfaces.update();
        let now = interfaces.named("eth0").unwrap();
        assert!(now.revision != eth0.revision);
        assert!(!holds(now, "192.0.2.1", 24));
        assert!(interfaces.lost("192.0.2.1".parse().unwrap(), now.index));
        assert!(!interfaces.update(), "nothing new");
    });
}

#[test]
fn an_interface_that_is_deleted_renamed_or_made_again_is_followed() {
    sandbox::run(|| {
        cable("eth0");
        let mut interfaces = Interfaces::open().unwrap();
        let first = interfaces.named("eth0").unwrap().index;
        ip("link set eth0 name lan");
        interfaces.update();
        assert!(interfaces.named("eth0").is_none());
        assert_eq!(interfaces.named("lan").unwrap().index, first);
        ip("link del lan");
        cable("eth0");
        interfaces.update();
        assert!(interfaces.at(first).is_none() && interfaces.named("lan").is_none());
        assert_ne!(interfaces.named("eth0").unwrap().index, first);
    });
}

#[test]
fn a_monitor_that_lost_notifications_asks_again() {
    sandbox::run(|| {
        cable("eth0");
        ip("addr add 192.0.2.1/24 dev eth0");
        let mut interfaces = Interfaces::open().unwrap();
        let batch: String = (0..3000)
            .map(|n| format!("link set eth0 mtu {}\n", 1400 + n % 2))
            .chain(["addr del 192.0.2.1/24 dev eth0\n".to_owned()])
            .collect();
        let path = std::env::temp_dir().join(format!("twinbeat-batch-{}", std::process::id()));
        std::fs::write(&path, batch).unwrap();
        ip(&format!("-batch {}", path.display()));
        std::fs::remove_file(&path).unwrap();
        assert!(interfaces.update());
        let eth0 = interfaces.named("eth0").unwrap();
        assert!(!holds(eth0, "192.0.2.1", 24));
        assert!(interfaces.lost("192.0.2.1".parse().unwrap(), eth0.index));
    });
}

#[test]
fn a_bridge_that_does_not_forward_yet_has_no_carrier() {
    sandbox::run(|| {
        if !sandbox::try_ip("link add br0 type bridge stp_state 1 forward_delay 200") {
            eprintln!("SKIPPED: this kernel has no bridges");
            return;
        }
        ip("link add eth0 type veth peer name far");
        ip("link set eth0 master br0");
        for name in ["br0", "eth0", "far"] {
            ip(&format!("link set {name} up"));
        }
        let mut interfaces = Interfaces::open().unwrap();
        assert!(interfaces.named("br0").unwrap().up);
        assert!(!interfaces.named("br0").unwrap().running, "listening");
        assert!(within(Duration::from_secs(8), || {
            interfaces.update();
            interfaces.named("br0").unwrap().running
        }));
    });
}

#[test]
fn a_subnet_is_what_the_prefix_leaves() {
    let subnet = |address: &str, prefix| subnet(address.parse().unwrap(), prefix).to_string();
    assert_eq!(subnet("192.0.2.77", 24), "192.0.2.0");
    assert_eq!(subnet("192.0.2.77", 32), "192.0.2.77");
    assert_eq!(subnet("192.0.2.77", 0), "0.0.0.0");
    assert_eq!(subnet("2001:db8::1:2", 64), "2001:db8::");
    assert_eq!(subnet("2001:db8::1:2", 0), "::");
}
