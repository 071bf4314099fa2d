"""What is typed on a page, and whether what comes is what the page shows.

`alpha# COMMAND` and `beta# ...` are typed on that box, `both# ...` on one after the other, `router# ...` between them;
`-- alpha loses power` happens. Below stands what is printed. A line `...` is any lines, `...` within one anything;
times, percentages, clock times, counts and the noise of a line may be others, and so may the width of columns.
"""
import os
import re
import subprocess
import time

PROMPT = re.compile(r"^(alpha|beta|both|router)# (.*)$")
ELASTIC = [
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"), "DATE"),
    (re.compile(r"\b\d+(\.\d+)? ?(us|ms|s|min|h|d)\b( \d+ ?(s|min|h)\b)?"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? ?%"), "PERCENT"),
    (re.compile(r"\b\d+ (of the last )?\d* ?(frames|bytes|kB)\b"), "COUNT"),
    (re.compile(r", noise \d+"), ""),
    (re.compile(r"\s+"), " "),
]
# What may be asked as often as one likes is asked until it is so.
ASKING = re.compile(r"^(twinbeat (status|events|check|plan)|cl_status|ip |ping )")
PATIENCE = 25


def steps(lines):
    """(who, command, output) of a block; who is None where something happens."""
    found = []
    for line in lines:
        prompt = PROMPT.match(line)
        if prompt:
            found.append((prompt[1], prompt[2].split("   #")[0].rstrip(), []))
        elif line.startswith("-- "):
            found.append((None, line[3:], []))
        elif found:
            found[-1][2].append(line)
        elif line:
            raise ValueError(f"no prompt before: {line}")
    for who, command, output in found:
        while output and not output[-1]:
            output.pop()
        yield who, command, output


def elastic(line):
    for pattern, word in ELASTIC:
        line = pattern.sub(word, line)
    return line.strip()


def agrees(shown, came):
    """Whether lines that came are those shown."""
    pattern = ""
    for line in shown:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in elastic(line).split("...")) + r"\n"
    text = "".join(elastic(line) + "\n" for line in came)
    return re.fullmatch(pattern, text) is not None


def typed(world, who, command):
    """What a command prints, both streams as on a terminal."""
    if who == "router":
        words = ["ip", "netns", "exec", world.switch, "sh", "-c", command]
    else:
        words = world.boxes[who].command(command)
    ran = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         errors="replace", timeout=120, check=False)
    lines = ran.stdout.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def play(world, lines):
    """Plays a block; yields (command, None) for each step that agrees, else (command, what came)."""
    show = os.environ.get("PAPER_SHOW")
    for who, command, shown in steps(lines):
        if who is None:
            world.happens(command)
            continue
        for box in ["alpha", "beta"] if who == "both" else [who]:
            end = time.monotonic() + PATIENCE
            came = typed(world, box, command)
            while not agrees(shown, came) and ASKING.match(command) and time.monotonic() < end:
                time.sleep(0.5)
                came = typed(world, box, command)
            if show:
                print(f"{box}# {command}", *came, sep="\n")
            yield f"{box}# {command}", None if agrees(shown, came) else came
