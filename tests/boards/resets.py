"""Plays of the watchdog: a board whose agent or kernel hangs is reset and comes back by itself."""
import time

from deaths import back, gone
from scene import Failed


def agent_stopped(scene, figures):
    fall(scene, figures, lambda board: board.run("kill -STOP $(pidof twinbeat)"))


def agent_killed(scene, figures):
    fall(scene, figures, lambda board: board.run("kill -9 $(pidof twinbeat)"))


def kernel_crashed(scene, figures):
    """It would not restart by itself."""
    fall(scene, figures, lambda board: board.crash())


def fall(scene, figures, fault):
    """The active board's: never two answers, and it is back as standby."""
    lost, timeout = scene.active, scene.setting.seconds(scene.pair.kinds["a"], "watchdog_timeout")
    since, mark = len(lost.events), len(lost.lines)
    at = time.monotonic()
    fault(lost)
    first = scene.takeover(at, figures)
    figures["address gone after"] = gone(scene, at)
    reset = scene.reset(lost, since, mark)
    returned(scene, figures, lost, at, reset, timeout)
    scene.swap()
    back(scene, figures, reset, "standby again after its reset")
    scene.unmoved(first)


def standby_stopped(scene, figures):
    """The standby's agent hangs: its board is reset, and nobody else notices."""
    lost, timeout = scene.standby, scene.setting.seconds(scene.pair.kinds["a"], "watchdog_timeout")
    since, mark = len(lost.events), len(lost.lines)
    at = time.monotonic()
    lost.run("kill -STOP $(pidof twinbeat)")
    reset = scene.reset(lost, since, mark)
    returned(scene, figures, lost, at, reset, timeout)
    back(scene, figures, reset, "standby again after its reset")
    scene.unmoved(at)
    figures["client without answer"] = scene.watch.outage(at)


def clock_jumped(scene, figures):
    """A board that slept past deadtime is reset as soon as it goes on."""
    lost = scene.active
    since, mark = len(lost.events), len(lost.lines)
    at = time.monotonic()
    lost.sigstop()
    first = scene.takeover(at, figures)
    time.sleep(scene.deadtime)
    resumed = time.monotonic()
    lost.sigcont()
    reset = scene.reset(lost, since, mark)
    figures["reset after it goes on"] = reset - resumed
    scene.swap()
    back(scene, figures, reset, "standby again after its reset")
    figures["both answering after it goes on"] = scene.watch.both(resumed)
    scene.say(f"since the takeover: {scene.told(first)}")


def returned(scene, figures, lost, at, reset, timeout):
    figures["reset after the fault"] = reset - at
    scene.say(f"{lost.host} was reset by its watchdog of {timeout:.0f} s {reset - at:.1f} s after the fault")
    if reset - at > scene.deadtime:
        raise Failed(f"{lost.host} was reset {reset - at:.1f} s after the fault, not before deadtime was over")
