"""What a contestant does under attack, loss and load. Each probe starts from A serving, B standing
by, and returns what it saw."""
import os
import re
import signal
import subprocess
import time

import packets
from footprint import cpu
from observers import now
from node import command

REPLAYED = 100      # recorded heartbeats


def moved(moves):
    """Times that B took the address: with A healthy, each is a false takeover."""
    return moves["B+"]


def recorded(lab, letter, count=REPLAYED):
    """Heartbeats of a node as they were on the wire, and their usual distance."""
    t0 = now()
    while len(lab.beats(letter, t0)) < count and now() - t0 < count * lab.adapter.beat * 2 + 5:
        time.sleep(lab.adapter.beat)
    beats = lab.beats(letter, t0)[:count]
    return [frame for _, frame in beats], (beats[-1][0] - beats[0][0]) / max(1, len(beats) - 1)


def malformed(lab):
    """1000 broken frames at 500/s: random bytes, flipped bits, cut ends."""
    adapter = lab.adapter
    frames = packets.garbage(adapter.PROTOCOL, recorded(lab, "A", 20)[0])
    time.sleep(1.5)
    pids = {k: lab.nodes[k].pids() for k in "AB"}
    window = 2 + max(2, 3 * adapter.dead)

    def spent(action):
        before = {k: (cpu(pids[k]), lab.nodes[k].log_size()) for k in "AB"}
        end = now() + window
        action()
        time.sleep(max(0, end - now()))
        after = {k: (cpu(pids[k]), lab.nodes[k].log_size()) for k in "AB"}
        return {k: (after[k][0] - before[k][0], after[k][1][0] - before[k][1][0], after[k][1][1] - before[k][1][1])
                for k in "AB"}

    calm = spent(lambda: None)
    t0 = now()
    busy = spent(lambda: lab.inject(frames, 0.002))
    return {
        "survived": {k: not set(pids[k]) - set(lab.nodes[k].pids()) for k in "AB"},
        "moves": lab.moves(t0), "owner": lab.owner(), "silence": lab.longest_silence(t0, now()),
        "cpu_us_each": {k: (busy[k][0] - calm[k][0]) / 1e3 / len(frames) for k in "AB"},
        "log_bytes_each": {k: busy[k][1] / len(frames) for k in "AB"},
        "log_lines": {k: busy[k][2] for k in "AB"},
    }


def forged(lab):
    """What an outsider without the key can make, at twice the sender's pace."""
    out = {}
    for name, frames in lab.adapter.forged(lab, recorded(lab, "A", 20)[0]).items():
        if not frames:
            continue
        t0 = now()
        lab.inject(frames * max(1, 20 // len(frames)), max(0.005, lab.adapter.beat / 2))
        during = lab.owner(0.1)
        time.sleep(max(2, 3 * lab.adapter.dead))
        moves = lab.moves(t0)
        out[name] = {"moves": moves, "hijacked": bool(moves["A-"] or moves["B+"]), "owner_during": during,
                     "silence": lab.longest_silence(t0, now()), "owner": lab.owner(),
                     "survived": {k: bool(lab.nodes[k].pids()) for k in "AB"}}
        if lab.owner() != "A" or lab.B.holds_address():
            lab.start_afresh()
    return out


def takeover_during_replay(lab, frames, gap):
    """Kill A and pull its cable while FRAMES are replayed from that moment on: by how much is the
    takeover later than the dead time?"""
    injector = lab.inject(frames, gap, armed=True)
    t0 = now()
    lab.cable("A", False)
    injector.stdin.write("go\n")
    injector.stdin.flush()
    lab.A.kill()
    served = lab.wait_answer("B", t0, gap * len(frames) + 3 * lab.adapter.dead + 25)
    lab.finish(injector)
    beat = served and lab.last_beat("A", t0 - 3 * lab.adapter.dead, served)
    return {"frames": len(frames), "replay_s": gap * len(frames),
            "takeover": served and served - t0,
            "delay": beat and served - beat - lab.adapter.detection()}


def replay(lab):
    """The dead master's own heartbeats, replayed from its death; then again once B serves."""
    frames, gap = recorded(lab, "A")
    r = takeover_during_replay(lab, frames, gap)
    time.sleep(max(1.5, 2 * lab.adapter.dead + 1))
    t0 = now()
    lab.inject(frames, gap)
    time.sleep(2 * lab.adapter.dead + 0.5)
    return r | {"b_stepped_down": lab.moves(t0)["B-"] > 0, "silence_after": lab.longest_silence(t0, now())}


def replay_standby_restarted(lab):
    """A is dead for good and B restarts, remembering nothing, while A's frames are replayed: when
    does B serve, without and with the replay?"""
    frames, gap = recorded(lab, "A")
    lab.cable("A", False)
    lab.A.kill()
    out = {"frames": len(frames)}
    for name in ("without", "with"):
        lab.B.reboot_clean()
        time.sleep(0.5)
        injector = lab.inject(frames * int(1 + 20 / (gap * len(frames))), gap, armed=True)
        t0 = lab.start("B")
        if name == "with":
            injector.stdin.write("go\n")
            injector.stdin.flush()
        served = lab.wait_answer("B", t0, 60)
        injector.kill()
        lab.finish(injector)
        out[name] = served and served - t0
        time.sleep(1)
    if out["with"] and out["without"]:
        out["delay"] = out["with"] - out["without"]
    return out


def replay_both_restarted(lab):
    """Frames of A's earlier life, after both have restarted, from the death of A's present life."""
    frames, gap = recorded(lab, "A")
    lab.start_afresh()
    return takeover_during_replay(lab, frames, gap)


def loss(lab, seconds=60, percent=20):
    """Random loss between the nodes, both ways; the client's own frames are not touched."""
    bridge = ("ip", "netns", "exec", lab.namespaces["R"], "nft")
    t0 = now()
    command(*bridge, "table bridge lossy { chain f { type filter hook forward priority 0; iifname { pA, pB } "
            "oifname { pA, pB } numgen random mod 100 < %d counter drop; }; }" % percent)
    time.sleep(seconds)
    dropped = re.search(r"packets (\d+)", command(*bridge, "list", "table", "bridge", "lossy"))
    t1 = now()
    command(*bridge, "delete", "table", "bridge", "lossy")
    moves = lab.moves(t0, t1)
    r = {"seconds": seconds, "dropped": int(dropped.group(1)) if dropped else None, "moves": moves,
         "false_takeovers": moved(moves), "both_hold": lab.both_hold(t0, t1),
         "silence": lab.longest_silence(t0, t1)}
    time.sleep(max(2, lab.adapter.dead * 4))
    return r | {"owner": lab.owner()}


def steady(lab, seconds=60):
    """No fault at all, but a busy loop for every core: does it hold still?"""
    load = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count() or 1)]
    t0 = now()
    time.sleep(seconds)
    t1 = now()
    for p in load:
        p.kill()
        p.wait()
    moves = lab.moves(t0, t1)
    return {"seconds": seconds, "moves": moves, "false_takeovers": moved(moves), "both_hold": lab.both_hold(t0, t1),
            "silence": lab.longest_silence(t0, t1)}


def frozen(lab):
    """The active is stopped (SIGSTOP) for longer than the dead time, then continued."""
    adapter = lab.adapter
    pids = lab.A.pids()
    t0 = now()
    lab.A.signal(signal.SIGSTOP, pids)
    time.sleep(max(2.5, adapter.dead * 3 + 1))
    t1 = now()
    lab.A.signal(signal.SIGCONT, pids)
    time.sleep(max(5.0, adapter.dead * 4 + 3))
    t2 = now()
    after = [r[2] for r in lab.answers(t1)]
    return {"stopped_s": t1 - t0, "b_took_over": lab.moves(t0, t1)["B+"] > 0,
            "both_while_stopped": lab.both_hold(t0, t1), "both_after": lab.both_hold(t1, t2),
            "silence_after": lab.longest_silence(t1, t2), "flips_after": sum(a != b for a, b in zip(after, after[1:])),
            "owner": lab.owner()}


PROBES = {f.__name__: f for f in (malformed, forged, replay, replay_standby_restarted, replay_both_restarted,
                                  loss, steady, frozen)}


def measure(lab, plan):
    """Run {probe: repeats or, for loss and steady, seconds}; the results of each, in order."""
    out = {}
    lab.bring_up()
    fresh = True
    for name, amount in plan.items():
        timed = name in ("loss", "steady")
        for _ in range(1 if timed else amount):
            if not fresh:
                lab.start_afresh()
            fresh = False
            try:
                r = PROBES[name](lab, amount) if timed else PROBES[name](lab)
            except (RuntimeError, OSError, IndexError) as e:
                r = {"error": repr(e)}
            out.setdefault(name, []).append(r)
    return out
