"""All plays, in the order in which one boot serves them: each leaves the boards as it found them, so that
the next begins clean, and each can be played alone."""
import cuts
import deaths
import resets
import wiring
from setting import BARE, GUARDED, OWN, SERIAL, UNGUARDED


class Play:
    """BOTH: for how long two boards may answer in all of it; None where it judges that itself."""

    def __init__(self, name, setting, function, both=0.0):
        self.name, self.setting, self.function, self.both = name, setting, function, both


PLAYS = [
    Play("wiring", BARE, wiring.play, None),
    Play("start", OWN, deaths.start),
    Play("ethernet-cut", OWN, cuts.ethernet_cut),
    Play("serial-cut", OWN, cuts.serial_cut),
    Play("noise", OWN, cuts.noise),
    Play("one-way", OWN, cuts.one_way),
    Play("unheard", OWN, cuts.unheard, None),
    Play("both-cut", OWN, cuts.both_cut, None),
    Play("power", OWN, deaths.power),
    Play("standby-power", OWN, deaths.standby_power),
    Play("frozen", OWN, deaths.frozen, None),
    Play("killed", UNGUARDED, deaths.killed),
    Play("stopped", UNGUARDED, deaths.stopped),
    Play("jumped", UNGUARDED, deaths.jumped, None),
    Play("crashed", UNGUARDED, deaths.crashed),
    Play("guarded-stopped", GUARDED, resets.agent_stopped),
    Play("guarded-standby", GUARDED, resets.standby_stopped),
    Play("guarded-killed", GUARDED, resets.agent_killed),
    Play("guarded-crashed", GUARDED, resets.kernel_crashed),
    Play("guarded-jumped", GUARDED, resets.clock_jumped, None),
    Play("serial-only", SERIAL, cuts.serial_only),
]
# What goes wrong most, in four minutes or five.
BRIEF = ["start", "ethernet-cut", "noise", "one-way", "unheard", "both-cut", "power", "frozen", "killed", "stopped",
         "guarded-stopped", "guarded-standby", "guarded-crashed", "serial-only"]


def choose(words):
    """Names separated by commas, `all` or `brief`, as plays in their order."""
    known = {play.name: play for play in PLAYS}
    names = {name for word in words.split(",") for name in {"all": known, "brief": BRIEF}.get(word, [word])}
    unknown = names - set(known)
    if unknown:
        raise SystemExit(f"boards: no play {' '.join(sorted(unknown))}; there are: all brief {' '.join(known)}")
    return [play for play in PLAYS if play.name in names]
