"""twinbeat from heartbeat's three files: bcast, sha1, failback on."""
import json
import os

import packets
from adapters.base import Base

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PROGRAM = os.environ.get("TWINBEAT", os.path.join(ROOT, "target", "release", "twinbeat"))


class Adapter(Base):
    START_BOTH = True
    PROTOCOL = "udp:694"
    PROGRAM = PROGRAM
    groups = 1

    def configure(self, node):
        self.write(node, "ha.d/ha.cf", f"""
logfacility none
keepalive {round(self.beat * 1000)}ms
deadtime {round(self.dead * 1000)}ms
warntime {round(self.dead * 2000 / 3)}ms
initdead {round(max(4.0, self.dead * 2) * 1000)}ms
udpport 694
{self.medium(node)}
auto_failback on
node nodea
node nodeb
""")
        self.write(node, "ha.d/twinbeat.cf", f"statedir {node.folder}/state\n")
        self.write(node, "ha.d/haresources", "".join(
            f"nodea IPaddr2::10.77.0.{100 + n}/24/eth0\n" for n in range(self.groups)))
        self.write(node, "ha.d/authkeys", "auth 1\n1 sha1 a-key-that-is-long-enough\n", 0o600)
        os.makedirs(node.folder + "/state", exist_ok=True)

    def start(self, node):
        node.spawn(PROGRAM, "run", "-c", node.folder + "/ha.d")

    def ready(self, node):
        """Its own word: every node alive and somebody holds the group."""
        try:
            status = json.loads(node.run(PROGRAM, "status", "--json", "-c", node.folder + "/ha.d"))
        except ValueError:
            return False
        return all(n.get("state") not in ("dead", "unheard", "left") for n in status["nodes"]) \
            and all(g.get("holder") for g in status["groups"])

    def cleanup(self, node):
        node.run("rm", "-rf", "/run/twinbeat")

    def forged(self, lab, captured):
        """Its own beats in node A's name from a third host: every kind, newer counters, with the old
        tag, a CRC's place-holder and a made-up one."""
        if not captured:
            return {}
        beat = captured[-1][42:]
        counter = int.from_bytes(beat[6:10], "big")
        tags = {"old tag": beat[-12:], "zero tag": bytes(12), "made-up tag": bytes(range(12))}
        return {name: [self._forge(beat, kind, counter + 50 + kind, tag) for kind in range(16)]
                for name, tag in tags.items()}

    @staticmethod
    def _forge(beat, kind, counter, tag):
        head = beat[:1] + bytes([beat[1] & 0x0f | kind << 4]) + beat[2:6] + (counter & 0xffffffff).to_bytes(4, "big")
        return packets.udp("10.77.0.1", "255.255.255.255", 694, 694, head + beat[10:-12] + tag)
