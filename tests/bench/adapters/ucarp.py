"""ucarp. A sends every advbase + advskew/256 s; B calls it dead after deadratio * advbase + its own
advskew/256 (the skew is not multiplied), so below one second the dead time is B's skew alone.

It opens its capture with a 1000 ms buffer time-out, so on today's libpcap it sees adverts in batches,
up to one second late: a standby with a sub-second dead time flaps. "fast" is what one would ask for,
"fastest" the shortest that holds still."""
import os

import packets
from adapters.base import SETTINGS, Base

KNOBS = {   # setting: deadratio, then (advbase, advskew) of A and of B
    "classic": (3, (1, 0), (1, 1)),
    "fast": (3, (0, 26), (0, 64)),
    "fastest": (2, (0, 26), (1, 0)),
}


class Adapter(Base):
    PROGRAM = "ucarp"
    SETTINGS = SETTINGS | {"fastest": (26 / 256, 2.0)}

    def detection(self):
        ratio, _, (base, skew) = KNOBS[self.setting]
        return ratio * base + skew / 256

    def configure(self, node):
        self.write(node, "up.sh", "#!/bin/sh\nexec ip addr add $2/24 dev $1\n", 0o755)
        self.write(node, "down.sh", "#!/bin/sh\nexec ip addr del $2/24 dev $1\n", 0o755)

    def start(self, node):
        ratio, a, b = KNOBS[self.setting]
        base, skew = a if node.letter == "A" else b
        node.spawn("ucarp", "-i", "eth0", "-s", node.address, "-v", "51", "-p", "s3cret", "-a", "10.77.0.100",
                   "-u", os.path.join(node.folder, "up.sh"), "-d", os.path.join(node.folder, "down.sh"),
                   "-b", str(base), "-k", str(skew), "-r", str(ratio), "-P", "-z")

    def forged(self, lab, captured):
        return {"CARP advert with a wrong HMAC": [f[:-20] + os.urandom(20) for f in captured[:1]],
                "VRRPv2 priority 255 from a third host":
                [packets.vrrp(2, 51, 255, 1, "10.77.0.9", "10.77.0.100")]}
