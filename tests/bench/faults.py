"""Faults of an address that moves: what the client, the wire and the kernel saw of each."""
import random
import time

from observers import now

KINDS = ("kill", "cut", "stop")     # SIGKILL of all it runs; cable cut, both alive; its graceful stop


def inflict(lab, kind, timeout=40):
    """Do KIND to A at a random phase of its heartbeat; what followed until B served."""
    dead = lab.adapter.dead
    calm_at = now()
    time.sleep(0.5)
    r = {"kind": kind, "noise": lab.longest_silence(calm_at + 0.05, now()), "owner_before": lab.owner()}
    time.sleep(random.uniform(0, lab.adapter.beat))
    t0 = now()
    if kind == "kill":
        lab.A.kill()
    elif kind == "cut":
        lab.cable("A", False)
    else:
        lab.adapter.stop(lab.A)
    answer = lab.wait_answer("B", t0, timeout)
    if answer is None:
        return r | {"takeover": None}
    time.sleep(max(2.5, min(3.5, dead * 2)))    # a lease of 1 s has ended by then
    t1 = now()
    claim = min(t for t in (lab.first_claim("B", t0), answer) if t is not None)
    beat = lab.last_beat("A", t0 - 3 * dead, claim)
    return r | {
        "takeover": answer - t0,
        "outage": lab.outage(t0, t1),
        "overhead": None if beat is None else claim - beat - lab.adapter.detection(),
        "both_hold": lab.both_hold(t0, t1),
        "a_keeps": lab.A.holds_address(),
    }


def restore(lab, kind, timeout=60):
    """Undo KIND and wait until A alone serves again."""
    if kind == "kill":
        lab.A.reboot_clean()
        time.sleep(0.3)
    elif kind == "stop":
        end = now() + 60
        while lab.A.pids() and now() < end:
            time.sleep(0.02)
        lab.A.reboot_clean()
    t0 = now()
    if kind == "cut":
        lab.cable("A", True)
    else:
        t0 = lab.start("A")
    answer = lab.wait_answer("A", t0, timeout)
    if answer is None:
        return {"serving": None}
    settled = lab.wait_owner("A", 30, max(0.5, min(2.0, lab.adapter.dead)))
    t1 = now()
    claim = min(t for t in (lab.first_claim("A", t0), answer) if t is not None)
    return {"serving": claim - t0, "settled": settled, "outage": lab.outage(t0, t1),
            "both_hold": lab.both_hold(t0, t1)}


def start_together(lab, timeout=90):
    """Reboot both, start both at one moment: how long until the address is served?"""
    for node in lab.nodes.values():
        node.reboot_clean()
    time.sleep(0.5)
    t0 = lab.start("A", "B")
    answers = [t for t in (lab.wait_answer("A", t0, timeout),) if t is not None]
    claims = [t for t in (lab.first_claim(k, t0) for k in "AB") if t is not None]
    lab.wait_owner("A", 30)
    lab.wait_ready("B")
    return {"serving": min(answers + claims) - t0 if answers + claims else None}


def measure(lab, repeats, kinds=KINDS, starts=2):
    """Each fault and its repair REPEATS times, in turn."""
    cycles, together = [], []
    lab.bring_up()
    for _ in range(repeats):
        cycle = {}
        for kind in kinds:
            cycle[kind] = inflict(lab, kind)
            cycle["after-" + kind] = restore(lab, kind)
            if cycle[kind]["takeover"] is not None and cycle["after-" + kind]["serving"] is not None:
                lab.wait_ready("B", 30)
                lab.wait_ready("A", 30)
            if lab.owner() != "A" or lab.B.holds_address():     # confused, or no failback of its own
                cycle.setdefault("resets", []).append(kind)
                lab.start_afresh()
        cycles.append(cycle)
    for _ in range(starts):
        together.append(start_together(lab))
    return {"cycles": cycles, "together": together}
