"""A page of markdown, as far as it can be tried: its fenced blocks, inline code, links and headings."""
import dataclasses
import re

FENCE = re.compile(r"^(\s*)```(.*)$")
# A file of /etc/ha.d begins with its name as a comment.
FILE = re.compile(r"^# (ha\.cf|haresources|authkeys|twinbeat\.cf)\b")


@dataclasses.dataclass
class Block:
    kind: str
    line: int
    lines: list

    def files(self):
        """The files that a `conf` block shows, by name."""
        files, name = {}, None
        for line in self.lines:
            if found := FILE.match(line):
                name = found[1]
                files[name] = ""
            if name is None:
                raise ValueError("a configuration begins with the name of its file: # ha.cf")
            files[name] += line + "\n"
        return files


class Page:
    def __init__(self, path, name):
        self.path, self.name = path, name
        self.blocks, self.prose = [], []
        block = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            fence = FENCE.match(line)
            if fence and block is None:
                block, indent = Block(fence[2].strip(), number, []), len(fence[1])
            elif fence:
                self.blocks.append(block)
                block = None
            elif block is not None:
                block.lines.append(line[indent:])
            else:
                self.prose.append((number, line))

    def codes(self):
        """Inline code, with its line."""
        for number, line in self.prose:
            for code in re.findall(r"`([^`]+)`", line):
                yield number, code.replace("\\|", "|")

    def anchors(self):
        """What `#...` may name here: a heading in small letters, blanks as hyphens, no signs."""
        for _, line in self.prose:
            if found := re.match(r"#+ (.*)", line):
                yield re.sub(r"[^\w\- ]", "", found[1].lower()).replace(" ", "-")

    def links(self):
        for number, line in self.prose:
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                if "://" not in target:
                    yield number, target

    def tables(self):
        """Each row of a table with the heading of its table, cells without blanks around."""
        head = None
        for number, line in self.prose:
            if not line.startswith("|"):
                head = None
                continue
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if head is None:
                head = cells
            elif not set(line) <= set("|-: "):
                yield number, head, cells
