"""The cables without boards: what they carry, how fast, and each fault."""
import os
import select
import socket
import tempfile
import time
import unittest

from cable import Ethernet, NullModem


def read(end, seconds):
    """What arrives within so many seconds, as [(time, bytes)]."""
    arrived, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([end], [], [], max(0, until - time.monotonic()))[0]:
            arrived.append((time.monotonic(), end.recv(4096)))
    return arrived


def joined(arrived):
    return b"".join(data for _, data in arrived)


class TheNullModem(unittest.TestCase):
    def setUp(self):
        self.cable = NullModem(19200).start()
        self.a, self.b = self.cable.plug("a"), self.cable.plug("b")
        self.addCleanup(self.finish)

    def finish(self):
        self.cable.stop()
        for end in [self.a, self.b, *self.cable.ends.values(), self.cable.wake, self.cable.waker]:
            end.close()

    def carry(self, data, seconds):
        """One byte a call, as a UART writes, never faster than the line takes them."""
        self.a.setblocking(False)
        arrived, until, rest = [], time.monotonic() + seconds, data
        while time.monotonic() < until:
            readable, writable, _ = select.select([self.b], [self.a] if rest else [], [], 0.05)
            if readable:
                arrived.append((time.monotonic(), self.b.recv(4096)))
            if writable:
                try:
                    self.a.send(rest[:1])
                    rest = rest[1:]
                except BlockingIOError:
                    time.sleep(0.001)
        return arrived

    def test_carries_bytes_both_ways(self):
        self.a.send(b"ping")
        self.b.send(b"pong")
        self.assertEqual(joined(read(self.b, 0.3)), b"ping")
        self.assertEqual(joined(read(self.a, 0.1)), b"pong")

    def test_is_as_fast_as_the_line_and_no_faster(self):
        data = bytes(range(256)) * 6
        begun = time.monotonic()
        arrived = self.carry(data, 2.0)
        self.assertEqual(joined(arrived), data)
        took = arrived[-1][0] - begun
        self.assertGreater(took, len(data) / 1920 - 0.01)
        self.assertLess(took, len(data) / 1920 * 1.5)

    def test_is_slower_at_a_lower_rate(self):
        self.cable.ways["ab"].rate = 120
        begun = time.monotonic()
        arrived = self.carry(b"x" * 120, 1.5)
        self.assertGreater(arrived[-1][0] - begun, 0.98)

    def test_cuts_one_direction_and_heals(self):
        self.cable.cut("ab")
        self.a.send(b"lost")
        self.b.send(b"heard")
        self.assertEqual(joined(read(self.a, 0.2)), b"heard")
        self.assertEqual(joined(read(self.b, 0.1)), b"")
        self.cable.heal()
        self.a.send(b"again")
        self.assertEqual(joined(read(self.b, 0.2)), b"again")

    def test_corrupts_one_bit_of_a_byte(self):
        self.cable.ways["ab"].corrupt = 1.0
        self.a.send(b"\0" * 8)
        arrived = joined(read(self.b, 0.2))
        self.assertEqual([byte.bit_count() for byte in arrived], [1] * 8)

    def test_loses_bytes(self):
        self.cable.ways["ab"].loss = 0.5
        arrived = joined(self.carry(b"x" * 400, 0.6))
        self.assertTrue(100 < len(arrived) < 300, len(arrived))

    def test_delays(self):
        self.cable.ways["ab"].delay = 0.3
        begun = time.monotonic()
        self.a.send(b"x")
        self.assertGreater(read(self.b, 0.6)[0][0] - begun, 0.3)

    def test_lets_the_writer_feel_a_full_line(self):
        self.a.setblocking(False)
        taken = 0
        with self.assertRaises(BlockingIOError):
            while True:
                taken += self.a.send(b"x")
        self.assertLess(taken, 64)

    def test_does_not_wait_for_a_receiver_that_stands_still(self):
        begun = time.monotonic()
        self.a.setblocking(False)
        sent = 0
        while time.monotonic() - begun < 0.6:
            try:
                sent += self.a.send(b"x")
            except BlockingIOError:
                time.sleep(0.001)
        self.assertGreater(sent, 800)
        self.assertGreater(self.cable.ways["ab"].count["overrun"], 100)
        self.assertLess(len(joined(read(self.b, 0.2))), 400)

    def test_takes_a_new_end_after_a_power_cut(self):
        self.b.close()
        self.a.send(b"lost")
        time.sleep(0.1)
        self.b = self.cable.plug("b")
        self.a.send(b"new")
        self.assertEqual(joined(read(self.b, 0.2)), b"new")


class TheEthernet(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cable = Ethernet(folder.name).start()
        self.boards = {}
        for name in "ab":
            self.boards[name] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.boards[name].bind(self.cable.board(name))
        self.addCleanup(self.finish)

    def finish(self):
        self.cable.stop()
        for end in [*self.boards.values(), *self.cable.ports.values(), self.cable.wake, self.cable.waker]:
            end.close()

    def send(self, name, frame):
        self.boards[name].sendto(frame, self.cable.hub(name))

    def heard(self, name, seconds=0.2):
        return [data for _, data in read(self.boards[name], seconds)]

    def test_carries_frames_and_remembers_them(self):
        self.send("a", b"frame of a")
        self.assertEqual(self.heard("b"), [b"frame of a"])
        self.assertEqual([(port, frame) for _, port, frame in self.cable.frames], [("a", b"frame of a")])

    def test_cuts_one_direction(self):
        self.cable.cut("ba")
        self.send("a", b"frame of a")
        self.send("b", b"frame of b")
        self.assertEqual(self.heard("b"), [b"frame of a"])
        self.assertEqual(self.heard("a"), [])

    def test_corrupts_delays_and_slows(self):
        way = self.cable.ways["ab"]
        way.corrupt = 1.0
        self.send("a", b"\0" * 60)
        self.assertEqual(sum(byte.bit_count() for byte in self.heard("b")[0]), 1)
        way.corrupt, way.delay = 0.0, 0.3
        begun = time.monotonic()
        self.send("a", b"late")
        self.assertGreater(read(self.boards["b"], 0.6)[0][0] - begun, 0.3)
        way.delay, way.rate = 0.0, 1000
        begun = time.monotonic()
        for _ in range(5):
            self.send("a", b"x" * 100)
        arrived = read(self.boards["b"], 0.8)
        self.assertEqual(len(arrived), 5)
        self.assertGreater(arrived[-1][0] - begun, 0.49)

    def test_answers_to_nobody_who_is_off(self):
        os.unlink(self.cable.board("b"))
        self.assertFalse(self.cable.send("b", b"x"))
