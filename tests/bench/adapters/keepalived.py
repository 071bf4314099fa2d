"""keepalived, VRRPv3."""
import os
import signal

import packets
from adapters.base import Base

PRIORITY = {"A": 250, "B": 240}


class Adapter(Base):
    PROGRAM = "keepalived"

    def detection(self):
        return self.dead + self.beat * (256 - PRIORITY["B"]) / 256

    def configure(self, node):
        self.write(node, "keepalived.conf", f"""
global_defs {{
  router_id {node.name}
  vrrp_version 3
}}
vrrp_instance VI_1 {{
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority {PRIORITY[node.letter]}
  advert_int {self.beat:g}
  virtual_ipaddress {{
    10.77.0.100/24 dev eth0
  }}
}}
""")

    def start(self, node):
        node.spawn("keepalived", "-n", "-P", "-l", "-D", "-f", os.path.join(node.folder, "keepalived.conf"))

    def ready(self, node):
        return "Entering" in node.log()

    def stop(self, node):
        node.signal(signal.SIGTERM, node.pids()[:1])

    def forged(self, lab, captured):
        return packets.vrrp_attacks(self.beat)
