"""Frames made by hand: forged ones and broken ones."""
import random
import socket
import struct


def checksum(b):
    """The Internet checksum."""
    if len(b) & 1:
        b += b"\0"
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def eth(dst, src, payload, proto=0x0800):
    return bytes.fromhex(dst.replace(":", "")) + bytes.fromhex(src.replace(":", "")) + struct.pack("!H", proto) + payload


def ip4(src, dst, proto, payload, ttl=255):
    h = struct.pack("!BBHHHBBH4s4s", 0x45, 0xc0, 20 + len(payload), random.getrandbits(16), 0, ttl, proto, 0,
                    socket.inet_aton(src), socket.inet_aton(dst))
    return h[:10] + struct.pack("!H", checksum(h)) + h[12:] + payload


def vrrp(ver, vrid, prio, adv, src, vip, mac="02:00:00:00:00:43"):
    """A VRRP advertisement of version 2 or 3."""
    if ver == 3:
        p = struct.pack("!BBBBHH4s", 0x31, vrid, prio, 1, adv & 0xfff, 0, socket.inet_aton(vip))
        ps = socket.inet_aton(src) + socket.inet_aton("224.0.0.18") + struct.pack("!BBH", 0, 112, len(p))
        p = p[:6] + struct.pack("!H", checksum(ps + p)) + p[8:]
    else:
        p = struct.pack("!BBBBBBH4s8s", 0x21, vrid, prio, 1, 0, adv, 0, socket.inet_aton(vip), b"\0" * 8)
        p = p[:6] + struct.pack("!H", checksum(p)) + p[8:]
    return eth("01:00:5e:00:00:12", mac, ip4(src, "224.0.0.18", 112, p))


def udp(src, dst, sport, dport, data, mac="02:00:00:00:00:43", dmac="ff:ff:ff:ff:ff:ff"):
    """A UDP datagram, broadcast unless told otherwise."""
    u = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    return eth(dmac, mac, ip4(src, dst, 17, u, ttl=64))


def garbage(proto, captured, n=1000, seed=7):
    """n malformed frames: a third random bytes, a third bit-flipped copies of
    real ones, a third truncated copies. IP header kept sane so they arrive."""
    r = random.Random(seed)
    out = []
    for i in range(n):
        k = i % 3 if captured else 0
        if k == 0:
            body = r.randbytes(r.choice((0, 1, 7, 8, 19, 20, 36, 60, 200, 1400)))
            if proto == "vrrp":
                if r.random() < .5 and body:
                    body = bytes([r.choice((0x21, 0x31))]) + body[1:]
                out.append(eth("01:00:5e:00:00:12", "02:00:00:00:00:43", ip4("10.77.0.9", "224.0.0.18", 112, body)))
            else:
                port = int(proto.split(":")[1])
                out.append(udp("10.77.0.9", "10.77.0.255", 40000, port, body))
        else:
            f = bytearray(r.choice(captured))
            if k == 1:
                for _ in range(r.randint(1, 8)):
                    j = r.randrange(34, len(f))
                    f[j] ^= 1 << r.randrange(8)
                body = bytes(f[34:])
            else:
                body = bytes(f[34:34 + r.randint(0, max(0, len(f) - 35))])
            src, dst = socket.inet_ntoa(bytes(f[26:30])), socket.inet_ntoa(bytes(f[30:34]))
            if f[23] == 17 and len(body) >= 8:
                body = body[:4] + struct.pack("!HH", len(body), 0) + body[8:]
            out.append(bytes(f[:12]) + b"\x08\x00" + ip4(src, dst, f[23], body, ttl=f[22]))
    return out


def vrrp_attacks(beat):
    """What a third host can say in VRRPv3, which has no key."""
    centiseconds = round(beat * 100)
    return {"VRRPv3 priority 255 from a third host":
            [vrrp(3, 51, 255, centiseconds, "10.77.0.9", "10.77.0.100")],
            "VRRPv3 priority 0 (resign) in the master's name":
            [vrrp(3, 51, 0, centiseconds, "10.77.0.1", "10.77.0.100")]}
