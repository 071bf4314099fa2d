"""What the boards of boards.py boot: the package of boards/openwrt with the binary of cross/build, and the stand-ins for
OpenWrt's own programs, as a second archive that is unpacked over the one of tests/boards."""
import gzip
import io
import lzma
import os
import subprocess
import tarfile
import tempfile

import initramfs
from setting import Setting

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
# LAN and WAN of whoever serves.
LAN, WAN = "10.9.9.10", "10.9.8.10"
SECTION = """config twinbeat 'main'
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


class Packaged(Setting):
    """There are no native files on these boards. A boot takes longer than deadtime, as on real ones."""

    def __init__(self):
        super().__init__("packaged", "the package: keepalive 1 s, deadtime 6 s, softdog 2 s, Ethernet and null-modem",
                         firmware=6, agent=False)

    def configuration(self, hardware):
        return {}

    def words(self, hardware, key):
        return {"node": ["alpha", "beta"], "keepalive": ["1"], "deadtime": ["6"], "watchdog_timeout": ["2"],
                "bcast": ["eth0"], "serial": [hardware.tty]}.get(key, [])


def install(kind, root):
    """By the Makefile's own rules: {path: (mode, bytes)}; a link's bytes are where it leads."""
    for goal in ("compile", "install"):
        subprocess.run(["make", "-s", "-C", f"{TREE}/boards/openwrt", f"TOPDIR={HERE}/sdk", f"ROOT={root}",
                        f"TWINBEAT_BINARY={kind.binary()}", goal], check=True)
    return tree(root)


def overlay(kind, host):
    """The second archive."""
    with tempfile.TemporaryDirectory() as root:
        files = tree(f"{HERE}/stand-in") | install(kind, f"{root}/root")
    files["etc/config/twinbeat"] = 0o100600, (SECTION % (host, kind.tty)).encode()
    files["etc/rc.d/S95twinbeat"] = 0o120777, b"../init.d/twinbeat"
    for name, text in (("var/netifd/lan", "eth0\n"), ("var/netifd/state.wan", "false\n"),
                       ("var/netifd/dialled.wan", f"{WAN}/32 dev eth0\n"),
                       ("etc/hotplug.d/twinbeat/10-test", 'echo "$ACTION $TWINBEAT_GROUP" >>/var/log/hotplug\n')):
        files[name] = 0o100644, text.encode()
    folders = {os.path.dirname(name) for name in files} | {"var/procd", "var/log", "var/lib", "tmp"}
    for folder in list(folders):
        while os.path.dirname(folder):
            folder = os.path.dirname(folder)
            folders.add(folder)
    entries = [(folder, 0o40755, b"", (0, 0)) for folder in sorted(folders)]
    entries += [(name, mode, data, (0, 0)) for name, (mode, data) in sorted(files.items())]
    return gzip.compress(initramfs.archive(entries), 1)


def weigh(kind):
    """Of the package: (its program, all of it unpacked, gzipped as an ipk is, by xz as in a squashfs), bytes."""
    with tempfile.TemporaryDirectory() as root:
        files = install(kind, f"{root}/root")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(f"{root}/root", ".")
    return (len(files["usr/sbin/twinbeat"][1]), sum(len(data) for mode, data in files.values()),
            len(gzip.compress(packed.getvalue(), 9)), len(lzma.compress(packed.getvalue())))


def tree(top):
    """{path below TOP: (mode, bytes)} of files and links."""
    files = {}
    for place, folders, names in os.walk(top):
        for name in names + [folder for folder in folders if os.path.islink(os.path.join(place, folder))]:
            path = os.path.join(place, name)
            if os.path.islink(path):
                files[os.path.relpath(path, top)] = 0o120777, os.readlink(path).encode()
                continue
            with open(path, "rb") as file:
                files[os.path.relpath(path, top)] = 0o100000 | os.stat(path).st_mode & 0o777, file.read()
    return files
