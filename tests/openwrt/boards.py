"""The package of boards/openwrt on a pair of emulated boards (tests/boards): the binary of cross/build, the busybox
of the board, a real softdog, Ethernet and null-modem, and the stand-ins for OpenWrt's own programs. A third station asks
all the time who has the address in the LAN, and who the one that comes with the WAN.

python3 tests/openwrt/boards.py [--play NAME,...|brief] [TARGET], default all on mips with 32 MB; tests/boards/malta
has made what it needs."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boards"))

import cuts  # noqa: E402
import deaths  # noqa: E402
import hardware  # noqa: E402
import image  # noqa: E402
import report  # noqa: E402
import resets  # noqa: E402
from pair import Pair  # noqa: E402
from scene import Failed, Scene  # noqa: E402
from watch import Watch  # noqa: E402

INIT = "PATH=/usr/sbin:/sbin:/bin sh /etc/rc.common /etc/init.d/twinbeat"
AGENT = "$(cat /var/procd/twinbeat/agent/pid)"


class Routers:
    """The scene, and what is there because of the package."""

    def __init__(self, scene, wan):
        self.scene, self.wan, self.passed, self.begun = scene, wan, 0, time.monotonic()

    def ok(self, what):
        self.passed += 1
        print(f"openwrt: {time.monotonic() - self.begun:6.1f} s: {what}", flush=True)

    def must(self, board, command, what=None, wanted=""):
        code, said = board.run(command)
        if code != 0 or wanted not in said:
            raise Failed(f"{what or command}: {board.host}: {code}: {said}; {board.tail(15)}")
        if what:
            self.ok(what)
        return said

    def until(self, board, command, what, seconds=60):
        end = time.monotonic() + seconds
        while True:
            code, said = board.run(command)
            if code == 0:
                self.ok(what)
                return
            if time.monotonic() > end:
                raise Failed(f"{what}: {board.host}: {said}; {board.run('tail -n 20 /var/log/agent /var/procd/events; ps')[1]}")
            time.sleep(0.5)

    def play(self, name, function):
        """What must be seen is the same as without the package; and the WAN is where the address is."""
        begun, figures = time.monotonic(), {}
        function(self, figures) if function in OWN else function(self.scene, figures)
        self.same(name, begun, figures)
        told = "; ".join(f"{key} {report.told(value)}" for key, value in figures.items())
        self.ok(f"{name}: {told}")

    def same(self, name, begun, figures):
        _, mac = self.wan.served(20, time.monotonic() - 0.5)
        if mac != self.scene.active.mac:
            raise Failed(f"the WAN is not where the address is: {self.told(begun)}")
        figures["WAN away"] = self.wan.outage(begun - 0.5)
        figures["two answers in the LAN"], figures["two WANs"] = (watch.both(begun) for watch in (self.scene.watch, self.wan))
        if name == "both-cut":
            # Two serve while both links are cut. After that the loser's WAN is hung up by a script.
            lan, wan = (max(at for at, sender in watch.answers(begun) if sender == self.scene.standby.mac)
                        for watch in (self.scene.watch, self.wan))
            figures["after that for the other WAN"] = max(0.0, wan - lan)
            if wan - lan > 2:
                raise Failed(f"the loser's WAN stays: {self.told(begun)}")
        elif figures["two answers in the LAN"] + figures["two WANs"]:
            raise Failed(f"two boards served: {self.told(begun)}")
        rebooted = self.scene.rebooted()
        if rebooted:
            raise Failed(f"{' and '.join(rebooted)} booted and nobody had a reason to")

    def told(self, begun):
        names = {board.mac: board.host for board in self.scene.pair.boards}
        periods = ", ".join(f"{names.get(mac, mac)} {first - begun:.2f}-{last - begun:.2f} s"
                            for first, last, mac in self.wan.periods(begun))
        return f"LAN: {self.scene.told(begun)}; WAN: {periods}"


def start(routers, figures):
    """Both boards boot; what the package promises of a box is there."""
    scene = routers.scene
    for board in scene.pair.boards:
        routers.must(board, f"{INIT} check", f"{board.host}: the section is translated and accepted",
                     f"check: ok: this is {board.host}, of 2 nodes")
        routers.until(board, "grep -q lent /var/procd/watchdog && twinbeat status --json | grep -o '\"watchdog\":{[^}]*}'"
                      " | grep '\"kicked\":true'", f"{board.host}: the watchdog is handed over by procd and kicked")
    figures["served after power on"] = scene.watch.answers()[0][0] - min(board.on_at for board in scene.pair.boards)
    routers.must(scene.active, "cat /var/log/hotplug", "the takeover is a hotplug event", f"takeover {image.LAN}/24")
    routers.must(scene.active, "PATH=/usr/sbin:/sbin:/bin ubus call twinbeat status", "ubus call twinbeat status",
                 f'"node":"{scene.active.host}"')
    routers.must(scene.standby, f"cl_status nodestatus {scene.active.host}", "cl_status", "active")
    memory(routers, scene.active)
    memory(routers, scene.standby)


def reload(routers, figures):
    """A changed section is taken up by the same process."""
    board, begun = routers.scene.active, time.monotonic()
    pid = routers.must(board, f"echo {AGENT}")
    routers.must(board, "sed -i \"s/option deadtime '6'/&\\n\\toption warntime '4'/\" /etc/config/twinbeat && "
                 f"{INIT} reload")
    routers.until(board, "grep -q 'configuration reloaded' /var/log/agent", "a reload is taken up")
    routers.must(board, f"echo {AGENT}", "by the same process", pid)
    routers.scene.unmoved(begun)


def handover(routers, figures):
    """A box that is shut down hands everything over, and gives the watchdog back."""
    scene, begun = routers.scene, time.monotonic()
    routers.must(scene.active, f"{INIT} shutdown")
    scene.swap()
    _, mac = scene.watch.served(20, begun)
    if mac != scene.active.mac:
        raise Failed(f"not handed over: {routers.told(begun)}")
    figures["client without answer"] = scene.watch.outage(begun)
    routers.until(scene.standby, "grep -q held /var/procd/watchdog && [ ! -e /var/procd/lent ]", "procd has the watchdog back")
    # Long enough for the softdog of an agent that left it armed (2 s).
    time.sleep(4)
    routers.must(scene.standby, f"{INIT} start </dev/null")
    deaths.back(scene, figures, time.monotonic(), "standby again after its start")


def respawned(routers, figures):
    """kill -9 where watchdog and deadtime wait for procd: the agent is started again after 5 s, and no board is reset."""
    scene = routers.scene
    for board in (scene.standby, scene.active):
        routers.must(board, "sed -i \"s/watchdog_timeout '2'/watchdog_timeout '8'/; s/deadtime '6'/deadtime '12'/\" "
                     f"/etc/config/twinbeat && {INIT} restart </dev/null")
        routers.until(board, "twinbeat status --json | grep -q '\"timeout_s\":8'", f"{board.host} has a slower watchdog")
    scene.settle(time.monotonic())
    killed, pid = time.monotonic(), routers.must(scene.active, f"echo {AGENT}; kill -9 {AGENT}")
    routers.until(scene.active, f"[ {AGENT} != {pid} ] && {{ twinbeat status --line; [ $? -lt 3 ]; }}",
                  "procd has started it again")
    figures["started again after"] = time.monotonic() - killed
    scene.settle(time.monotonic())
    figures["client without answer"] = scene.watch.outage(killed - 0.5)
    print(f"openwrt: since the kill: {routers.told(killed)}", flush=True)


def memory(routers, board):
    said = routers.must(board, f"grep -E 'VmRSS|RssAnon|VmLck' /proc/{AGENT}/status; grep -E 'MemTotal|MemFree' /proc/meminfo; "
                        "echo pulse $(grep VmRSS /proc/$(cat /var/procd/twinbeat/pulse/pid)/status)")
    print(f"openwrt: {board.host}: " + "; ".join(" ".join(line.split()) for line in said.splitlines()), flush=True)


# Those of this file; the others are those of tests/boards.
OWN = (start, reload, handover, respawned)
PLAYS = {"start": start, "reload": reload, "handover": handover, "ethernet-cut": cuts.ethernet_cut,
         "serial-cut": cuts.serial_cut, "both-cut": cuts.both_cut, "power": deaths.power,
         "killed": resets.agent_killed, "hung": resets.agent_stopped, "respawned": respawned}
# What fits into a minute and a half.
BRIEF = "start,reload,handover,both-cut,power,killed"


def main():
    words = dict(zip(sys.argv[1::2], sys.argv[2::2])) if sys.argv[1:2] == ["--play"] else {}
    names = words["--play"].replace("brief", BRIEF).split(",") if words else list(PLAYS)
    rest = sys.argv[3:] if words else sys.argv[1:]
    kind = hardware.find(rest[0] if rest else "mips")
    # What the smallest boards have.
    if kind.target == "mips":
        kind.memory = 32
    program, unpacked, zipped, squashed = image.weigh(kind)
    print(f"openwrt: the package is {unpacked} bytes, {program} of them the program; {zipped} gzipped, {squashed} by xz")
    setting = image.Packaged()
    with Pair(kind, setting=setting, limit=900) as pair, Watch(pair.ethernet, image.LAN) as lan, \
            Watch(pair.ethernet, image.WAN) as wan:
        for board in pair.boards:
            with open(board.initramfs, "ab") as file:
                # Archives of their own begin at a multiple of four.
                file.write(b"\0" * (-file.tell() % 4) + image.overlay(kind, board.host))
        routers = Routers(Scene(pair, lan, setting, lambda text: None), wan)
        try:
            routers.scene.power_on(*pair.boards)
            routers.scene.settle(routers.begun)
            for name in names:
                routers.play(name, PLAYS[name])
        except (Failed, TimeoutError, RuntimeError) as error:
            print(f"openwrt: FAILED: {error}")
            report.explain(pair)
            print(f"{routers.passed} passed, 1 failed")
            sys.exit(1)
        print(f"{routers.passed} passed, 0 failed")


if __name__ == "__main__":
    main()
