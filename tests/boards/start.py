"""start.py [TARGET]: the processor time of a board from the start of `twinbeat run` until its first beat is out
and it sleeps, by the kernel's own account; default mips. Fails above BUDGET.

qemu counts instructions and makes time of them (-icount), so that it is no matter what else this machine does:
one takes 2 ns, 500 million a second, as on a 24Kc of 400 to 600 MHz. malta has made what it needs."""
import re
import statistics
import sys

import hardware
from pair import Pair
from setting import Setting

BUDGET, STARTS, SHIFT = 0.050, 5, 1
# Nothing but the first beat leaves before it is looked at.
CALM = Setting("start", "one beat", {"keepalive": "10", "deadtime": "60", "warntime": "30", "initdead": "120",
                                     "watchdog": "/dev/watchdog", "watchdog_timeout": "20"}, agent=False)
# What it has cost since the fork; `twinbeat status` is a process of its own.
LOOK = ("twinbeat run </dev/null >/tmp/log 2>&1 & pid=$!; sleep 0.3; grep sum_exec_runtime /proc/$pid/sched; "
        "echo faults $(cut -d' ' -f10,12 /proc/$pid/stat); twinbeat status --json | grep -o '\"sent\":[0-9]*'; "
        "kill $pid; wait $pid")


def main():
    kind = hardware.find(sys.argv[1] if len(sys.argv) > 1 else "mips")
    # What the smallest boards have.
    kind.memory = 32 if kind.target == "mips" else kind.memory
    # The kernel takes the rate of its own clock from the real-time clock, so that must not be this machine's.
    kind.options = ["-icount", f"shift={SHIFT}", "-rtc", "clock=vm"]
    with Pair(kind, setting=CALM, limit=300) as pair:
        board = pair.boards[0]
        board.power_on()
        board.expect("BOARD ready (.*)", 240)
        speed(board)
        starts = [start(board) for _ in range(STARTS)]
    seconds = [start[0] for start in starts]
    first, most, middle = seconds[0], max(seconds), statistics.median(seconds)
    print(f"start: {kind.target}, {kind.memory} MB, {2 ** SHIFT} ns an instruction: {middle * 1000:.1f} ms to the first beat, "
          f"median of {STARTS} (first {first * 1000:.1f}, most {most * 1000:.1f}), {middle * 1e3 / 2 ** SHIFT:.2f} million "
          f"instructions, {starts[0][1]} page faults; budget {BUDGET * 1000:.0f} ms")
    print("1 passed, 0 failed" if most <= BUDGET else "0 passed, 1 failed")
    sys.exit(most > BUDGET)


def speed(board):
    """What the kernel takes for a second is one: its delay loop has two instructions."""
    _, said = board.run("grep -i bogomips /proc/cpuinfo")
    measured, counted = float(said.split(":")[1]), 1000 / 2 ** SHIFT
    if abs(measured / counted - 1) > 0.03:
        raise SystemExit(f"start: the kernel's clock is wrong: {measured} million instructions a second, not {counted:.0f}")


def start(board):
    """(seconds, page faults) of one."""
    _, said = board.run(LOOK)
    runtime = re.search(r"sum_exec_runtime\s*:\s*([0-9.]+)", said)
    faults = re.search(r"faults (\d+) (\d+)", said)
    sent = [int(count) for count in re.findall(r'"sent":(\d+)', said)]
    if not runtime or not faults or not sent or min(sent) != 1 or max(sent) != 1:
        raise SystemExit(f"start: not one beat on each link: {said}; {board.run('cat /tmp/log')[1]}")
    return float(runtime.group(1)) / 1000, sum(map(int, faults.groups()))


if __name__ == "__main__":
    main()
