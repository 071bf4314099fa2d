"""What plays judge by, without boards: who answered when, what a line said, what is configured."""
import unittest

from line import Line, checksum, decoded
from setting import amended, seconds
from watch import STATION_ADDRESS, Watch, packed

A, B, SHARED = "52:54:00:09:09:01", "52:54:00:09:09:02", "10.9.9.10"


class Segment:
    """An Ethernet that was."""

    def __init__(self):
        self.frames = []

    def answer(self, at, mac, claimed=SHARED, asked=STATION_ADDRESS):
        source = bytes.fromhex(mac.replace(":", ""))
        self.frames.append((at, "a", b"\xff" * 6 + source + b"\x08\x06" + b"\0\1\x08\0\6\4\0\2" + source + packed(claimed)
                            + b"\0" * 6 + packed(asked)))
        self.frames.sort()

    def answers(self, mac, begun, end):
        for step in range(round(begun * 50), round(end * 50) + 1):
            self.answer(step / 50, mac)


def beat(mac, kind):
    source = bytes.fromhex(mac.replace(":", ""))
    return (b"\xff" * 6 + source + b"\x08\x00" + b"E" + b"\0" * 8 + b"\x11" + b"\0" * 10 + b"\0\0\x02\xb6\0\0\0\0"
            + bytes([0x11, kind << 4]) + b"\0" * 30)


def encoded(frame):
    """As src/core/serial/framing.rs writes it."""
    blocks = (frame + checksum(frame).to_bytes(2, "little")).split(b"\0")
    return b"".join(bytes([len(block) + 1]) + block for block in blocks) + b"\0"


class TheWatch(unittest.TestCase):
    def setUp(self):
        self.segment = Segment()
        self.watch = Watch(self.segment, SHARED)

    def test_a_takeover_is_two_periods_and_never_both(self):
        self.segment.answers(A, 0.0, 2.0)
        self.segment.answers(B, 4.0, 6.0)
        self.assertEqual(self.watch.periods(0.0), [(0.0, 2.0, A), (4.0, 6.0, B)])
        self.assertEqual(self.watch.both(0.0), 0.0)
        self.assertEqual(self.watch.outage(0.0), 2.0)
        self.assertAlmostEqual(self.watch.outage(0.0, until=2.0), 0.02)

    def test_answers_of_two_at_once_are_counted_for_as_long_as_they_last(self):
        self.segment.answers(A, 0.0, 3.0)
        self.segment.answers(B, 2.0, 6.0)
        self.assertAlmostEqual(self.watch.both(0.0), 1.0)
        self.assertAlmostEqual(self.watch.both(2.5), 0.5)

    def test_a_board_that_comes_back_while_another_serves_is_counted(self):
        self.segment.answers(A, 0.0, 1.0)
        self.segment.answers(B, 2.0, 9.0)
        self.segment.answers(A, 5.0, 5.2)
        self.assertAlmostEqual(self.watch.both(0.0), 0.2)

    def test_an_announcement_is_no_answer(self):
        self.segment.answer(1.0, A, asked=SHARED)
        self.segment.answer(2.0, A, claimed="10.9.9.1")
        self.assertEqual((self.watch.answers(), self.watch.announcements()), ([], [(1.0, A)]))

    def test_a_question_is_no_sign_of_life(self):
        self.segment.frames = [(float(kind), "a", beat(A, kind)) for kind in range(5)]
        self.assertEqual(self.watch.signs(A), [0.0, 1.0, 3.0, 4.0])
        self.assertEqual(self.watch.signs(B), [])


class TheLine(unittest.TestCase):
    def test_a_frame_is_read_in_pieces_and_after_noise(self):
        line, frame = Line(), bytes([0x11, 0x10]) + bytes(range(20))
        sent = b"\x07noise" + b"\0" + encoded(frame)
        for at, byte in enumerate(sent):
            line.hear(float(at), "ab", bytes([byte]))
        self.assertEqual(line.frames, [(float(len(sent) - 1), "ab", frame)])
        self.assertEqual((line.signs("ab"), line.signs("ba")), ([float(len(sent) - 1)], []))
        self.assertEqual(line.bytes, {"ab": len(sent), "ba": 0})

    def test_one_bit_turned_over_is_noise(self):
        whole = encoded(bytes([0x11, 0x10]) + bytes(range(1, 20)))[:-1]
        self.assertIsNotNone(decoded(whole))
        for place in range(len(whole)):
            self.assertIsNone(decoded(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1:]))

    def test_the_checksum_is_that_of_the_catalogue(self):
        self.assertEqual(checksum(b"123456789"), 0x906e)


class TheSetting(unittest.TestCase):
    def test_directives_are_changed_left_out_and_added(self):
        text = "node alpha beta # two\nkeepalive 1\nbcast eth0\n"
        self.assertEqual(amended(text, {"bcast": None, "keepalive": "2", "deadtime": "6", "serial": None}),
                         "node alpha beta # two\nkeepalive 2\ndeadtime 6\n")

    def test_a_number_alone_is_seconds(self):
        self.assertEqual([seconds(text) for text in ("2", "250ms", "1.5s", "500us")], [2.0, 0.25, 1.5, 5e-4])
