"""What qemu needs to be each of boards/: facts that its README tells, too."""
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VIRT_MODULES = ["virtio_pci", "virtio_net", "softdog", "i6300esb"]
MALTA_MODULES = ["pcnet32", "softdog"]


class Hardware:
    """One folder of boards/."""

    def __init__(self, board, qemu, machine, memory, console, null_modem, nic, modules, deb, image):
        self.board, self.qemu, self.machine, self.memory = board, qemu, machine, memory
        self.console, self.null_modem, self.nic, self.modules = console, null_modem, nic, modules
        # Debian's name of the architecture, and the package of its kernel.
        self.deb, self.image = deb, image
        # Of qemu, beyond what the board is.
        self.options = []
        self.target = board.split("-", 1)[1]
        # The serial port at the null-modem: a console that is a 16550 is the first of them.
        self.tty = "/dev/ttyS0" if null_modem == "pci" else "/dev/ttyS1"

    def configuration(self):
        """{path below /etc/ha.d: (mode, bytes)}"""
        folder, files = os.path.join(ROOT, "boards", self.board), {}
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                mode = 0o600 if name == "authkeys" else os.stat(path).st_mode & 0o755
                with open(path, "rb") as file:
                    files[os.path.relpath(path, folder)] = mode, file.read()
        return files

    def binary(self):
        """Where cross/build puts the program."""
        with open(os.path.join(ROOT, "cross/targets")) as table:
            triple = next(line.split()[1] for line in table if line.split()[:1] == [self.target])
        target = os.environ.get("CARGO_TARGET_DIR") or os.path.join(ROOT, "target")
        return os.path.join(target, triple, "release/twinbeat")

    def qemu_arguments(self, null_modem, netdev, mac):
        """All but kernel, console and control. NULL_MODEM is an inherited socket."""
        arguments = [self.qemu, "-accel", "tcg", *self.options, *self.machine, "-m", str(self.memory), "-smp", "1",
                     "-nodefaults", "-no-user-config", "-display", "none",
                     "-serial", "chardev:console", "-chardev", f"socket,id=nm,fd={null_modem}"]
        if self.null_modem == "pci":
            # One PL011 is all this machine has before QEMU 9.1.
            arguments += ["-device", "pci-serial,chardev=nm"]
        else:
            arguments += ["-serial", "chardev:nm"]
        return arguments + ["-netdev", netdev, "-device", f"{self.nic},id=nic0,netdev=n0,mac={mac},romfile="]


BOARDS = [
    Hardware("virt-aarch64", "qemu-system-aarch64", ["-M", "virt", "-cpu", "cortex-a53"], 256, "ttyAMA0", "pci",
             "virtio-net-pci", VIRT_MODULES, "arm64", "linux-image-arm64"),
    Hardware("virt-armv7", "qemu-system-arm", ["-M", "virt,highmem=off", "-cpu", "cortex-a7"], 256, "ttyAMA0", "pci",
             "virtio-net-pci", VIRT_MODULES, "armhf", "linux-image-armmp"),
    Hardware("malta-mips", "qemu-system-mips", ["-M", "malta", "-cpu", "24Kf", "-vga", "none"], 64, "ttyS0", "serial",
             "pcnet", MALTA_MODULES, None, None),
    Hardware("malta-mipsel", "qemu-system-mipsel", ["-M", "malta", "-cpu", "24Kf", "-vga", "none"], 128, "ttyS0",
             "serial", "pcnet", MALTA_MODULES, "mipsel", "linux-image-4kc-malta"),
]


def find(name):
    """By target, by Debian's name or by folder."""
    for hardware in BOARDS:
        if name in (hardware.target, hardware.deb, hardware.board):
            return hardware
    raise SystemExit(f"boards: no board {name}; there are: {' '.join(h.target for h in BOARDS)}")
