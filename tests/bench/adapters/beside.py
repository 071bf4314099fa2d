"""twinbeat on B with `protocol linux-ha` beside a real heartbeat 3.0.6 on A, on heartbeat's files."""
import os

from adapters import heartbeat, twinbeat


class Adapter(heartbeat.Adapter):
    def __init__(self, setting, variant=None):
        super().__init__(setting, variant)
        self.ours = twinbeat.Adapter(setting, variant)

    def configure(self, node):
        super().configure(node)
        self.write(node, "ha.d/twinbeat.cf", f"protocol linux-ha\nstatedir {node.folder}/state\n")
        os.makedirs(node.folder + "/state", exist_ok=True)

    def start(self, node):
        (super() if self.is_real(node) else self.ours).start(node)

    def ready(self, node):
        return (super() if self.is_real(node) else self.ours).ready(node)

    def stop(self, node):
        (super() if self.is_real(node) else self.ours).stop(node)

    def cleanup(self, node):
        super().cleanup(node)
        self.ours.cleanup(node)

    @staticmethod
    def is_real(node):
        return node.name == "nodea"
