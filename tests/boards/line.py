"""What comes out of the null-modem, as frames of twinbeat (src/core/serial/framing.rs)."""

# Beat, Hello, Control, Leave; an Ask proves nothing.
SIGNS = (0, 1, 3, 4)


class Line:
    """Listens at both ends."""

    def __init__(self):
        # (time of the last byte, way, frame); all bytes of each way; what has no end as yet.
        self.frames, self.bytes, self.rest = [], {"ab": 0, "ba": 0}, {"ab": b"", "ba": b""}

    def hear(self, at, way, data):
        self.bytes[way] += len(data)
        *ended, self.rest[way] = (self.rest[way] + data).split(b"\0")
        for encoded in ended:
            frame = decoded(encoded)
            if frame is not None:
                self.frames.append((at, way, frame))

    def signs(self, way):
        """When what can be a sign of life came out of it."""
        return [at for at, on, frame in self.frames if on == way and is_sign(frame)]


def is_sign(frame):
    return len(frame) > 1 and frame[1] >> 4 in SIGNS


def decoded(encoded):
    """COBS and CRC-16/X-25 undone, or None: noise."""
    out, place = b"", 0
    while place < len(encoded):
        code = encoded[place]
        out += encoded[place + 1:place + code] + b"\0"
        place += code
    frame, crc = out[:-3], out[-3:-1]
    return frame if len(out) > 3 and place == len(encoded) and checksum(frame) == int.from_bytes(crc, "little") else None


def checksum(data):
    crc = 0xffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc ^ 0xffff
