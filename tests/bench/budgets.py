"""What twinbeat must reach, and whether it did in this run."""
import statistics

MEDIAN, WORST = statistics.median, max


def cycles(kind, figure):
    """A figure of every fault of this KIND, or of what came after it."""
    return lambda r: [c[kind].get(figure) for c in r["cycles"] if kind in c]


def returns(figure):
    """A figure of every return of a node whose agent had died or stopped."""
    return lambda r: cycles("after-kill", figure)(r) + cycles("after-stop", figure)(r)


def together(r):
    """Starts of both, in beats."""
    return [t["serving"] and t["serving"] / r["beat"] for t in r["together"]]


def probes(name, figure):
    """A figure of every run of a probe; FIGURE is a member's name or a function of the result."""
    take = figure if callable(figure) else lambda p: p[figure]
    return lambda r: [take(p) for p in r["probes"].get(name, []) if "error" not in p]


def both_roles(figure):
    return lambda r: [r[role].get(figure) for role in ("active", "standby")]


def hijacks(p):
    """Forgeries that moved something."""
    return sum(f["hijacked"] for f in p.values())


# (what, measurement, settings, values of one result, how to sum them up, limit, scale, unit)
BUDGETS = [
    ("overhead after kill", "failover", ("fast", "fastest"),
     cycles("kill", "overhead"), MEDIAN, 1, 1e3, "ms median"),
    ("overhead after kill", "failover", ("fast",), cycles("kill", "overhead"), WORST, 3, 1e3, "ms worst"),
    ("overhead after cut", "failover", ("fast", "fastest"),
     cycles("cut", "overhead"), MEDIAN, 1, 1e3, "ms median"),
    ("overhead after cut", "failover", ("fast",), cycles("cut", "overhead"), WORST, 3, 1e3, "ms worst"),
    ("graceful stop: outage", "failover", ("classic", "fast", "fastest"),
     cycles("stop", "outage"), MEDIAN, 3, 1e3, "ms median"),
    ("return: outage", "failover", ("classic", "fast", "fastest"),
     returns("outage"), MEDIAN, 3, 1e3, "ms median"),
    ("return: serving after", "failover", ("classic",), returns("serving"), MEDIAN, 1050, 1e3, "ms median"),
    ("return: serving after", "failover", ("fast",), returns("serving"), MEDIAN, 150, 1e3, "ms median"),
    ("return: serving after", "failover", ("fastest",), returns("serving"), MEDIAN, 60, 1e3, "ms median"),
    ("heal: outage", "failover", ("classic", "fast", "fastest"),
     cycles("after-cut", "outage"), MEDIAN, 10, 1e3, "ms median"),
    ("both started: served after", "failover", ("classic", "fast"), together, MEDIAN, 2, 1, "keepalives"),
    ("killed agent: both hold", "failover", ("classic",), cycles("kill", "both_hold"), WORST, 0, 1, "s worst"),
    ("killed agent: both hold", "failover", ("fast",), cycles("kill", "both_hold"), WORST, 1.1, 1, "s worst"),
    ("frozen, continued: both hold", "robustness", ("classic",),
     probes("frozen", "both_after"), WORST, 0, 1e3, "ms"),
    ("frozen, continued: both hold", "robustness", ("fast",),
     probes("frozen", "both_after"), WORST, 2, 1e3, "ms"),
    ("malformed: CPU each", "robustness", ("fast",),
     probes("malformed", lambda p: max(p["cpu_us_each"].values())), WORST, 10, 1, "us"),
    ("malformed: moves", "robustness", ("fast",),
     probes("malformed", lambda p: sum(p["moves"].values())), WORST, 0, 1, ""),
    ("malformed: log lines", "robustness", ("fast",),
     probes("malformed", lambda p: max(p["log_lines"].values())), WORST, 10, 1, ""),
    ("forged: with effect", "robustness", ("fast",), probes("forged", hijacks), WORST, 0, 1, ""),
    ("replay of the dead: delay", "robustness", ("fast",), probes("replay", "delay"), WORST, 3, 1e3, "ms"),
    ("replay, standby restarted: delay", "robustness", ("fast",),
     probes("replay_standby_restarted", lambda p: p.get("delay")), WORST, 100, 1e3, "ms"),
    ("replay, both restarted: delay", "robustness", ("fast",),
     probes("replay_both_restarted", "delay"), WORST, 3, 1e3, "ms"),
    ("20 % loss: false takeovers", "robustness", ("fast",), probes("loss", "false_takeovers"), WORST, 1, 1, ""),
    ("20 % loss: both hold", "robustness", ("fast",), probes("loss", "both_hold"), WORST, 0, 1, "s"),
    ("steady: false takeovers", "robustness", ("fast",), probes("steady", "false_takeovers"), WORST, 0, 1, ""),
    ("processes", "footprint", ("classic", "fast"), both_roles("processes"), WORST, 1, 1, ""),
    ("threads", "footprint", ("classic", "fast"), both_roles("threads"), WORST, 1, 1, ""),
    ("own pages", "footprint", ("classic", "fast"),
     both_roles("own_kb"), WORST, 600, 1, "kB, of a static build"),
    ("CPU", "footprint", ("classic",), both_roles("cpu_ms_per_minute"), WORST, 4, 1, "ms in 60 s"),
    ("CPU", "footprint", ("fast",), both_roles("cpu_ms_per_minute"), WORST, 40, 1, "ms in 60 s"),
    ("system calls per beat, standby", "footprint", ("classic", "fast"),
     lambda r: [r["standby"].get("syscalls_per_beat")], WORST, 4.05, 1, ""),
]


def rows(results, contestant):
    """(what, setting, limit, measured, n, verdict) of every budget that this run says something about."""
    out = []
    for what, kind, settings, values_of, summary, limit, scale, unit in BUDGETS:
        for r in results.get(kind, []):
            if r["contestant"] != contestant or r["setting"] not in settings:
                continue
            values = values_of(r)
            if not values:
                continue
            if None in values:
                out.append([what, r["setting"], "%g %s" % (limit, unit), "missing", len(values), "**missed**"])
                continue
            measured = summary(values) * scale
            verdict = "kept" if measured <= limit else "**missed**"
            out.append([what, r["setting"], "%g %s" % (limit, unit), "%.3g" % measured, len(values), verdict])
    return out
