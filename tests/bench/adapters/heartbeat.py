"""heartbeat 3.0.6 in v1 (haresources) style: IPaddr, bcast, sha1. Variant `crc`: without a key."""
import os

import packets
from adapters.base import Base

PROGRAM = "/usr/libexec/heartbeat/heartbeat"


class Adapter(Base):
    BINDS = {"/etc/ha.d": "ha.d", "/var/lib/heartbeat": "varlib"}
    START_BOTH = True
    PROTOCOL = "udp:694"
    PROGRAM = PROGRAM

    @property
    def settle(self):
        return max(2.0, self.dead + 2 * self.beat)

    def configure(self, node):
        self.write(node, "ha.d/ha.cf", f"""
logfacility none
logfile {node.folder}/ha-log
keepalive {round(self.beat * 1000)}ms
deadtime {round(self.dead * 1000)}ms
warntime {round(self.dead * 2000 / 3)}ms
initdead {round(max(4.0, self.dead * 2) * 1000)}ms
udpport 694
{self.medium(node)}
auto_failback on
node nodea
node nodeb
crm no
""")
        self.write(node, "ha.d/haresources", "nodea IPaddr::10.77.0.100/24/eth0\n")
        self.write(node, "ha.d/authkeys", "auth 1\n1 %s\n" % ("crc" if self.variant == "crc" else "sha1 s3cret"), 0o600)

    def start(self, node):
        node.run("mkdir", "-p", "/run/heartbeat/ccm", "/run/heartbeat/crm", "/run/heartbeat/dopd",
                 "/run/heartbeat/rsctmp", "/run/resource-agents")
        node.run("chown", "-R", "hacluster:haclient", "/run/heartbeat")
        node.run("rm", "-f", os.path.join(node.folder, "ha-log"))
        node.spawn(PROGRAM, "-f")

    def ready(self, node):
        log = node.log("ha-log").lower()
        return any(words in log for words in ("local resource transition completed",
                                              "remote resource transition completed",
                                              "initial resource acquisition complete"))

    def stop(self, node):
        node.spawn(PROGRAM, "-k", log="stop.log")

    def cleanup(self, node):
        node.run("sh", "-c", "rm -rf /run/heartbeat* /run/lock/* /run/resource-agents; "
                 "rm -f /var/lib/heartbeat/hb_generation.tmp")

    def forged(self, lab, captured):
        """Its own messages, from a third host but in node A's name: with a right CRC (only `crc`
        should believe it), or a made-up digest."""
        statuses = [f[42:] for f in captured if b"t=status" in f]
        if not statuses:
            return {}
        fields = parse(statuses[-1])
        number = int(dict(f.split(b"=", 1) for _, f in fields)[b"seq"], 16)
        out = {}
        for auth in ("right crc",) if self.variant == "crc" else ("made-up sha1", "right crc"):
            for name, changes in (("status=dead", {"st": "dead"}), ("shutdone", {"t": "shutdone"}),
                                  ("standby all", {"t": "ask_resources", "rsc_hold": "all", "info": "all"})):
                out["%s of nodea, %s" % (name, auth)] = [
                    forge(fields, auth, changes | {"seq": "%x" % (number + 50 + i)}) for i in range(20)]
        return out


def parse(message):
    """The (type, name=value) fields of a netstring message."""
    fields, at = [], 4
    while message[at:at + 3] != b"%%%":
        colon = message.index(b":", at)
        end = colon + 1 + int(message[at:colon])
        fields.append((message[colon + 1:colon + 4], message[colon + 4:end]))
        at = end + 1
    return fields


def forge(fields, auth, changes):
    """The message again with other values, under an authentication of our own."""
    changes = {k.encode(): v.encode() for k, v in changes.items()}
    known = {f.split(b"=", 1)[0] for _, f in fields}
    body = b"###\n"
    for kind, field in fields + [(b"(0)", k + b"=") for k in changes if k not in known]:
        name, value = field.split(b"=", 1)
        value = changes.get(name, value)
        body += b"%d:%s%s=%s," % (len(name) + len(value) + 4, kind, name, value)
    body += b"%%%\n"
    digest = b"1 %x" % crc(body) if auth == "right crc" else b"1 " + b"5a" * 20
    return packets.udp("10.77.0.1", "10.77.0.255", 694, 694, body + b"%d:%s," % (len(digest), digest))


def crc(data):
    """heartbeat's CRC-32: big-endian, as POSIX cksum without the length."""
    c = 0
    for x in data:
        c ^= x << 24
        for _ in range(8):
            c = ((c << 1) ^ 0x04c11db7 if c & 0x80000000 else c << 1) & 0xffffffff
    return c ^ 0xffffffff
