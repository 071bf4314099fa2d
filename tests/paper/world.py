"""Where the commands of a page are typed: two boxes with a switch, a router, a second cable and a null-modem.

Each box has host name, network, mounts and processes of its own; its disk outlives its power. Needs root.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("TWINBEAT", TREE / "target/debug/twinbeat")).resolve()
NAMES = ["alpha", "beta"]
LINKS = ["cl_status", "hb_standby", "hb_takeover", "heartbeat"]
# What a box has of its own besides its network: where on its disk, and where it sees that.
OWN = [("ha.d", "/etc/ha.d"), ("lib", "/var/lib/twinbeat"), ("heartbeat", "/var/lib/heartbeat"), ("log", "/var/log"),
       ("home", "/root"), ("sbin", "/usr/local/sbin")]
# Where Debian's heartbeat is, what it needs below /run, and what of /etc/ha.d is its own.
PACKAGE = pathlib.Path("/usr/libexec/heartbeat/heartbeat")
PACKAGE_RUN = """mkdir -p /run/heartbeat/ccm /run/heartbeat/crm /run/heartbeat/dopd /run/heartbeat/rsctmp /run/lock/subsys
chown -R hacluster:haclient /run/heartbeat; chmod -R 750 /run/heartbeat"""
DEVICES = ["null", "zero", "full", "random", "urandom", "tty", "fuse", "pts", "ptmx"]
# A service as a page names it: it runs while its file is there.
SERVICE = """#!/bin/sh
here=/run/twinbeat/${0##*/}
case $1 in
start) touch $here ;;
stop) rm -f $here ;;
status) [ -e $here ] && echo running || echo stopped ;;
esac
"""


def run(*words):
    subprocess.run(words, check=True)


def ip(where, words):
    run("ip", "-n", where, *words.split())


class Box:
    """One of the two; off until `boot`."""

    def __init__(self, world, name):
        """Nothing of it runs yet."""
        self.world, self.name, self.holder = world, name, None
        self.number = NAMES.index(name) + 1
        self.disk = world.folder / name
        for folder, _ in OWN:
            (self.disk / folder).mkdir(parents=True)
        (self.disk / "ha.d/resource.d").mkdir()
        if world.beside:
            shutil.copytree("/etc/ha.d", self.disk / "ha.d", dirs_exist_ok=True)
        self.net = f"paper-{world.mark}-{name}"

    def boot(self):
        """Network, mounts and first process; then what stands at the paths of a real box is this one's."""
        run("ip", "netns", "add", self.net)
        ip(self.net, "link set lo up")
        ip(self.net, f"link add eth0 type veth peer name {self.name} netns {self.world.switch}")
        ip(self.world.switch, f"link set {self.name} master br0 up")
        other = self.world.boxes[NAMES[2 - self.number]]
        if other.holder:
            ip(self.net, f"link add eth1 type veth peer name eth1 netns {other.net}")
            for box in (self, other):
                ip(box.net, f"addr add 10.9.0.{box.number}/24 brd + dev eth1")
                ip(box.net, "link set eth1 up")
        ip(self.net, f"addr add 192.168.1.1{self.number}/24 brd + dev eth0")
        ip(self.net, "link set eth0 up")
        device = self.disk / "dev"
        device.mkdir(exist_ok=True)
        script = [f"hostname {self.name}", "mount --make-rprivate /", "mount -t tmpfs run /run", "mkdir -m 1777 /run/lock", f"mount -t tmpfs dev {device}"]
        for name in DEVICES:
            make = "mkdir" if name == "pts" else "touch"
            script.append(f"[ ! -e /dev/{name} ] || {{ {make} {device}/{name}; mount --bind /dev/{name} {device}/{name}; }}")
        script.append(f"ln -s {self.world.tty(self.name)} {device}/ttyS1")
        script += [f"mkdir -p {seen}; mount --bind {self.disk / folder} {seen}" for folder, seen in OWN]
        script += [PACKAGE_RUN] * self.world.beside
        script += [f"touch {device}/watchdog", f"mount --move {device} /dev",
                   f"python3 {TREE}/tests/netns/watchdog.py /dev/watchdog --timeout 60 >{self.disk}/watchdog.log 2>&1 &",
                   f"n=0; until grep -q READY {self.disk}/watchdog.log || [ $n = 99 ]; do n=$((n+1)); sleep 0.1; done",
                   f"touch {self.disk}/up",
                   # Processes that others left are buried.
                   "sleep infinity & while :; do wait || :; done"]
        with open(self.disk / "boot.log", "w") as log:
            self.holder = subprocess.Popen(
                ["ip", "netns", "exec", self.net, "unshare", "-m", "-u", "-i", "-p", "--fork", "--kill-child",
                 "--mount-proc", "bash", "-ec", "\n".join(script)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 20
        while not (self.disk / "up").exists():
            if time.monotonic() > end or self.holder.poll() is not None:
                raise SystemExit(f"paper: {self.name} does not boot: {(self.disk / 'boot.log').read_text()}")
            time.sleep(0.02)
        children = pathlib.Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text()
        self.init = children.split()[0]

    def cut_power(self):
        if self.holder:
            self.holder.kill()
            self.holder.wait()
            self.holder = None
            (self.disk / "up").unlink()
            run("ip", "netns", "del", self.net)

    def command(self, line):
        """A command line as a shell of this box would take it."""
        inside = ["nsenter", "-t", self.init, "-m", "-u", "-i", "-n", "-p", "--", "env", "-i",
                  f"PATH={self.world.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "sh", "-c", "cd; " + line]
        return inside


class World:
    def __init__(self, folder, beside=False):
        """Both boxes are on; `beside`: with Debian's heartbeat, whose commands keep their names."""
        self.folder, self.mark, self.beside = pathlib.Path(folder), os.getpid(), beside
        self.switch = f"paper-{self.mark}-switch"
        (self.folder / "bin").mkdir()
        for name in ["twinbeat"] if beside else ["twinbeat"] + LINKS:
            (self.folder / "bin" / name).symlink_to(PROGRAM)
        run("ip", "netns", "add", self.switch)
        ip(self.switch, "link add br0 type bridge")
        ip(self.switch, "addr add 192.168.1.254/24 dev br0")
        ip(self.switch, "link set br0 up")
        # The relay of the null-modem; its ends are the ttys of both boxes.
        self.cable = subprocess.Popen(
            [sys.executable, TREE / "tests/boards/pty_cable.py", self.tty("alpha"), self.tty("beta")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        while not os.path.lexists(self.tty("beta")):
            time.sleep(0.02)
        self.boxes = {}
        self.boxes = {name: Box(self, name) for name in NAMES}
        for box in self.boxes.values():
            box.boot()

    def tty(self, name):
        return str(self.folder / f"tty-{name}")

    def write(self, files):
        """Files of /etc/ha.d, on both boxes; a service that haresources names is made."""
        for box in self.boxes.values():
            for name, text in files.items():
                file = box.disk / "ha.d" / name
                file.write_text(text)
                file.chmod(0o600 if name == "authkeys" else 0o644)
            for program in re.findall(r"/usr/local/sbin/(\w+)", "".join(files.values())):
                (box.disk / "sbin" / program).write_text("#!/bin/sh\nexec sleep 9999\n")
                (box.disk / "sbin" / program).chmod(0o755)
            for line in files.get("haresources", "").splitlines():
                for word in line.split("#")[0].split()[1:]:
                    service = box.disk / "ha.d/resource.d" / word.split("::")[0]
                    if word[0].isalpha() and ":" not in word.split("::")[0] and not word[0].isupper():
                        service.write_text(SERVICE)
                        service.chmod(0o755)

    def close(self):
        for box in self.boxes.values():
            box.cut_power()
        self.cable.kill()
        self.cable.wait()
        run("ip", "netns", "del", self.switch)

    # --- what a page says happens, as `-- alpha loses power`

    def happens(self, line):
        for pattern, act in HAPPENINGS.items():
            subject, _, rest = line.partition(pattern)
            if rest == "" and pattern in line and subject in NAMES + [""]:
                return act(self, subject)
        raise ValueError(f"nothing plays `{line}`; tests/paper/world.py knows {', '.join(HAPPENINGS)}")

    def wire(self, name, state):
        ip(self.switch, f"link set {name} {state}")

    def second(self, state):
        ip(self.boxes["alpha"].net, f"link set eth1 {state}")

    def modem(self, word):
        self.cable.stdin.write(word + "\n")
        self.cable.stdin.flush()
        self.cable.stdout.readline()


HAPPENINGS = {
    " loses power": lambda world, name: world.boxes[name].cut_power(),
    " is switched on": lambda world, name: world.boxes[name].boot(),
    "'s Ethernet cable is pulled out": lambda world, name: world.wire(name, "down"),
    "'s Ethernet cable is back": lambda world, name: world.wire(name, "up"),
    "the second cable is pulled out": lambda world, _: world.second("down"),
    "the second cable is back": lambda world, _: world.second("up"),
    "the null-modem is pulled out": lambda world, _: world.modem("cut"),
    "the null-modem is back": lambda world, _: world.modem("heal"),
    "a few seconds later": lambda world, _: time.sleep(4),
}
