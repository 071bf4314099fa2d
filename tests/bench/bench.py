"""The failover bench: twinbeat beside its peers, in one run on one machine.

    bench.py [quick|full] [--only KIND] [--contestants A,B] [--settings S,T] [--repeats N]
             [--light-peers] [--out FOLDER]

KIND is failover, robustness or footprint. Every measurement is written to FOLDER as json at once;
the tables come at the end, also after an interruption."""
import argparse
import importlib
import json
import os
import shutil
import signal
import sys
import time

import faults
import footprint
import report
import robustness
from lab import Lab
from node import command

CONTESTANTS = "twinbeat,keepalived,heartbeat"
KINDS = ("failover", "robustness", "footprint")
EVERY_PROBE = {"malformed": 1, "forged": 1, "replay": 2, "replay_standby_restarted": 1, "replay_both_restarted": 1,
               "frozen": 2, "loss": 60, "steady": 60}
PLANS = {   # repeats per setting; probes per setting; seconds of steady state per setting
    "quick": ({"fast": 3}, {"fast": EVERY_PROBE | {"replay": 1, "frozen": 1, "loss": 20, "steady": 20}}, {"fast": 10}),
    "full": ({"classic": 5, "fast": 20, "fastest": 10}, {"fast": EVERY_PROBE, "classic": {"frozen": 2}},
             {"classic": 60, "fast": 60}),
}


def lighter(kind, amount):
    """A peer's share of a plan, where its figures are for comparison only."""
    if kind == "failover":
        return max(2, amount // 5)
    if kind == "footprint":
        return max(10, amount // 2)
    return {probe: max(1, n // 3) for probe, n in amount.items()}


def adapter(contestant, setting):
    """The adapter of `name` or `name+variant`."""
    name, _, variant = contestant.partition("+")
    return importlib.import_module("adapters." + name).Adapter(setting, variant or None)


def measure(kind, contestant, setting, amount):
    """One measurement in a lab of its own."""
    a = adapter(contestant, setting)
    head = {"contestant": contestant, "setting": setting, "beat": a.beat, "detection": a.detection()}
    with Lab(a, interval=1.0 if kind == "footprint" else 0.001) as lab:
        if kind == "failover":
            return head | faults.measure(lab, amount)
        if kind == "robustness":
            return head | {"probes": robustness.measure(lab, amount)}
        return head | footprint.measure(lab, amount)


def present(contestant):
    """Whether the contestant is installed here."""
    found = shutil.which(adapter(contestant, "fast").PROGRAM)
    if not found:
        print("bench: %s is not installed and left out" % contestant, file=sys.stderr)
    return bool(found)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("plan", nargs="?", default="quick", choices=PLANS)
    arguments.add_argument("--only", choices=KINDS)
    arguments.add_argument("--contestants", default=CONTESTANTS)
    arguments.add_argument("--settings")
    arguments.add_argument("--probes")
    arguments.add_argument("--repeats", type=int)
    arguments.add_argument("--light-peers", action="store_true", help="fewer repeats for all but twinbeat")
    arguments.add_argument("--out", default="target/bench")
    a = arguments.parse_args()
    os.makedirs(a.out, exist_ok=True)
    os.makedirs("/run/netns", exist_ok=True)
    command("mount", "-t", "tmpfs", "tmpfs", "/run/netns")   # names of namespaces end with the bench
    contestants = [c for c in a.contestants.split(",") if present(c)]
    results = {}
    try:
        for kind, plan in zip(KINDS, PLANS[a.plan]):
            for setting, amount in plan.items():
                if (a.only and kind != a.only) or (a.settings and setting not in a.settings.split(",")):
                    continue
                if kind == "failover" and a.repeats:
                    amount = a.repeats
                if kind == "robustness" and a.probes:
                    amount = {p: amount.get(p, 1) for p in a.probes.split(",")}
                for contestant in contestants:
                    started = time.monotonic()
                    light = a.light_peers and not contestant.startswith("twinbeat")
                    try:
                        r = measure(kind, contestant, setting, lighter(kind, amount) if light else amount)
                    except RuntimeError as e:
                        print("bench: %s %s %s: %s" % (kind, contestant, setting, e), file=sys.stderr)
                        continue
                    results.setdefault(kind, []).append(r)
                    with open(os.path.join(a.out, "%s.%s.%s.json" % (kind, contestant, setting)), "w") as f:
                        json.dump(r, f, indent=1)
                    print("bench: %s %s %s: %d s" % (kind, contestant, setting, time.monotonic() - started),
                          file=sys.stderr, flush=True)
    finally:
        print(report.tables(results), flush=True)


if __name__ == "__main__":
    main()
