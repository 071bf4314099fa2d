"""Plays of the cables: what is cut, noisy or deaf, and that nothing moves without a reason."""
import time

from scene import Failed


def ethernet_cut(scene, figures):
    """The null-modem holds the boards together."""
    cut(scene, figures, scene.pair.ethernet)


def serial_cut(scene, figures):
    """And Ethernet does."""
    cut(scene, figures, scene.pair.null_modem)


def cut(scene, figures, cable):
    begun = time.monotonic()
    cable.cut()
    for board in scene.pair.boards:
        scene.hears_on(board, 1, 3 * scene.deadtime + 20)
    figures["link seen down after"] = time.monotonic() - begun
    scene.hold(2 * scene.deadtime)
    cable.heal()
    scene.settle(begun)
    scene.unmoved(begun)
    figures["client without answer"] = scene.watch.outage(begun)


def noise(scene, figures):
    """First a line that loses and turns over a byte in fifty, then nothing but noise."""
    begun = time.monotonic()
    line = scene.pair.null_modem
    for chance, links in ((0.02, None), (1.0, 1)):
        for way in line.ways.values():
            way.corrupt = chance
            way.loss = min(chance, 0.02)
        if links:
            for board in scene.pair.boards:
                scene.hears_on(board, links, 3 * scene.deadtime + 20)
        scene.hold(2 * scene.deadtime)
    figures["bytes turned over"] = sum(way.count["corrupted"] for way in line.ways.values())
    line.heal()
    scene.settle(begun)
    scene.unmoved(begun)
    figures["client without answer"] = scene.watch.outage(begun)


def one_way(scene, figures):
    """One direction of one cable, of the other, and one of each so that both boards are heard still."""
    begun = time.monotonic()
    ethernet, line = scene.pair.ethernet, scene.pair.null_modem
    out, back = scene.way(scene.active), scene.way(scene.standby)
    for faults in (((ethernet, out),), ((ethernet, back),), ((line, out),), ((line, back),),
                   ((ethernet, out), (line, back)), ((ethernet, back), (line, out))):
        for cable, way in faults:
            cable.cut(way)
        scene.hold(1.5 * scene.deadtime)
        for cable, _ in faults:
            cable.heal()
        scene.settle(begun)
    scene.unmoved(begun)
    figures["client without answer"] = scene.watch.outage(begun)


def unheard(scene, figures):
    """The same direction of both: the board that is not heard gives way, and nothing moves back."""
    begun = time.monotonic()
    cables = scene.pair.ethernet, scene.pair.null_modem
    for cable in cables:
        cable.cut(scene.way(scene.standby))
    scene.hold(2 * scene.deadtime)
    for cable in cables:
        cable.heal()
    scene.settle(begun)
    scene.unmoved(begun)
    scene.say("the standby was not heard, and nothing moved")

    at = time.monotonic()
    for cable in cables:
        cable.cut(scene.way(scene.active))
    scene.takeover(at, figures, cut=True)
    scene.swap()
    time.sleep(scene.keepalive + 1)
    scene.hold(2 * scene.deadtime)
    for cable in cables:
        cable.heal()
    healed = time.monotonic()
    scene.settle(healed)
    scene.unmoved(healed)
    figures["both answering"] = scene.watch.both(begun)
    # One beat says that the other is not heard.
    if figures["both answering"] > scene.keepalive + 0.3:
        raise Failed(f"both boards answered for {figures['both answering']:.3f} s: {scene.told(at)}")
    periods = scene.watch.periods(begun)
    if len(periods) > 2:
        raise Failed(f"more than one move: {scene.told(begun)}")


def both_cut(scene, figures):
    """Both boards serve what they can reach; when it heals one of them goes on alone, at once."""
    at = time.monotonic()
    for cable in (scene.pair.ethernet, scene.pair.null_modem):
        cable.cut()
    scene.takeover(at, figures, cut=True)
    time.sleep(2 * scene.deadtime)
    apart = {mac for _, mac in scene.watch.answers(time.monotonic() - 1)}
    if len(apart) != 2:
        raise Failed(f"with both cables cut {len(apart)} boards serve: {scene.told(at)}")
    for cable in (scene.pair.ethernet, scene.pair.null_modem):
        cable.heal()
    healed = time.monotonic()
    scene.settle(healed)
    figures["both answering after the heal"] = both = scene.watch.both(healed)
    figures["client without answer"] = scene.watch.outage(healed)
    if both > scene.keepalive + 0.3:
        raise Failed(f"both boards answered for {both:.3f} s after the heal: {scene.told(healed)}")
    if figures["client without answer"] > scene.keepalive:
        raise Failed(f"the winner did not go on: {scene.told(healed)}")
    scene.say(f"{scene.active.host} keeps the address, {both:.3f} s after the heal nobody else has it")


def serial_only(scene, figures):
    """Two boards with no other path: a start, noise, a power cut and a return."""
    begun, before = time.monotonic(), sum(scene.line.bytes.values())
    line = scene.pair.null_modem
    scene.hold(2 * scene.deadtime)
    for way in line.ways.values():
        way.corrupt, way.loss = 0.001, 0.001
    scene.hold(30)
    line.heal()
    count = {name: sum(way.count[name] for way in line.ways.values()) for name in ("passed", "lost", "corrupted")}
    figures["bytes lost, turned over"] = f"{count['lost']}, {count['corrupted']} of {count['passed']}"
    scene.say(f"steady over serial alone, {figures['bytes lost, turned over']}")
    used = sum(scene.line.bytes.values()) - before
    figures["line used, each way"] = f"{100 * used / 1920 / 2 / (time.monotonic() - begun):.1f} %"
    scene.unmoved(begun)

    at = scene.active.power_cut()
    first = scene.takeover(at, figures)
    lost = scene.active
    scene.swap()
    scene.power_on(lost)
    again = lost.on_at
    scene.settle(first)
    figures["standby again after power on"] = time.monotonic() - again
    scene.unmoved(first)
