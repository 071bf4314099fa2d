"""What the bench asks of a contestant. A new one: copy, fill in, put into this folder."""
import os
import signal

SETTINGS = {"classic": (1.0, 3.0), "fast": (0.1, 0.3), "fastest": (0.01, 0.03)}    # beat, dead time in s


class Base:
    """One contestant in one setting. A node's folder is `node.folder`, its name `node.name` (nodea
    is the preferred one), its interface eth0, the virtual address 10.77.0.100/24."""

    BINDS = {}              # {"/etc/ha.d": "ha.d"}: folders each node gets privately
    START_BOTH = False      # start A and B together (membership protocols)
    SETTINGS = SETTINGS
    PROTOCOL = "vrrp"       # its heartbeats on the wire: "vrrp" or "udp:PORT"
    PROGRAM = ""            # without it the contestant is left out
    MASTERSHIP_LINK = ()    # ("link",): mastership is that link's not being protodown, not an address

    def __init__(self, setting, variant=None):
        self.setting, self.variant = setting, variant
        self.beat, self.dead = self.SETTINGS[setting]

    @property
    def settle(self):
        """Seconds for the standby to be settled once it is ready."""
        return max(0.5, self.dead + self.beat)

    def detection(self):
        """Nominal seconds from the last heartbeat to "dead", as configured on B."""
        return self.dead

    def medium(self, node):
        """The lines of `ha.cf` that name it."""
        return f"baud 19200\nserial {node.line}" if self.variant == "serial" else "bcast eth0"

    def configure(self, node):
        """Write its files into the node's folder."""
        raise NotImplementedError

    def start(self, node):
        """Start it inside the node."""
        raise NotImplementedError

    def ready(self, node):
        """Whether the node is settled."""
        return bool(node.pids())

    def stop(self, node):
        """Its graceful stop."""
        node.signal(signal.SIGTERM)

    def cleanup(self, node):
        """Forget run-time files, as a reboot would (/run is private to the node)."""
        node.run("sh", "-c", "rm -rf /run/*.pid")

    def holds_address(self, node):
        """Whether the node is master; None: look for the address."""
        return None

    def forged(self, lab, captured):
        """{name: [frames]} that an outsider could make."""
        return {}

    def write(self, node, name, text, mode=0o644):
        """Write a file under the node's folder."""
        path = os.path.join(node.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
