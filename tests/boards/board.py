"""One emulated board: its qemu, its console, its faults."""
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time


class Board:
    """NAME is `a` or `b`; HOST what it calls itself."""

    def __init__(self, hardware, name, host, number, folder, kernel, initramfs, null_modem, ethernet, setting,
                 echo=False):
        self.hardware, self.name, self.host, self.folder = hardware, name, host, folder
        self.kernel, self.initramfs, self.null_modem, self.ethernet = kernel, initramfs, null_modem, ethernet
        self.mac, self.address = f"52:54:00:09:09:{number:02x}", f"10.9.9.{number}"
        self.words = (f"console={hardware.console} panic=1 loglevel=4 board.host={host} board.ip={self.address}/24 "
                      f"board.softdog={setting.softdog} board.agent={int(setting.agent)} "
                      f"board.firmware={setting.firmware}")
        # (time, line) of the console; (time, event, data) of QMP.
        self.lines, self.events, self.changed = [], [], threading.Condition()
        self.echo, self.process, self.on_at, self.sequence, self.answer = echo, None, 0.0, 0, None

    def power_on(self):
        plug = self.null_modem.plug(self.name)
        arguments = self.hardware.qemu_arguments(plug.fileno(), self.ethernet.netdev(self.name), self.mac)
        arguments += ["-kernel", self.kernel + "/kernel", "-initrd", self.initramfs, "-append", self.words,
                      "-qmp", f"unix:{self.path('qmp')},server=on,wait=off",
                      "-chardev", f"socket,id=console,path={self.path('console')},server=on,wait=off"]
        self.on_at = time.monotonic()
        with open(self.path("qemu.log"), "ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            pass_fds=[plug.fileno()], preexec_fn=die_with_parent)
        plug.close()
        self.console, control = self.connect("console"), self.connect("qmp")
        self.control = control.makefile("rw", encoding="utf-8", newline="\n")
        for work, source in ((self.read_console, self.console), (self.read_control, self.control)):
            threading.Thread(target=work, args=(source,), daemon=True).start()
        self.qmp("qmp_capabilities")

    def power_cut(self):
        """Returns when the qemu is gone, with the time of the cut."""
        at = time.monotonic()
        if self.is_on():
            self.process.kill()
            self.process.wait()
            self.console.close()
        return at

    # Faults. After freeze and thaw its clocks stood still; after sigstop and sigcont they jump ahead.
    def freeze(self):
        self.qmp("stop")

    def thaw(self):
        self.qmp("cont")

    def sigstop(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def sigcont(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def crash(self):
        """A dead kernel that does not restart by itself."""
        self.console.sendall(b"echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger\n")

    def start_agent(self):
        self.console.sendall(b"twinbeat run >/dev/console 2>&1 &\n")

    def carrier(self, up):
        self.qmp("set_link", name="nic0", up=up)

    def is_on(self):
        return self.process is not None and self.process.poll() is None

    def run(self, command, timeout=60):
        """A line for the shell on the console: (exit code, what it prints)."""
        self.sequence += 1
        mark, since = f"@{self.sequence}@", len(self.lines)
        line = f"{{ {command}; }} >/tmp/out 2>&1; code=$?; sed 's/^/{mark} /' /tmp/out; echo {mark}= $code\n"
        self.console.sendall(line.encode())
        _, found = self.expect(re.escape(mark) + r"= (\d+)$", timeout, since)
        printed = [text.split(mark + " ", 1)[1] for _, text in self.lines[since:] if mark + " " in text]
        return int(found.group(1)), "\n".join(printed)

    def expect(self, pattern, timeout, since=0):
        """The first line of the console from index SINCE on that matches: (time, match)."""
        compiled, place = re.compile(pattern), since

        def look():
            nonlocal place
            while place < len(self.lines):
                at, line = self.lines[place]
                place += 1
                found = compiled.search(line)
                if found:
                    return at, found
            return None

        with self.changed:
            found = self.changed.wait_for(look, timeout)
        if not found:
            raise TimeoutError(f"{self.host}: no {pattern!r} within {timeout} s; console: {self.tail(6)}")
        return found

    def event(self, name, timeout, since=0):
        """The first event of QMP by that name from index SINCE on: (time, name, data)."""
        def look():
            return next((event for event in self.events[since:] if event[1] == name), None)

        with self.changed:
            found = self.changed.wait_for(look, timeout)
        if not found:
            raise TimeoutError(f"{self.host}: no {name} within {timeout} s")
        return found

    def qmp(self, command, timeout=30, **arguments):
        with self.changed:
            self.answer = None
            self.control.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.control.flush()
            if not self.changed.wait_for(lambda: self.answer, timeout):
                raise TimeoutError(f"{self.host}: no answer to {command}")
            if "error" in self.answer:
                raise RuntimeError(f"{self.host}: {command}: {self.answer['error']}")
            return self.answer["return"]

    def cpu_seconds(self):
        """What its emulation has cost since it was switched on."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def tail(self, count):
        """The last lines that are no answers to `run`."""
        return [line for _, line in self.lines if not line.startswith("@")][-count:]

    def path(self, name):
        return os.path.join(self.folder, f"{self.name}-{name}")

    def connect(self, name):
        for _ in range(400):
            client = socket.socket(socket.AF_UNIX)
            try:
                client.connect(self.path(name))
                return client
            except OSError:
                client.close()
            if not self.is_on():
                break
            time.sleep(0.05)
        with open(self.path("qemu.log")) as log:
            raise RuntimeError(f"{self.hardware.qemu} did not start: {log.read()[-600:]}")

    def read_console(self, source):
        rest = b""
        with open(self.path("console.log"), "ab") as log:
            while True:
                try:
                    data = source.recv(65536)
                except OSError:
                    break
                if not data:
                    break
                log.write(data)
                log.flush()
                *lines, rest = (rest + data).split(b"\n")
                with self.changed:
                    for line in lines:
                        text = line.decode("utf-8", "replace").rstrip("\r")
                        self.lines.append((time.monotonic(), text))
                        if self.echo:
                            print(f"{time.monotonic() - self.on_at:8.2f} {self.host}| {text}", flush=True)
                    self.changed.notify_all()

    def read_control(self, source):
        try:
            for line in source:
                message = json.loads(line)
                with self.changed:
                    if "event" in message:
                        self.events.append((time.monotonic(), message["event"], message.get("data")))
                    elif "return" in message or "error" in message:
                        self.answer = message
                    self.changed.notify_all()
        except (OSError, ValueError):
            # The board lost power.
            pass


def die_with_parent():
    """However this program ends, no qemu stays behind (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
