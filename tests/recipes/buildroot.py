#!/usr/bin/env python3
"""boards/buildroot by the rules of Buildroot's manual and of its check-package, which is not there to be run.

The rules are told in our words, each beside where it was read: docs/manual (adding-packages-directory,
adding-packages-cargo, customize-outside-br, makedev-syntax, writing-rules) and utils/checkpackagelib.
Where kconfiglib is installed Config.in is also parsed, and both ways of its dependencies are tried.
"""

import hashlib
import os
import re
import stat
import sys
import tempfile
from pathlib import Path

from verdict import close, verdict

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "boards/buildroot"
PACKAGE = TREE / "package/twinbeat"
TAB = "\t"


def lines(path):
    return [
        (f"{path.relative_to(ROOT)}:{number}: {line!r}", line)
        for number, line in enumerate(path.read_text().split("\n"), 1)
    ]


def text_rules(paths):
    """The checks that each lib_*.py of checkpackagelib imports: of every file."""
    for path in paths:
        text = path.read_bytes()
        if not text.endswith(b"\n") or text.endswith(b"\n\n"):
            yield f"{path}: ends with exactly one newline"
        if b"\n\n\n" in text:
            yield f"{path}: two empty lines in a row"
        if not text.isascii():
            yield f"{path}: more than ASCII"
        if path.stat().st_mode & stat.S_IXUSR:
            yield f"{path}: executable; the .mk file sets the mode"
        for place, line in lines(path):
            if line != line.rstrip():
                yield f"{place}: trailing space"


def makefile(path):
    """checkpackagelib/lib_mk.py: header, indentation, names."""
    all_lines = lines(path)
    bar = "#" * 80
    header = [bar, "#", f"# {path.stem}", "#", bar, ""]
    if [line for _, line in all_lines[:6]] != header:
        yield f"{path}: the header is {header}"
    defining = continued = False
    assigned = set()
    for place, line in all_lines:
        if re.match(r"define ", line):
            defining = True
        elif line == "endef":
            defining = False
        elif defining or continued:
            if not line.startswith(TAB):
                yield f"{place}: expected a tab"
        elif line.startswith((TAB, " ")):
            yield f"{place}: unexpected indentation"
        continued = bool(re.match(r"[^#].*\\$", line))
        if re.search(r"(  |\t ?)\\$", line):
            yield f"{place}: one space before a backslash"
        if re.search(r"[^$]\$\{\w+\}", line) and not line.startswith("#"):
            yield f"{place}: $() and not ${{}}"
        name = re.match(r"(?:define )?([A-Z0-9_]+_[A-Z0-9_]+)\s*(\+?:?=|$)", line)
        if name and not defining or name and line.startswith("define"):
            variable, how = name.groups()
            if not variable.startswith(f"{path.stem.upper()}_") and variable != "BR_NO_CHECK_HASH_FOR":
                yield f"{place}: a variable of another package"
            if variable in assigned and how in ("=", ":="):
                yield f"{place}: set twice"
            assigned.add(variable)
    for needed in ["VERSION", "SITE", "LICENSE", "LICENSE_FILES", "INSTALL_INIT_SYSV", "INSTALL_INIT_SYSTEMD"]:
        if f"{path.stem.upper()}_{needed}" not in assigned:
            yield f"{path}: no {needed}"
    # pkg-cargo.mk sets these itself.
    for given in ["DOWNLOAD_POST_PROCESS", "BUILD_CMDS", "DEPENDENCIES"]:
        if f"{path.stem.upper()}_{given}" in assigned:
            yield f"{path}: {given} is that of cargo-package"
    if path.read_text().rstrip().split("\n")[-1] != "$(eval $(cargo-package))":
        yield f"{path}: does not end with cargo-package"


def menu(path):
    """checkpackagelib/lib_config.py: order, indentation, width of a help text."""
    order = {"bool": 1, "string": 1, "prompt": 1, "default": 2, "depends": 3, "select": 4, "help": 5}
    last, in_help = 0, False
    for place, line in lines(path):
        if not line or line.startswith("#"):
            continue
        word = line.split()[0]
        if not line.startswith(TAB):
            last, in_help = 0, False
            if word not in ("config", "if", "endif", "comment", "source", "menu", "endmenu"):
                yield f"{place}: what is this?"
        elif in_help:
            if not re.match(r"\t  \S.{,61}$", line):
                yield f"{place}: help is a tab, two spaces, at most 62 characters"
        elif word not in order or not line.startswith(TAB + word):
            yield f"{place}: one tab, and one of {sorted(order)}"
        else:
            if order[word] < last:
                yield f"{place}: type, default, depends on, select, help"
            last, in_help = order[word], word == "help"
    names = re.findall(r"^config (\S+)", path.read_text(), re.M)
    for name in names:
        if not name.startswith("BR2_PACKAGE_TWINBEAT"):
            yield f"{path}: {name}"
    if "depends on BR2_PACKAGE_HOST_RUSTC_TARGET_ARCH_SUPPORTS" not in path.read_text():
        yield f"{path}: adding-packages-cargo wants the architectures of rustc"


def script(path):
    """checkpackagelib/lib_sysv.py, and adding-packages-directory: what a start script has."""
    text = path.read_text()
    daemon = re.findall(r'^DAEMON="(\w+)"$', text, re.M)
    if daemon != [re.sub(r"^S\d\d", "", path.name)]:
        yield f"{path}: DAEMON is {daemon}"
    if not re.match(r"S(4[1-9]|[5-9]\d)", path.name):
        yield f"{path}: starts before the network, which is S40"
    for place, line in lines(path):
        if re.match(r"\t* ", line):
            yield f"{place}: indented with tabs"
    for function in ["start", "stop", "restart", "reload"]:
        if f"\n{function}() {{\n" not in text:
            yield f"{path}: no {function}"
    if "/etc/default/$DAEMON" not in text or "Usage: $0 {start|stop|restart|reload}" not in text:
        yield f"{path}: /etc/default and the usage"


def hashes(path):
    """adding-packages-directory: type, hash and name, separated by two spaces."""
    for place, line in lines(path):
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r"sha256  ([0-9a-f]{64})  (\S+)", line)
        if not match:
            yield f"{place}: three fields"
        elif hashlib.sha256((ROOT / match[2]).read_bytes()).hexdigest() != match[1]:
            yield f"{place}: {match[2]} is another file by now"


def tree():
    """customize-outside-br: the three files of a br2-external tree."""
    description = dict(line.split(": ", 1) for line in (TREE / "external.desc").read_text().splitlines())
    name = description.get("name", "")
    if not re.fullmatch(r"[A-Za-z0-9_]+", name) or len(description.get("desc", "")) > 50:
        yield f"external.desc: {description}"
    path = f"BR2_EXTERNAL_{name}_PATH"
    if (TREE / "Config.in").read_text() != f'source "${path}/package/twinbeat/Config.in"\n':
        yield "Config.in sources the package"
    if (TREE / "external.mk").read_text() != f"include $(sort $(wildcard $({path})/package/*/*.mk))\n":
        yield "external.mk includes the package"
    for match in re.findall(r"BR2_EXTERNAL_\w+", (PACKAGE / "twinbeat.mk").read_text()):
        if match != path:
            yield f"twinbeat.mk: {match}"


def parsed():
    """Config.in, as menuconfig reads it."""
    import kconfiglib

    stubs = ["BR2_USE_MMU", "BR2_PACKAGE_HOST_RUSTC_TARGET_ARCH_SUPPORTS", "BR2_PACKAGE_HOST_RUSTC"]
    os.environ["BR2_EXTERNAL_TWINBEAT_PATH"] = str(TREE)
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory, "Config.in")
        top.write_text("".join(f"config {name}\n\tbool \"{name}\"\n" for name in stubs))
        with top.open("a") as file:
            file.write(f'source "{TREE}/Config.in"\n')
        tree = kconfiglib.Kconfig(str(top), warn_to_stderr=False)
        yield from tree.warnings
        package = tree.syms["BR2_PACKAGE_TWINBEAT"]
        package.set_value(2)
        needed = stubs[:2]
        for missing in needed + [None]:
            for name in needed:
                tree.syms[name].set_value(0 if name == missing else 2)
            if missing and package.str_value == "y":
                yield f"can be chosen without {missing}"
        if package.str_value != "y" or tree.syms["BR2_PACKAGE_HOST_RUSTC"].str_value != "y":
            yield "does not bring the compiler with it"
        if tree.syms["BR2_PACKAGE_TWINBEAT_CONFIG"].visibility != 2:
            yield "does not ask for the configuration"


def main():
    files = [path for path in TREE.rglob("*") if path.is_file() and path.name != "README.md"]
    verdict("Buildroot: a br2-external tree", tree())
    verdict("Buildroot: every file's text", text_rules(files))
    verdict("Buildroot: twinbeat.mk", makefile(PACKAGE / "twinbeat.mk"))
    verdict("Buildroot: Config.in", menu(PACKAGE / "Config.in"))
    verdict("Buildroot: S60twinbeat", script(PACKAGE / "S60twinbeat"))
    verdict("Buildroot: twinbeat.hash", hashes(PACKAGE / "twinbeat.hash"))
    try:
        verdict("Buildroot: Config.in parsed, with and without what it depends on", parsed())
    except ImportError:
        print("SKIPPED recipes: no kconfiglib, so Config.in is not parsed")
    return close()


sys.exit(main())
