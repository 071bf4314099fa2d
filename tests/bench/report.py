"""The tables, in markdown, from what the bench measured."""
import statistics

import budgets
from robustness import moved


def spread(values, scale=1000, form="%.1f"):
    """Median (least-most) of the values that are there."""
    values = [v * scale for v in values if v is not None]
    if not values:
        return "-"
    return "%s (%s-%s)" % tuple(form % v for v in (statistics.median(values), min(values), max(values)))


def both_hold(cycles):
    """For how long both had the address; "for ever" where the dead one never let go."""
    if all(c.get("a_keeps") for c in cycles):
        return "for ever"
    kept = sum(bool(c.get("a_keeps")) for c in cycles)
    return spread([c.get("both_hold") for c in cycles], 1, "%.2f") + (", %d for ever" % kept if kept else "")


def table(head, rows):
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [head, ["---"] * len(head), *rows]) + "\n"


def failover(results):
    """BUDGETS 1: what each fault costs the client, and its repair."""
    rows = []
    for r in results:
        for kind in ("kill", "cut", "stop"):
            cycles = [c for c in r["cycles"] if kind in c and c[kind]["owner_before"] == "A"]
            if not cycles:
                continue
            faults = [c[kind] for c in cycles]
            repairs = [c["after-" + kind] for c in cycles]
            failed = sum(f["takeover"] is None or p["serving"] is None for f, p in zip(faults, repairs))
            rows.append([
                r["contestant"], "%g / %g" % (r["beat"] * 1e3, r["detection"] * 1e3), kind, len(cycles),
                "-" if kind == "stop" else spread([f.get("overhead") for f in faults], form="%.2f"),
                spread([f.get("takeover") for f in faults], form="%.0f"), spread([f.get("outage") for f in faults]),
                spread([f.get("noise") for f in faults]),
                both_hold(faults), "heal" if kind == "cut" else "return",
                spread([p.get("outage") for p in repairs]), spread([p.get("serving") for p in repairs], form="%.0f"),
                failed or ""])
    return table(["contestant", "beat / dead ms", "fault of A", "n", "overhead ms", "takeover ms", "outage ms",
                  "(just before)", "both hold s", "then", "outage ms", "A serves after ms", "failed"], rows)


def together(results):
    """BUDGETS 1: both started at one moment."""
    return table(["contestant", "beat / dead ms", "address served after ms", "in beats"],
                 [[r["contestant"], "%g / %g" % (r["beat"] * 1e3, r["detection"] * 1e3),
                   spread([t["serving"] for t in r["together"]], form="%.0f"),
                   spread([t["serving"] for t in r["together"]], 1 / r["beat"])]
                  for r in results if r["together"]])


def footprint(results):
    """BUDGETS 3: what a steady pair costs."""
    rows = []
    for r in results:
        for role in ("active", "standby"):
            f = r[role]
            rows.append([
                r["contestant"], "%g ms" % (r["beat"] * 1e3), role, "%d / %d" % (f["processes"], f["threads"]),
                f["own_kb"], f["locked_kb"], "%d + %d" % tuple(b / 1000 for b in r["disk"]),
                "%.1f" % f["cpu_ms_per_minute"], "%.1f" % f["syscalls_per_beat"] if "syscalls_per_beat" in f else "-",
                "%.1f" % f["beats_per_interval"],
                "-" if f["beat_bytes"] is None else "%d-%d" % tuple(f["beat_bytes"])])
    return table(["contestant", "beat", "role", "processes / threads", "own pages kB", "locked kB",
                  "program + libraries kB", "CPU ms / 60 s", "system calls / beat", "sent / beat", "beat bytes"], rows)


def verdict(probe, r):
    """One probe's result in a few words."""
    if "error" in r:
        return "failed: " + r["error"]
    if probe == "malformed":
        died = "".join(k for k in "AB" if not r["survived"][k])
        spent = ["-" if k in died else "%.1f" % r["cpu_us_each"][k] for k in "AB"]
        return "%s, %d moves, CPU us each %s / %s, log %.0f B each, %d lines" % (
            "**%s dies**" % died if died else "survives", moved(r["moves"]), *spent,
            max(r["log_bytes_each"].values()), max(r["log_lines"].values()))
    if probe == "forged":
        return "; ".join("%s: %s" % (name, "**hijacked**, silence %.2f s" % (f["silence"] or 0) if f["hijacked"]
                                     else "no effect") for name, f in r.items()) or "-"
    if probe in ("replay", "replay_both_restarted"):
        if r["delay"] is None:
            return "**not taken over**" if r["takeover"] is None else "taken over, no heartbeat seen"
        after = ", then B %s" % ("**steps down**" if r["b_stepped_down"] else "stays") if "b_stepped_down" in r else ""
        return "delayed by %.3f s (replay of %.1f s)%s" % (r["delay"], r["replay_s"], after)
    if probe == "replay_standby_restarted":
        return "serves after %s s, without replay %s s" % tuple(
            "never" if r[k] is None else "%.2f" % r[k] for k in ("with", "without"))
    if probe in ("loss", "steady"):
        return "%d false takeovers in %d s, both hold %.2f s, longest silence %s s" % (
            r["false_takeovers"], r["seconds"], r["both_hold"],
            "-" if r["silence"] is None else "%.2f" % r["silence"])
    return "both hold %.2f s while stopped, %.1f ms after; %d flips, then %s" % (
        r["both_while_stopped"], r["both_after"] * 1e3, r["flips_after"], r["owner"] or "nobody")


def robustness(results):
    """BUDGETS 2, and the frozen active of BUDGETS 1: one column per contestant."""
    probes = list(dict.fromkeys(p for r in results for p in r["probes"]))
    heads = ["%s %g / %g ms" % (r["contestant"], r["beat"] * 1e3, r["detection"] * 1e3) for r in results]
    rows = [[p.replace("_", " "), *("<br>".join(verdict(p, x) for x in r["probes"].get(p, [])) or "-" for r in results)]
            for p in probes]
    return table(["probe", *heads], rows)


def tables(results):
    """All tables of which there is a figure. RESULTS: {kind of measurement: [result]}."""
    parts = []
    for kind, title, form in (("failover", "Failover of one address", failover),
                              ("failover", "Both started together", together),
                              ("robustness", "Under attack and loss", robustness),
                              ("footprint", "Steady state, per node", footprint)):
        if results.get(kind):
            parts.append("### %s\n\n%s" % (title, form(results[kind])))
    kept = budgets.rows(results, "twinbeat")
    if kept:
        parts.append("### twinbeat's budgets\n\n" + table(["what", "setting", "at most", "measured", "n", ""], kept))
    return "\n".join(parts)
