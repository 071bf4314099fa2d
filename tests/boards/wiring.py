"""The play that proves the boards themselves, before anybody relies on them: the null-modem carries at
its rate and breaks as it is told to, Ethernet can be cut, and softdog resets a board."""
import time

from scene import BOOT, Failed
from setting import BARE

# Enough for two seconds of the line at 19200 baud.
LINES, LINE = 240, "0123456789abcde"
SOFTDOG = BARE.softdog


def play(scene, figures):
    pair, say, tap = scene.pair, scene.say, scene.pair.null_modem.tap
    for board in pair.boards:
        succeed(board, f"stty -F {board.hardware.tty} 19200 raw -echo -crtscts clocal")
    alpha, beta = pair.boards
    for way, sender, receiver in (("ab", alpha, beta), ("ba", beta, alpha)):
        figures[f"{sender.host} to {receiver.host}: bytes a second"] = round(carried(pair, way, sender, receiver))
    pair.null_modem.tap = tap
    pair.null_modem.cut("ab")
    if heard(alpha, beta):
        raise Failed("the null-modem carries although it is cut")
    if not heard(beta, alpha):
        raise Failed("the null-modem is cut in the wrong direction")
    pair.null_modem.heal()
    if not heard(alpha, beta):
        raise Failed("the null-modem does not carry after it has healed")
    say("null-modem: carries, is cut, heals")

    if not answers(alpha, beta):
        raise Failed("no answer over Ethernet")
    pair.ethernet.cut("ba")
    if answers(alpha, beta):
        raise Failed("Ethernet carries although it is cut")
    pair.ethernet.heal()
    if not answers(alpha, beta):
        raise Failed("Ethernet does not carry after it has healed")
    say("Ethernet: carries, is cut, heals")

    mark, lines = len(alpha.events), len(alpha.lines)
    succeed(alpha, f"watchdog -T {SOFTDOG} -t 1 /dev/watchdog; sleep 3; kill -9 $(pidof watchdog)")
    killed = time.monotonic()
    figures["reset after the last kick's process"] = scene.reset(alpha, mark, lines) - killed
    alpha.expect("BOARD ready", BOOT, lines)


def carried(pair, way, sender, receiver):
    """The rate at which a file of two seconds arrives. A line may be lost here and there: this machine
    may keep a qemu from reading for longer than a UART can wait."""
    count = pair.null_modem.ways[way].count
    total = LINES * (len(LINE) + 1)
    succeed(receiver, f"cat {receiver.hardware.tty} >/tmp/heard & echo $! >/tmp/cat")
    times = []
    pair.null_modem.tap = lambda at, on, data: times.append((at, len(data))) if on == way else None
    succeed(sender, f"i=0; while [ $i -lt {LINES} ]; do echo {LINE}; i=$((i+1)); done >/tmp/sent; "
                    f"cat /tmp/sent >{sender.hardware.tty}")
    end = time.monotonic() + 20
    while sum(size for _, size in times) < total and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.5)
    pair.null_modem.tap = None
    succeed(receiver, "kill $(cat /tmp/cat)")
    _, lines = receiver.run(f"grep -c '^{LINE}$' /tmp/heard")
    if int(lines or 0) < 0.95 * LINES:
        raise Failed(f"{lines} of {LINES} lines went from {sender.host} to {receiver.host}: {count}")
    return sum(size for _, size in times[1:]) / (times[-1][0] - times[0][0])


def heard(sender, receiver):
    """Whether a word comes over the null-modem."""
    succeed(receiver, f"timeout 3 cat {receiver.hardware.tty} >/tmp/word & sleep 1")
    succeed(sender, f"echo hello >{sender.hardware.tty}")
    time.sleep(3)
    return "hello" in receiver.run("cat /tmp/word")[1]


def answers(board, other):
    return board.run(f"ping -c 2 -W 2 {other.address}")[0] == 0


def succeed(board, command):
    code, text = board.run(command)
    if code:
        raise Failed(f"{board.host}: {command}: exit {code}: {text}")
