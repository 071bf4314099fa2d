"""What the boards of one boot are configured with: ha.cf of their folder, changed by directive."""


class Setting:
    """CHANGES maps a directive to its words, or to None where it shall be left out."""

    def __init__(self, name, meaning, changes=None, softdog=60, firmware=0, agent=True):
        self.name, self.meaning, self.changes = name, meaning, changes or {}
        # Seconds: the module's own timeout, and what a boot loader takes before it starts a kernel.
        self.softdog, self.firmware, self.agent = softdog, firmware, agent

    def configuration(self, hardware):
        """{path below /etc/ha.d: (mode, bytes)}"""
        files = hardware.configuration()
        mode, data = files["ha.cf"]
        files["ha.cf"] = mode, amended(data.decode(), self.changes).encode()
        return files

    def words(self, hardware, key):
        """Of a directive as it holds here; none where it is absent."""
        for line in self.configuration(hardware)["ha.cf"][1].decode().splitlines():
            words = line.split("#")[0].split()
            if words[:1] == [key]:
                return words[1:]
        return []

    def seconds(self, hardware, key):
        """heartbeat's times: a number alone is seconds."""
        return seconds(self.words(hardware, key)[0])


def amended(text, changes):
    lines, rest = [], dict(changes)
    for line in text.splitlines():
        key = (line.split("#")[0].split() or [""])[0]
        if key not in changes:
            lines.append(line)
        elif rest.pop(key, None) is not None:
            lines.append(f"{key} {changes[key]}")
    lines += [f"{key} {words}" for key, words in rest.items() if words is not None]
    return "\n".join(lines) + "\n"


def seconds(text):
    scale = next((scale for unit, scale in (("us", 1e-6), ("ms", 1e-3), ("s", 1.0)) if text.endswith(unit)), 1.0)
    return float(text.rstrip("ums ")) * scale


OWN = Setting("own", "the board's own configuration")
# An agent that dies is not followed by its board.
UNGUARDED = Setting("unguarded", "the same without a watchdog", {"watchdog": None, "watchdog_timeout": None})
# Its boot takes longer than deadtime, as on real boards, so that the other one takes over.
GUARDED = Setting("guarded", "softdog 2 s, keepalive 1 s, deadtime 6 s",
                  {"keepalive": "1", "deadtime": "6", "warntime": "3", "initdead": "12",
                   "watchdog": "/dev/watchdog", "watchdog_timeout": "2"}, firmware=6)
SERIAL = Setting("serial", "the null-modem alone", {"bcast": None})
# Nobody but the play uses cables and watchdog.
BARE = Setting("bare", "no agent", softdog=5, agent=False)
