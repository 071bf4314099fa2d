"""The package of boards/openwrt on a pair of emulated boards (tests/boards): the binary of cross/build, the busybox
of the board, a real softdog, Ethernet and null-modem, and the stand-ins for OpenWrt's own programs.

python3 tests/openwrt/boards.py [TARGET], default mips; needs what tests/boards/run needs."""
import gzip
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TREE, "tests/boards"))

import hardware  # noqa: E402
import initramfs  # noqa: E402
from pair import Pair  # noqa: E402
from setting import Setting  # noqa: E402

ADDRESS = "10.9.9.10"
PATH = "PATH=/usr/sbin:/sbin:/bin"
INIT = f"{PATH} sh /etc/rc.common /etc/init.d/twinbeat"
CONFIG = """config twinbeat 'main'
	option enabled '1'
	option name '%s'
	list node 'alpha'
	list node 'beta'
	option keepalive '1'
	option deadtime '6'
	option initdead '12'
	option auto_failback 'off'
	list key '1 sha256 example-key-replace-me-before-use'
	list watchdog '/dev/watchdog'
	option watchdog_timeout '2'

config link
	option type 'bcast'
	option interface 'lan'

config link
	option type 'serial'
	option tty '%s'

config group
	option home 'alpha'
	list resource '10.9.9.10/24'
	list resource 'Interface::wan'
"""


def overlay(kind, host):
    """A second archive, unpacked over the first: the package, the stand-ins, and what this box has of its own."""
    with tempfile.TemporaryDirectory() as root:
        for goal in ("compile", "install"):
            subprocess.run(["make", "-s", "-C", f"{TREE}/boards/openwrt", f"TOPDIR={HERE}/sdk", f"ROOT={root}/root",
                            f"TWINBEAT_BINARY={kind.binary()}", goal], check=True)
        files = {"var/netifd/lan": b"eth0\n", "var/netifd/state.wan": b"false\n",
                 "etc/hotplug.d/twinbeat/10-test": b'echo "$ACTION $TWINBEAT_GROUP" >>/var/log/hotplug\n'}
        modes = dict.fromkeys(files, 0o644)
        for top in (f"{root}/root", f"{HERE}/stand-in"):
            for place, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(place, name)
                    with open(path, "rb") as file:
                        files[os.path.relpath(path, top)] = file.read()
                    modes[os.path.relpath(path, top)] = os.stat(path).st_mode & 0o777
        files["etc/config/twinbeat"] = (CONFIG % (host, kind.tty)).encode()
        weight = sum(len(data) for name, data in files.items() if os.path.exists(f"{root}/root/{name}"))
    folders = {os.path.dirname(name) for name in files} | {"var/procd", "var/log", "var/lib", "tmp", "etc/rc.d", "sbin"}
    for folder in list(folders):
        while os.path.dirname(folder):
            folder = os.path.dirname(folder)
            folders.add(folder)
    entries = [(folder, 0o40755, b"", (0, 0)) for folder in sorted(folders)]
    entries += [(name, 0o100000 | modes[name], data, (0, 0)) for name, data in sorted(files.items())]
    return gzip.compress(initramfs.archive(entries), 1), weight


class Play:
    def __init__(self, pair):
        self.pair, self.passed, self.begun = pair, 0, time.monotonic()

    def ok(self, what):
        self.passed += 1
        print(f"openwrt: {time.monotonic() - self.begun:6.1f} s: {what}", flush=True)

    def must(self, board, command, what, wanted=None):
        code, said = board.run(command)
        if code != 0 or wanted is not None and wanted not in said:
            raise AssertionError(f"{what}: {board.host}: {code}: {said}; {board.tail(15)}")
        if what:
            self.ok(what)
        return said

    def until(self, board, command, what, seconds=60):
        end = time.monotonic() + seconds
        while True:
            code, said = board.run(command)
            if code == 0:
                self.ok(f"{what}: {said}" if said else what)
                return
            if time.monotonic() > end:
                _, log = board.run("tail -n 20 /var/log/agent /var/procd/events; ps")
                raise AssertionError(f"{what}: {board.host}: {said}; {log}")
            time.sleep(0.5)

    def play(self):
        alpha, beta = boards = self.pair.boards
        marks = [board.power_on() for board in boards] and [0, 0]
        for board, mark in zip(boards, marks):
            board.expect("BOARD ready (.*)", 300, mark)
            # The board's folder has native files; here they are made of the section.
            self.must(board, "rm -f /etc/ha.d/ha.cf /etc/ha.d/haresources /etc/ha.d/authkeys", "")
            board.console.sendall(f"{PATH} procd-watchdog </dev/null >/var/log/dog 2>&1 &\n".encode())
            self.until(board, "grep -q held /var/procd/watchdog", f"{board.host}: procd has the watchdog")
            self.must(board, f"{INIT} check", f"{board.host}: the section is translated and accepted",
                      f"check: ok: this is {board.host}, of 2 nodes")
        for board in boards:
            self.must(board, f"{INIT} start </dev/null", f"{board.host}: started by the init script")
        self.until(alpha, "grep -q 'link bcast eth0: up' /var/log/agent", "alpha: the first beat has left")
        self.memory(alpha, self.must(alpha, "cat /var/procd/twinbeat/agent/pid", ""))
        serves = f"ip addr show eth0 | grep -q '{ADDRESS}/32' && grep -q true /var/netifd/state.wan"
        rests = f"! ip addr show eth0 | grep -q '{ADDRESS}/32' && grep -q false /var/netifd/state.wan"
        self.until(alpha, serves, "alpha serves: the address is leased, its WAN is up")
        self.until(beta, rests, "beta stands by")
        for board in boards:
            self.until(board, "grep -q lent /var/procd/watchdog && twinbeat status --json | grep -o '\"watchdog\":{[^}]*}'"
                       " | grep '\"kicked\":true'", f"{board.host}: the watchdog is handed over by procd and kicked")
            self.until(board, f"twinbeat status --json | grep -o '\"link\":\"serial [^,]*,\"up\":true'",
                       f"{board.host}: hears the other by the null-modem")
        self.must(alpha, "cat /var/log/hotplug", "the takeover is a hotplug event", f"takeover {ADDRESS}/24")
        self.must(alpha, f"{PATH} ubus call twinbeat status", "ubus call twinbeat status", '"node":"alpha"')
        pid = self.must(alpha, "cat /var/procd/twinbeat/agent/pid", "")
        self.must(alpha, "sed -i \"s/option deadtime '6'/option deadtime '5'/\" /etc/config/twinbeat && "
                  f"{INIT} reload", "")
        self.until(alpha, "grep 'configuration reloaded' /var/log/agent", "a reload is taken up")
        self.must(alpha, "cat /var/procd/twinbeat/agent/pid", "by the same process", pid)
        self.memory(alpha, pid)
        self.must(alpha, f"{INIT} shutdown", "alpha is shut down")
        self.until(beta, serves, "beta serves")
        self.until(alpha, rests, "alpha's WAN is down")
        self.until(alpha, "grep -q held /var/procd/watchdog && [ ! -e /var/procd/lent ]", "procd has the watchdog back")
        # Long enough for the softdog of an agent that left it armed (2 s).
        time.sleep(5)
        for board in boards:
            if any(event[1] == "RESET" for event in board.events):
                raise AssertionError(f"{board.host} was reset")
        self.ok("no board was reset")
        since = len(beta.events)
        self.must(alpha, f"{INIT} start </dev/null", "alpha is started again")
        self.until(alpha, rests, "alpha stands by")
        self.until(alpha, "twinbeat status --json | grep -q '\"link\":\"serial [^,]*,\"up\":true'", "alpha hears beta")
        mark = len(beta.lines)
        self.must(beta, "kill -STOP $(cat /var/procd/twinbeat/agent/pid)", "beta's agent hangs")
        self.until(alpha, serves, "alpha serves")
        beta.event("RESET", 30, since)
        self.ok("beta was reset by its watchdog")
        beta.expect("BOARD ready (.*)", 300, mark)
        self.ok("and is there again")

    def memory(self, board, pid):
        said = self.must(board, f"grep -E 'VmRSS|VmHWM|VmLck' /proc/{pid}/status; cat /proc/meminfo | head -n 3; "
                         f"echo CPU in hundredths, user and system: $(cut -d' ' -f14,15 /proc/{pid}/stat)", "")
        print("openwrt: " + "; ".join(" ".join(line.split()) for line in said.splitlines()), flush=True)


def main():
    kind = hardware.find(sys.argv[1] if len(sys.argv) > 1 else "mips")
    # What the smallest boards have.
    if kind.target == "mips":
        kind.memory = 32
    setting = Setting("openwrt", "the package", agent=False)
    with Pair(kind, setting=setting, limit=900, keep=False) as pair:
        for board in pair.boards:
            second, weight = overlay(kind, board.host)
            with open(board.initramfs, "ab") as file:
                # Archives of their own begin at a multiple of four.
                file.write(b"\0" * (-file.tell() % 4) + second)
        print(f"openwrt: the package unpacked is {weight} bytes", flush=True)
        play = Play(pair)
        try:
            play.play()
        except (AssertionError, TimeoutError) as error:
            print(f"openwrt: FAILED: {error}\n{play.passed} passed, 1 failed")
            sys.exit(1)
        print(f"{play.passed} passed, 0 failed")


if __name__ == "__main__":
    main()
