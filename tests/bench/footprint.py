"""What a contestant costs while nothing happens: memory, CPU, system calls, bytes on the wire."""
import os
import re
import signal
import struct
import subprocess
import time

from observers import now

LIBC = re.compile(r"/(libc|ld-linux[^/]*|libm|libpthread|libdl|librt|libresolv|libutil|linux-vdso)[.-]")


def cpu(pids):
    """Nanoseconds the processes have run, all threads."""
    total = 0
    for pid in pids:
        try:
            for task in os.listdir("/proc/%d/task" % pid):
                with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
                    total += int(f.read().split()[0])
        except OSError:
            pass
    return total


def threads(pids):
    return sum(len(os.listdir("/proc/%d/task" % pid)) for pid in pids)


def resident(pids):
    """kB of proportional and locked memory, as the kernel sums it up."""
    rss = locked = 0
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            for line in f:
                words = line.split()
                rss += int(words[1]) if words[0] == "Rss:" else 0
                locked += int(words[1]) if words[0] == "Locked:" else 0
    return rss, locked


def own_pages(pids):
    """kB of resident physical pages, each counted once however many processes map it: what the
    node's memory would hold for them were they alone on it, libc included."""
    seen = set()
    for pid in pids:
        with open("/proc/%d/pagemap" % pid, "rb") as pagemap, open("/proc/%d/maps" % pid) as maps:
            for line in maps:
                start, end = (int(x, 16) for x in line.split()[0].split("-"))
                if start >> 47:
                    continue
                pagemap.seek(start // 4096 * 8)
                for entry, in struct.iter_unpack("<Q", pagemap.read((end - start) // 4096 * 8)):
                    if entry >> 63:
                        seen.add(entry & ((1 << 55) - 1))
    seen.discard(0)
    return len(seen) * 4


def disk(pids):
    """Bytes of the executables, and of the libraries mapped but libc's."""
    programs, libraries = {}, {}
    for pid in pids:
        try:
            program = os.readlink("/proc/%d/exe" % pid)
            programs[program] = os.path.getsize(program)
            with open("/proc/%d/maps" % pid) as maps:
                paths = {f[5].strip() for f in (line.split(None, 5) for line in maps) if len(f) == 6}
        except OSError:
            continue
        for path in paths:
            if ".so" in path and not LIBC.search(path) and os.path.exists(path):
                libraries[path] = os.path.getsize(path)
    return sum(programs.values()), sum(libraries.values())


def payload(frame):
    """Bytes of a heartbeat above IP, or above UDP where it is UDP."""
    header = (frame[14] & 15) * 4
    length = struct.unpack_from("!H", frame, 16)[0] - header
    return length - 8 if frame[23] == 17 else length


def syscalls(lab, node, seconds):
    """System calls of all processes in that time, by strace; None without strace."""
    out = lab.path("strace")
    pids = [x for pid in node.pids() for x in ("-p", str(pid))]
    try:
        p = subprocess.Popen(["strace", "-f", "-c", "-o", out, *pids], stderr=subprocess.DEVNULL)
    except OSError:
        return None
    time.sleep(seconds)
    p.send_signal(signal.SIGINT)
    p.wait(20)
    with open(out) as f:
        rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", f.read(), re.M)
    return {name: int(calls) for calls, name in rows if name != "total"}


def measure(lab, seconds):
    """Both roles of a steady pair: A active, B standby. The client is slow meanwhile."""
    adapter = lab.adapter
    lab.bring_up()
    time.sleep(5)
    if not lab.A.holds_address() or lab.B.holds_address():
        raise RuntimeError("the pair is not steady")
    roles = (("active", lab.A), ("standby", lab.B))
    result = {"disk": disk(lab.A.pids())}
    before = {role: cpu(node.pids()) for role, node in roles}
    t0 = now()
    time.sleep(seconds)
    spent = {role: cpu(node.pids()) - before[role] for role, node in roles}
    elapsed = now() - t0
    for role, node in roles:
        pids = node.pids()
        beats = [payload(frame) for t, frame in lab.beats(node.letter, t0) if t <= t0 + elapsed]
        rss, locked = resident(pids)
        result[role] = {
            "processes": len(pids), "threads": threads(pids), "own_kb": own_pages(pids), "rss_kb": rss,
            "locked_kb": locked, "cpu_ms_per_minute": spent[role] / 1e6 * 60 / elapsed,
            "beats_per_interval": len(beats) / elapsed * adapter.beat,
            "beat_bytes": [min(beats), max(beats)] if beats else None,
        }
        watched = max(10 * adapter.beat, 10)
        calls = syscalls(lab, node, watched)
        if calls is not None:
            result[role]["syscalls_per_beat"] = sum(calls.values()) * adapter.beat / watched
            result[role]["syscalls"] = calls
    return result
