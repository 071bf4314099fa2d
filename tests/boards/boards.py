"""boards.py [OPTION]... TARGET[+TARGET]...: each pair of boards plays; see run."""
import argparse
import itertools
import os
import signal
import sys
import time
import traceback

import hardware
import kernel
import plays
import report
from pair import Pair
from scene import Failed, Scene
from watch import Watch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave consoles and logs behind")
    parser.add_argument("--echo", action="store_true", help="show the consoles")
    parser.add_argument("--limit", type=int, default=900, help="seconds for the plays of one boot")
    parser.add_argument("--play", default="brief", help="names with commas, `all`, or `brief`")
    parser.add_argument("--fetch", action="store_true", help="only fill the cache with kernels")
    parser.add_argument("--markdown", action="store_true", help="end with a table of all figures")
    parser.add_argument("targets", nargs="+", metavar="TARGET", help="two of one, or one of each: mips+mipsel")
    options = parser.parse_args()
    # So that everything is put away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("boards: ended"))
    chosen = plays.choose(options.play)
    pairs = [[hardware.find(name) for name in target.split("+")] for target in options.targets]
    for kind in {kind.target: kind for kinds in pairs for kind in kinds}.values():
        begun = time.monotonic()
        place = kernel.provide(kind)
        print(f"boards: kernel of {kind.target}: {place}, {time.monotonic() - begun:.0f} s", flush=True)
        if not options.fetch and not os.path.exists(kind.binary()):
            sys.exit(f"boards: no {kind.binary()}: cross/build {kind.target}")
    if options.fetch:
        return
    results = report.Report()
    for kinds in pairs:
        for setting, group in itertools.groupby(chosen, lambda play: play.setting):
            queue = list(group)
            # Where a play fails, the next one begins with a boot of its own.
            while queue:
                boot(kinds, setting, queue, results, options)
    if options.markdown:
        results.table()
    results.end()


def boot(kinds, setting, queue, results, options):
    """Takes from QUEUE what it plays: all of it, or up to the first that fails."""
    begun, target = time.monotonic(), "+".join(kind.target for kind in kinds)

    def say(text, name=f"({setting.name})"):
        print(f"boards: {target} {name} [{time.monotonic() - begun:6.1f} s] {text}", flush=True)

    address = kinds[0].configuration()["haresources"][1].decode().split()[1].split("/")[0]
    with Pair(*kinds, setting=setting, limit=options.limit, keep=options.keep, echo=options.echo) as pair, \
            Watch(pair.ethernet, address) as watch:
        scene, play, figures = Scene(pair, watch, setting, say), queue[0], {}
        try:
            say(setting.meaning)
            figures.update({f"{host}: power on to shell": at for host, at in scene.power_on(*pair.boards).items()})
            if setting.agent:
                scene.settle(begun)
            while queue:
                play = queue[0]
                scene.say = lambda text, name=play.name: say(text, name)
                one(scene, play, figures)
                results.add(target, queue.pop(0).name, figures, None)
                figures = {}
        except (Failed, TimeoutError, RuntimeError) as error:
            results.add(target, queue.pop(0).name, figures, error)
            if isinstance(error, RuntimeError):
                traceback.print_exc()
            report.explain(pair)


def one(scene, play, figures):
    """Raises Failed, TimeoutError or RuntimeError when it did not go as it must."""
    begun = time.monotonic()
    play.function(scene, figures)
    rebooted = scene.rebooted()
    if rebooted:
        raise Failed(f"{' and '.join(rebooted)} booted and nobody had a reason to")
    if play.both is not None:
        both = figures.setdefault("both answering", scene.watch.both(begun))
        if both > play.both:
            raise Failed(f"both boards answered for {both:.3f} s: {scene.told(begun)}")
    figures["this play"] = time.monotonic() - begun


if __name__ == "__main__":
    main()
