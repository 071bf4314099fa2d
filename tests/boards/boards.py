"""boards.py [OPTION]... TARGET[+TARGET]...: each pair of boards plays; see run."""
import argparse
import os
import signal
import sys
import time
import traceback

import failover
import hardware
import kernel
import wiring
from pair import Pair

PLAYS = {"failover": failover.play, "wiring": wiring.play}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave consoles and logs behind")
    parser.add_argument("--echo", action="store_true", help="show the consoles")
    parser.add_argument("--limit", type=int, default=600, help="seconds for one play")
    parser.add_argument("--play", choices=[*PLAYS, "all"], default="failover")
    parser.add_argument("--fetch", action="store_true", help="only fill the cache with kernels")
    parser.add_argument("targets", nargs="+", metavar="TARGET", help="two of one, or one of each: mips+mipsel")
    options = parser.parse_args()
    # So that everything is put away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("boards: ended"))
    pairs = [[hardware.find(name) for name in target.split("+")] for target in options.targets]
    for kind in {kind.target: kind for kinds in pairs for kind in kinds}.values():
        begun = time.monotonic()
        place = kernel.provide(kind)
        print(f"boards: kernel of {kind.target}: {place}, {time.monotonic() - begun:.0f} s", flush=True)
        if not options.fetch and not os.path.exists(kind.binary()):
            sys.exit(f"boards: no {kind.binary()}: cross/build {kind.target}")
    passed = failed = 0
    plays = list(PLAYS) if options.play == "all" else [options.play]
    for kinds in [] if options.fetch else pairs:
        for play in plays:
            if one(kinds, play, options):
                passed += 1
            else:
                failed += 1
    if not options.fetch:
        print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


def one(kinds, play, options):
    """Whether all was well."""
    title, begun, figures = f"{play} {'+'.join(kind.target for kind in kinds)}", time.monotonic(), {}

    def say(text):
        print(f"boards: {title} [{time.monotonic() - begun:6.1f} s] {text}", flush=True)

    settings = {"softdog": wiring.SOFTDOG} if play == "wiring" else {}
    with Pair(*kinds, limit=options.limit, keep=options.keep, echo=options.echo, **settings) as pair:
        try:
            PLAYS[play](pair, figures, say)
            return True
        except (failover.Failed, TimeoutError, RuntimeError) as error:
            say(f"FAILED: {error}")
            if isinstance(error, RuntimeError):
                traceback.print_exc()
            for board in pair.boards:
                for line in board.tail(25):
                    print(f"   {board.host}| {line}")
            return False
        finally:
            show(title, figures)


def show(title, figures, depth=1):
    if depth == 1:
        print(f"boards: {title}: figures, in seconds unless they say otherwise")
    for name, value in figures.items():
        if isinstance(value, dict):
            print("   " * depth + name)
            show(title, value, depth + 1)
        else:
            print("   " * depth + f"{name}: " + (f"{value:.3f}" if isinstance(value, float) else str(value)))


if __name__ == "__main__":
    main()
