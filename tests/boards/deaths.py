"""Plays of what befalls a board or its agent while nobody's watchdog helps."""
import time

from scene import Failed

# Seconds for which a card that was kept from answering may make up for it.
QUEUED = 0.1


def start(scene, figures):
    """Both were switched on at once: one serves, and nothing moves without a reason."""
    figures["served after power on"] = scene.watch.answers()[0][0] - min(board.on_at for board in scene.pair.boards)
    figures["lifetime of the address"] = lease = scene.lifetime(scene.active)
    if lease > scene.deadtime:
        raise Failed(f"the kernel would hold the address for {lease} s, longer than deadtime")
    _, text = scene.active.run("grep -E 'VmRSS|RssAnon' /proc/$(pidof twinbeat)/status")
    figures["resident, of it anonymous"] = ", ".join(" ".join(line.split()[1:]) for line in text.splitlines())
    scene.hold(3 * scene.deadtime)


def power(scene, figures):
    """The active board loses power, and comes back as standby."""
    at = scene.active.power_cut()
    first = scene.takeover(at, figures)
    lost = scene.active
    scene.swap()
    scene.power_on(lost)
    back(scene, figures, lost.on_at, "standby again after power on")
    scene.unmoved(first)


def standby_power(scene, figures):
    """The standby loses power: nobody else notices, and a board alone goes on for ever."""
    begun = time.monotonic()
    lost = scene.standby
    lost.power_cut()
    scene.hold(3 * scene.deadtime)
    scene.power_on(lost)
    back(scene, figures, lost.on_at, "standby again after power on")
    scene.unmoved(begun)


def killed(scene, figures):
    """kill -9: the address goes by itself before the other board takes it."""
    at = time.monotonic()
    scene.active.run("kill -9 $(pidof twinbeat)")
    first = scene.takeover(at, figures)
    figures["address gone after"] = gone(scene, at)
    lost = scene.active
    scene.swap()
    time.sleep(1)
    again = time.monotonic()
    lost.start_agent()
    back(scene, figures, again, "standby again after its start")
    scene.unmoved(first)


def stopped(scene, figures):
    """SIGSTOP until long after the takeover, then SIGCONT: it holds nothing any more."""
    at = time.monotonic()
    scene.active.run("kill -STOP $(pidof twinbeat)")
    first = scene.takeover(at, figures)
    figures["address gone after"] = gone(scene, at)
    time.sleep(scene.deadtime)
    resumed = time.monotonic()
    scene.active.run("kill -CONT $(pidof twinbeat)")
    scene.swap()
    back(scene, figures, resumed, "standby again after it goes on")
    scene.unmoved(first)


def frozen(scene, figures):
    """The whole board stands still, its clocks too: when it goes on it cannot know. What it is told
    first must end it."""
    # It hears the other one's next beat.
    resume(scene, figures, scene.active.freeze, scene.active.thaw, scene.keepalive + 0.3)


def jumped(scene, figures):
    """The same, but its clocks jump ahead when it goes on."""
    # What its network card has kept the kernel answers before any program runs.
    resume(scene, figures, scene.active.sigstop, scene.active.sigcont, QUEUED)


def resume(scene, figures, stop, go_on, limit):
    at = time.monotonic()
    stop()
    first = scene.takeover(at, figures)
    time.sleep(scene.deadtime)
    resumed = time.monotonic()
    go_on()
    back(scene, figures, resumed, "standby again after it goes on", first)
    figures["both answering after it goes on"] = both = scene.watch.both(resumed)
    scene.say(f"both answered for {both:.3f} s after it went on: {scene.told(resumed)}")
    if both > limit:
        raise Failed(f"both boards answered for {both:.3f} s after one went on: {scene.told(resumed)}")


def crashed(scene, figures):
    """A kernel that does not restart by itself, until somebody cuts its power."""
    at = time.monotonic()
    lost = scene.active
    lost.crash()
    first = scene.takeover(at, figures)
    time.sleep(2 * scene.deadtime)
    figures["address gone after"] = gone(scene, at)
    lost.power_cut()
    scene.swap()
    scene.power_on(lost)
    back(scene, figures, lost.on_at, "standby again after power on")


def gone(scene, since):
    """When the active one answered last, counted from the fault."""
    return max((at for at, mac in scene.watch.answers(since) if mac == scene.active.mac), default=since) - since


def back(scene, figures, since, name, first=None):
    """Waits until all is as it should be again; the one that serves stays the one."""
    serves = scene.active if first is None else scene.standby
    scene.settle(since)
    figures[name] = time.monotonic() - since
    if scene.active is not serves:
        raise Failed(f"{scene.address} moved back: {scene.told(since)}")
