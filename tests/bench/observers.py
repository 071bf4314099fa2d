"""The lab's own processes: each runs in one namespace, prints "ready", then looks or pokes.

Started as `observers.py ROLE ARGUMENT...`. What they see goes to a file in fixed records, so that
the bench can read on where it stopped. Times are CLOCK_MONOTONIC seconds everywhere; the wire
observer takes the kernel's own receive time of each frame and moves it to that clock.
"""
import ctypes
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

VIP = "10.77.0.100"
PORT = 7777                             # of the echo service behind the virtual address
CLIENT_RECORD = struct.Struct("<dIc")   # when, sequence number, who answered
WIRE_RECORD = struct.Struct("<dccH")    # when, from which node, what kind, bytes that follow
BEAT, CLAIM, ANSWER = b"b", b"c", b"a"  # kinds: heartbeat, ARP that claims the address, echo answer
now = time.monotonic

SO_TIMESTAMPNS = 35
SO_ATTACH_FILTER = 26
IP_PKTINFO = 8
PACKET_OUTGOING = 4
ETH_P_ALL = 3


def realtime(priority):
    """Be scheduled before the contestants, so that what is measured is them."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError:
        try:
            os.nice(-10)
        except OSError:
            pass


def ready():
    """Tell the parent that the role works."""
    print("ready", flush=True)


def role_init(name, *binds):
    """Process 1 of a node: private /run and /dev/shm, host name, bind mounts; then reaps."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for bind in binds:
        source, target = bind.split("::")
        kind = ["-t", "tmpfs", "tmpfs"] if source == "tmpfs" else ["--bind", source]
        subprocess.run(["mount", *kind, target], check=True)
    for folder in ("/run/lock", "/run/ucarp"):
        os.makedirs(folder, exist_ok=True)
    socket.sethostname(name)
    ready()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            signal.sigtimedwait([signal.SIGCHLD], 1)


def role_responder(letter):
    """Answer every datagram from the address it was sent to, with the node's letter added."""
    realtime(2)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    s.bind(("0.0.0.0", PORT))
    ready()
    while True:
        try:
            data, ancillary, _, peer = s.recvmsg(64, 64)
            to = ancillary[0][2][8:12]
            s.sendmsg([data + letter.encode()],
                      [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i4s4s", 0, to, to))], 0, peer)
        except OSError:
            pass


def role_client(path, interval):
    """Ask the virtual address every INTERVAL seconds; record each answer."""
    realtime(1)
    interval = float(interval)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    out = open(path, "wb", buffering=0)
    ready()
    number, held, send_at, flushed_at = 0, [], now(), now()
    while True:
        t = now()
        if t >= send_at:
            number += 1
            try:
                s.sendto(struct.pack("<I", number), (VIP, PORT))
            except OSError:
                pass
            send_at = t if t - send_at > 0.05 else send_at + interval
        if held and t - flushed_at > 0.02:
            out.write(b"".join(held))
            held, flushed_at = [], t
        wake_at = min(send_at, flushed_at + 0.021) if held else send_at
        if select.select([s], [], [], max(0.0, wake_at - now()))[0]:
            try:
                d = s.recv(64)
                held.append(CLIENT_RECORD.pack(now(), struct.unpack("<I", d[:4])[0], d[4:5]))
            except OSError:
                pass


def attributes(data, at, end):
    """The netlink attributes between two offsets."""
    while at + 4 <= end:
        length, kind = struct.unpack_from("=HH", data, at)
        yield kind, data[at + 4:at + length]
        at += (length + 3) & ~3 or 4


def role_addresses(path, link=""):
    """Record every appearance and end of the virtual address in this namespace; with LINK, that
    interface's leaving and entering protodown, which is where FRR keeps its mastership."""
    realtime(3)
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.bind((0, 1 if link else 0x10))    # RTMGRP_LINK, RTMGRP_IPV4_IFADDR
    out = open(path, "w", buffering=1)
    have, vip = False, socket.inet_aton(VIP)
    ready()
    while True:
        data = s.recv(65536)
        t, at = now(), 0
        while at + 16 <= len(data):
            length, message = struct.unpack_from("=IH", data, at)
            found = dict(attributes(data, at + (32 if link else 24), at + length))
            holds = have
            if link and found.get(3, b"").rstrip(b"\0").decode() == link:     # IFLA_IFNAME
                if message == 17 or 39 in found:                            # DELLINK, PROTO_DOWN
                    holds = message == 16 and not found[39][0]
            elif not link and message in (20, 21) and found.get(2) == vip:   # IFA_LOCAL
                holds = message == 20
            if holds != have:
                have = holds
                out.write("%.6f %s\n" % (t, "+" if have else "-"))
            at += (length + 3) & ~3 or 16


class KernelClock:
    """Moves the kernel's receive times (CLOCK_REALTIME) to CLOCK_MONOTONIC."""

    def __init__(self):
        self.offset = 0
        for _ in range(50):
            self.adjust()

    def adjust(self):
        """Measure how far the two clocks are apart, unless interrupted meanwhile."""
        before, real, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after - before < 20_000 or not self.offset:
            self.offset = real - (before + after) // 2

    def monotonic(self, seconds, nanoseconds):
        return (seconds * 1_000_000_000 + nanoseconds - self.offset) / 1e9


def classify(frame, protocol):
    """What a frame says about its sender: BEAT, CLAIM, ANSWER or None; PROTOCOL as in Base."""
    vip = socket.inet_aton(VIP)
    kind = frame[12:14]
    if kind == b"\x08\x06":
        return CLAIM if frame[28:32] == vip else None
    if kind != b"\x08\x00" or len(frame) < 34:
        return None
    if frame[23] == 112:
        return BEAT if protocol == "vrrp" else None
    if frame[23] != 17:
        return None
    source, target = struct.unpack_from("!HH", frame, 14 + (frame[14] & 15) * 4)
    if source == PORT and frame[26:30] == vip:
        return ANSWER
    return BEAT if protocol == "udp:%d" % target else None


def node_frames():
    """A socket filter for what may matter of a node's own frames: ARP, VRRP, UDP but the client's
    questions. Without it the observer would use up a core."""
    load_half, load_byte, load_word = 0x28, 0x30, 0x20
    equal, accept, drop = 0x15, 14, 15      # JEQ; where the two ends are
    code = [
        (load_word, 0, 0, 0xfffff004), (equal, drop - 2, 0, PACKET_OUTGOING),   # SKF_AD_PKTTYPE
        (load_half, 0, 0, 12), (equal, accept - 4, 0, 0x0806), (equal, 0, drop - 5, 0x0800),
        (load_byte, 0, 0, 23), (equal, accept - 7, 0, 112), (equal, 0, drop - 8, 17),
        (0xb1, 0, 0, 14),                                                       # X = length of the IP header
        (0x48, 0, 0, 14), (equal, accept - 11, 0, PORT),                        # source port: an answer
        (0x48, 0, 0, 16), (equal, drop - 13, 0, PORT), (0x05, 0, 0, 0),
        (0x06, 0, 0, 0xffff), (0x06, 0, 0, 0),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in code), len(code)


def bridge_port(name):
    """A packet socket on a port of the bridge, with kernel times."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    code, steps = node_frames()
    memory = ctypes.create_string_buffer(code)
    s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", steps, ctypes.addressof(memory)))
    s.bind((name, ETH_P_ALL))
    return s


def role_wire(path, protocol):
    """On the bridge: the kernel's time of each heartbeat, claim and answer a node sends."""
    realtime(3)
    out = open(path, "wb", buffering=0)
    clock = KernelClock()
    ports = {bridge_port("p" + side): side.encode() for side in "AB"}
    ready()
    while True:
        for port in select.select(list(ports), [], [])[0]:
            try:
                frame, ancillary, _, _ = port.recvmsg(2048, 128)
            except OSError:         # the cable was cut
                continue
            kind = classify(frame, protocol)
            if kind is None:
                continue
            clock.adjust()
            stamp = next((struct.unpack("@ll", v[:16]) for level, what, v in ancillary
                          if level == socket.SOL_SOCKET and what == SO_TIMESTAMPNS), None)
            at = clock.monotonic(*stamp) if stamp else now()
            body = frame if kind == BEAT else b""
            out.write(WIRE_RECORD.pack(at, ports[port], kind, len(body)) + body)


def role_inject(interface, path, gap, armed=""):
    """Send the frames of a file (u32 length, frame) GAP seconds apart; when ARMED, only after a
    line on standard input."""
    realtime(1)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((interface, 0))
    data, at, gap = open(path, "rb").read(), 0, float(gap)
    ready()
    if armed:
        sys.stdin.readline()
    send_at = now()
    while at < len(data):
        length, = struct.unpack_from("<I", data, at)
        try:
            s.send(data[at + 4:at + 4 + length])
        except OSError:
            pass
        at += 4 + length
        send_at += gap
        time.sleep(max(0.0, send_at - now()))


if __name__ == "__main__":
    globals()["role_" + sys.argv[1]](*sys.argv[2:])
