"""A node of the lab: a namespace of every kind but user, so that two copies of one daemon can live
on one machine and "every process of the contestant" means: all in its pid namespace but init."""
import os
import signal
import subprocess
import sys
import time

from observers import VIP

OBSERVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "observers.py")


def command(*argv, check=True, **options):
    """Run a command; its output. A failure carries the output, too."""
    r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if check and r.returncode:
        raise RuntimeError("%s: %s" % (" ".join(argv), r.stdout))
    return r.stdout


class Node:
    """One of the two machines."""

    def __init__(self, lab, letter, address, peer_address):
        self.lab, self.letter = lab, letter
        self.name = "node" + letter.lower()
        self.address, self.peer_address = address, peer_address
        self.namespace = lab.namespaces[letter]
        self.folder = os.path.join(lab.folder, self.name)
        self.line = os.path.join(self.folder, "tty" + letter)   # its end of a null-modem, where one is laid
        self.spawned = []
        self.init = None
        os.makedirs(self.folder, exist_ok=True)

    def boot(self):
        """Start its process 1, with the folders the contestant wants private."""
        binds = ["tmpfs::/run", "tmpfs::/dev/shm"]
        for target, name in self.lab.adapter.BINDS.items():
            private = os.path.join(self.folder, name)
            os.makedirs(private, exist_ok=True)
            if os.path.isdir(target):
                command("cp", "-a", "-T", target, private)
            else:
                os.makedirs(target)
            binds.append(private + "::" + target)
        p = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, "unshare", "--mount", "--uts", "--ipc", "--pid",
             "--fork", "--mount-proc", "--kill-child", sys.executable, OBSERVERS, "init", self.name, *binds],
            stdout=subprocess.PIPE, text=True)
        self.lab.children.append(p)
        if p.stdout.readline().strip() != "ready":
            raise RuntimeError("node %s did not boot" % self.letter)
        with open("/proc/%d/task/%d/children" % (p.pid, p.pid)) as f:
            self.init = int(f.read().split()[0])
        self.pid_namespace = os.readlink("/proc/%d/ns/pid" % self.init)

    def inside(self, argv):
        return ["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-n", "-p", *argv]

    def run(self, *argv):
        """Run a command in the node, to its end; its output."""
        try:
            return command(*self.inside(argv), check=False, timeout=60)
        except subprocess.TimeoutExpired:
            return ""

    def spawn(self, *argv, log="daemon.log"):
        """Start a program in the node; its output goes to a file in the node's folder."""
        with open(os.path.join(self.folder, log), "ab") as out:
            p = subprocess.Popen(self.inside(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 cwd=self.folder)
        self.spawned.append(p)

    def pids(self):
        """Every process of the contestant."""
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != self.init:
                try:
                    if os.readlink("/proc/%s/ns/pid" % name) == self.pid_namespace:
                        with open("/proc/%s/stat" % name) as f:
                            state = f.read().rsplit(")", 1)[1].split()[0]
                        if state != "Z":
                            found.append(int(name))
                except OSError:
                    pass
        return sorted(found)

    def signal(self, number, pids=None):
        """Send a signal to all of them."""
        for pid in self.pids() if pids is None else pids:
            try:
                os.kill(pid, number)
            except OSError:
                pass

    def kill(self):
        """Kill them all at one moment: stopped first, so that no child sees its parent die and
        says goodbye."""
        self.signal(signal.SIGSTOP)
        for _ in range(20):
            self.signal(signal.SIGKILL)
            if not self.pids():
                return
            time.sleep(0.005)

    def holds_address(self):
        """Whether the virtual address is configured here."""
        told = self.lab.adapter.holds_address(self)
        if told is not None:
            return told
        out = command("ip", "netns", "exec", self.namespace, "ip", "-4", "-o", "addr", check=False)
        return " %s/" % VIP in out

    def reboot_clean(self):
        """What a reboot would do to a dead node: no address, no run-time files."""
        self.kill()
        for prefix in ("/24", "/32"):
            command("ip", "-n", self.namespace, "addr", "del", VIP + prefix, "dev", "eth0", check=False)
        self.lab.adapter.cleanup(self)

    def log(self, name="daemon.log"):
        try:
            with open(os.path.join(self.folder, name), errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def log_size(self):
        """Bytes and lines in every log file of the node."""
        size = lines = 0
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if "log" in name:
                    with open(os.path.join(folder, name), "rb") as f:
                        data = f.read()
                    size, lines = size + len(data), lines + data.count(b"\n")
        return size, lines
