"""A board's memory file system: an archive in cpio's newc format, written here, so that neither root
nor cpio is needed."""
import gzip
import os

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDERS = ("bin", "dev", "etc", "etc/ha.d", "lib", "lib/modules", "proc", "sys", "usr", "usr/sbin")


def build(kernel, program, configuration):
    """KERNEL is the folder of kernel.provide; CONFIGURATION what Hardware.configuration gives."""
    entries = [(name, 0o40755, b"", (0, 0)) for name in FOLDERS]
    entries += [("dev/console", 0o20600, b"", (5, 1)), ("dev/null", 0o20666, b"", (1, 3)),
                ("init", 0o100755, content(HERE, "init"), (0, 0)), ("bin/sh", 0o120777, b"busybox", (0, 0)),
                ("bin/busybox", 0o100755, content(kernel, "busybox"), (0, 0)),
                ("lib/modules/order", 0o100644, content(kernel, "modules"), (0, 0)),
                ("usr/sbin/twinbeat", 0o100755, content(program), (0, 0))]
    for module in content(kernel, "modules").decode().split():
        entries.append((f"lib/modules/{module}.ko", 0o100644, content(kernel, module + ".ko"), (0, 0)))
    for folder in sorted({os.path.dirname(name) for name in configuration} - {""}):
        entries.append(("etc/ha.d/" + folder, 0o40755, b"", (0, 0)))
    for name, (mode, data) in sorted(configuration.items()):
        entries.append(("etc/ha.d/" + name, 0o100000 | mode, data, (0, 0)))
    return gzip.compress(archive(entries), 1)


def archive(entries):
    """From (name, mode, data, (major, minor))."""
    out = bytearray()
    for inode, (name, mode, data, device) in enumerate(entries + [("TRAILER!!!", 0, b"", (0, 0))], 1):
        encoded = name.encode() + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def content(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()
