"""FRR: zebra and vrrpd, VRRPv3. The address sits on a macvlan with the virtual MAC, which vrrpd keeps
protodown while backup, so the address's presence is no sign of mastership here."""
import time

import packets
from adapters.base import Base

PRIORITY = {"A": 250, "B": 240}
DAEMONS = "/usr/lib/frr/"


class Adapter(Base):
    PROGRAM = DAEMONS + "vrrpd"
    MASTERSHIP_LINK = ("vr4",)

    def detection(self):
        cs = round(self.beat * 100)      # vrrpd reckons in whole centiseconds
        return (3 * cs + (256 - PRIORITY["B"]) * cs // 256) / 100

    def configure(self, node):
        self.write(node, "zebra.conf", "hostname %s\nlog stdout\n!\n" % node.name)
        self.write(node, "vrrpd.conf", f"""hostname {node.name}
log stdout
!
interface eth0
 vrrp 51 version 3
 vrrp 51 priority {PRIORITY[node.letter]}
 vrrp 51 advertisement-interval {round(self.beat * 1000)}
 vrrp 51 ip 10.77.0.100
!
""")

    def start(self, node):
        node.run("sh", "-c", "mkdir -p /run/frr; chown frr:frr /run/frr; "
                 "ip link del vr4 2>/dev/null; ip link add vr4 link eth0 type macvlan mode bridge && "
                 "ip link set vr4 address 00:00:5e:00:01:33 && ip addr add 10.77.0.100/24 dev vr4 && "
                 "ip link set vr4 protodown on; ip link set vr4 up")
        for name in ("zebra", "vrrpd"):
            node.spawn(DAEMONS + name, "-f", "%s/%s.conf" % (node.folder, name), "-P", "0",
                       "-i", "/run/frr/%s.pid" % name, "-z", "/run/frr/zserv.api")
            time.sleep(0.7 if name == "zebra" else 0)

    def ready(self, node):
        return len(node.pids()) >= 2

    def cleanup(self, node):
        node.run("sh", "-c", "ip link del vr4; rm -rf /run/frr")

    def holds_address(self, node):
        out = node.run("ip", "-d", "link", "show", "vr4")
        return "vr4" in out and "protodown on" not in out and "does not exist" not in out

    def forged(self, lab, captured):
        return packets.vrrp_attacks(self.beat)
