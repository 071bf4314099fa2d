"""What the pages show that another test plays, and where; and what nothing here can play, and why."""
import re

from world import TREE

# A line of a `sh` block, as a pattern, and the file that runs it with the words by which it does.
PLAYED = {
    r"cargo demo\b": ("tests/run", "cargo demo"),
    r"cargo build --release\b": ("tests/budget", "cargo build --release"),
    r"tests/run\b": (".ci/run", "tests/run"),
    r"cross/build mips\b": ("tests/cross/run", 'cross/build" mips'),
    r"cross/sizes mips\b": ("tests/cross/run", "cross/sizes --crates mips"),
    r"cargo install cargo-deb && cargo deb\b": ("tests/debian/run", "cargo deb "),
    r"cross/build mips && cargo deb --no-build --target ": ("tests/debian/run", "cargo deb --no-build --target mips"),
    r"/etc/init\.d/twinbeat (check|start)\b": ("tests/openwrt/run", "init alpha check"),
    r"/etc/init\.d/twinbeat enable\b": ("tests/openwrt/run", "init alpha enable"),
    r"ubus call twinbeat status\b": ("tests/openwrt/run", "ubus call twinbeat status"),
}
UNPLAYED = {
    r"make BR2_EXTERNAL=": "no Buildroot is at hand",
    r"bitbake-layers ": "no bitbake is at hand",
    r"nft add rule inet fw4 ": "no firewall of OpenWrt is at hand",
    r"iptables -I INPUT ": "not every machine has iptables",
}


def unplayed(line):
    """None, or why nothing runs the line."""
    for pattern, why in UNPLAYED.items():
        if re.match(pattern, line):
            print(f"paper: not typed, {why}: {line}")
            return None
    for pattern, (file, words) in PLAYED.items():
        if re.match(pattern, line):
            return None if words in (TREE / file).read_text() else [f"{file} does not run it any more: {words}"]
    return ["nothing runs it: see tests/paper/elsewhere.py"]


def is_a_test(name):
    """A story of tests/scenarios, or a test of that name."""
    if (TREE / "tests/scenarios" / f"{name}.txt").exists():
        return True
    return any(re.search(rf'"{re.escape(name)}"|fn {re.escape(name)}\b', source) for source in SOURCES)


def no_example(text):
    """None if a file of boards/openwrt, which tests/openwrt/run plays, has all of it."""
    examples = [file.read_text() for file in (TREE / "boards/openwrt").rglob("*") if file.is_file() and file.suffix != ".md"]
    return None if any(text.strip() in example for example in examples) else ["no example of boards/openwrt has it"]


SOURCES = [file.read_text() for file in (TREE / "tests").rglob("*.rs")]
