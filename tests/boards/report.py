"""What came out of all plays."""
import sys


class Report:
    def __init__(self):
        # (target, play, figures, error or None)
        self.entries = []

    def add(self, target, play, figures, error):
        self.entries.append((target, play, figures, error))
        print(f"boards: {target} {play}: {'ok' if error is None else f'FAILED: {error}'}")
        for name, value in figures.items():
            print(f"   {name}: {told(value)}", flush=True)

    def table(self):
        """A row for each figure of each play, a column for each pair; times in seconds."""
        targets = list(dict.fromkeys(target for target, _, _, _ in self.entries))
        cells = {(play, name, target): told(value) for target, play, figures, _ in self.entries
                 for name, value in figures.items()}
        print(f"| play | figure | {' | '.join(targets)} |\n|---|---|{'---|' * len(targets)}")
        for play, name in dict.fromkeys((play, name) for play, name, _ in cells):
            row = [cells.get((play, name, target), "") for target in targets]
            print(f"| {play} | {name} | {' | '.join(row)} |")

    def end(self):
        failed = [entry for entry in self.entries if entry[3] is not None]
        for target, play, _, error in failed:
            print(f"boards: FAILED: {target} {play}: {error}")
        print(f"{len(self.entries) - len(failed)} passed, {len(failed)} failed")
        sys.exit(bool(failed))


def explain(pair):
    """After a failure: the last of each console, what each agent and each driver says, what passed the cables."""
    for board in pair.boards:
        lines = board.tail(25)
        try:
            lines += board.run("twinbeat status; cat /proc/tty/driver/serial", timeout=10)[1].splitlines()
        except (TimeoutError, OSError) as error:
            lines.append(str(error))
        for line in lines:
            print(f"   {board.host}| {line}")
    for name, cable in (("null-modem", pair.null_modem), ("Ethernet", pair.ethernet)):
        for way, line in cable.ways.items():
            print(f"   {name} {way}: {line.count}{', cut' if line.cut else ''}", flush=True)


def told(value):
    if isinstance(value, float):
        return f"{value * 1000:.0f} ms" if abs(value) < 0.1 else f"{value:.2f} s"
    return str(value)
