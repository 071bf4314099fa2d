"""Two boards of one kind or of two, alpha and beta, joined by a null-modem and by Ethernet."""
import os
import shutil
import sys
import tempfile
import threading

import initramfs
import kernel
from board import Board
from cable import Ethernet, NullModem


class Pair:
    """`with Pair(hardware) as pair:` both are wired, neither is switched on. Nothing is left behind."""

    def __init__(self, hardware, other=None, *, setting, baud=19200, limit=600, keep=False, echo=False):
        self.kinds = {"a": hardware, "b": other or hardware}
        self.hosts = dict(zip("ab", setting.words(hardware, "node")))
        self.setting, self.baud, self.keep, self.echo = setting, baud, keep, echo
        self.limit = threading.Timer(limit, self.late, [limit])
        self.limit.daemon = True

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="twinbeat-boards")
        self.null_modem = NullModem(self.baud).start()
        self.ethernet = Ethernet(self.folder).start()
        self.boards = []
        for number, (name, hardware) in enumerate(self.kinds.items(), 1):
            image = os.path.join(self.folder, f"{name}-initramfs")
            parts = kernel.provide(hardware)
            with open(image, "wb") as file:
                file.write(initramfs.build(parts, hardware.binary(), self.setting.configuration(hardware)))
            self.boards.append(Board(hardware, name, self.hosts[name], number, self.folder, parts, image,
                                     self.null_modem, self.ethernet, self.setting, self.echo))
        self.limit.start()
        return self

    def __exit__(self, *_):
        self.limit.cancel()
        self.end()

    def end(self):
        for board in self.boards:
            board.power_cut()
        for cable in (self.null_modem, self.ethernet):
            cable.stop()
        if self.keep:
            print(f"boards: kept {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def late(self, limit):
        print(f"boards: not done within {limit} s", file=sys.stderr, flush=True)
        self.end()
        os._exit(3)

    def by_mac(self, mac):
        """The board with that address on its network card, or None."""
        return next((board for board in self.boards if board.mac == mac), None)
