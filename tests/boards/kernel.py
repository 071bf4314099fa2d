"""Kernel, modules and busybox of a board, kept in a cache: Debian's packages by the ordinary client,
without root and without adding an architecture to this machine; big-endian MIPS is compiled. Where
TWINBEAT_KERNEL_MIPS (or _AARCH64 ...) names a folder with kernel, busybox and *.ko, they are taken from there.

The cache is $TWINBEAT_CACHE, or ${XDG_CACHE_HOME:-~/.cache}/twinbeat; a folder in it is whole or not there."""
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Raised when mips/build or what is kept changes so that an old cache will not do.
RECIPE = "1"


def provide(hardware):
    """The folder with kernel, busybox, modules (*.ko) and their order (modules)."""
    cache = os.environ.get("TWINBEAT_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "twinbeat")
    place = os.path.join(os.path.abspath(cache), "boards", hardware.target)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        recipe = recipe_of(hardware)
        if os.path.exists(place) and read(place, "recipe") != recipe:
            say(f"{place} is of another recipe: made again")
            shutil.rmtree(place)
        if not os.path.exists(place):
            make(hardware, place, recipe)
        if read(place, "sums") != sums(place):
            raise SystemExit(f"boards: broken cache: {place}; remove the folder and run this again")
    return place


def make(hardware, place, recipe):
    """Whole in one step: what was interrupted is not there."""
    new = tempfile.mkdtemp(prefix=os.path.basename(place) + ".new.", dir=os.path.dirname(place))
    try:
        ready = os.environ.get(variable(hardware))
        if ready:
            say(f"{hardware.target}: kernel, busybox and modules from {ready}")
            collect(hardware, new, ready, ready + "/kernel", ready + "/busybox")
        else:
            (fetch if hardware.deb else compile_mips)(hardware, new)
        for name, text in (("recipe", recipe), ("sums", sums(new))):
            with open(os.path.join(new, name), "w") as file:
                file.write(text)
        os.rename(new, place)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def variable(hardware):
    return "TWINBEAT_KERNEL_" + hardware.target.upper()


def fetch(hardware, new):
    """The newest kernel of the suite and its busybox, by an apt with a state of its own."""
    say(f"fetching {hardware.image} and busybox-static for {hardware.deb} from Debian (25 to 80 MB) into {new}")
    with tempfile.TemporaryDirectory(prefix="twinbeat-apt") as work:
        for folder in ("lists/partial", "archives/partial", "debs"):
            os.makedirs(os.path.join(work, folder))
        with open(work + "/sources.list", "w") as file:
            file.write(f"deb [arch={hardware.deb} signed-by={KEYRING}] {archive()} {SUITE} main\n")
        open(work + "/status", "w").close()
        settings = {"APT::Architecture": hardware.deb, "APT::Architectures": hardware.deb, "Dir::State": work,
                    "Dir::State::lists": work + "/lists", "Dir::State::status": work + "/status", "Dir::Cache": work,
                    "Dir::Etc::sourcelist": work + "/sources.list", "Dir::Etc::sourceparts": "/dev/null",
                    "Dir::Etc::preferencesparts": "/dev/null", "APT::Sandbox::User": "", "Acquire::Languages": "none"}
        options = ["-qq"] + [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        run(["apt-get", *options, "update"])
        depends = run(["apt-cache", *options, "depends", hardware.image])
        image = re.search(r"Depends: (linux-image-\S+)", depends).group(1).split(":")[0]
        run(["apt-get", *options, "download", image, "busybox-static"], cwd=work + "/debs")
        for deb in glob.glob(work + "/debs/*.deb"):
            run(["dpkg-deb", "-x", deb, work + "/root"])
        collect(hardware, new, work + "/root", glob.glob(work + "/root/boot/vmlinu*")[0], work + "/root/bin/busybox")


def compile_mips(hardware, new):
    """Where a compilation was interrupted it goes on: the folder is kept until it is whole."""
    work = os.path.join(os.path.dirname(new), hardware.target + ".work")
    say(f"compiling Linux and busybox for {hardware.target} in {work}: 2 GB, ten minutes on two idle cores, once")
    subprocess.run([HERE + "/mips/build", work], check=True, stdout=sys.stderr)
    collect(hardware, new, work, work + "/kernel", work + "/busybox")
    shutil.rmtree(work)


def collect(hardware, new, tree, kernel, busybox):
    """Modules come with what they depend on, in the order in which they must be loaded."""
    for path, name in ((kernel, "kernel"), (busybox, "busybox")):
        if not os.path.exists(path):
            raise SystemExit(f"boards: no {path}: see {variable(hardware)} in tests/boards/README.md")
        shutil.copy(path, f"{new}/{name}")
    there = {os.path.basename(path)[:-3].replace("-", "_"): path
             for path in glob.glob(tree + "/**/*.ko", recursive=True)}
    order = []

    def add(module):
        # What is built into the kernel is no file.
        if module in order or module not in there:
            return
        for other in depends(there[module]):
            add(other)
        order.append(module)
        shutil.copy(there[module], f"{new}/{module}.ko")

    for module in hardware.modules:
        add(module)
    with open(new + "/modules", "w") as file:
        file.write("".join(module + "\n" for module in order))


def depends(module):
    """Debian's packages have no modules.dep; each module says it itself."""
    with open(module, "rb") as file:
        found = re.search(rb"\0?depends=([^\0]*)\0", file.read())
    return [name.replace("-", "_") for name in found.group(1).decode().split(",") if name] if found else []


def archive():
    """The archive this machine already uses for the suite."""
    for line in run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)"]).splitlines():
        release, uri = line.split()
        if release == SUITE:
            return uri
    raise SystemExit(f"boards: apt knows no archive of Debian 12 ({SUITE}): add one to its sources")


def recipe_of(hardware):
    """Changes with everything that decides what is kept."""
    text = f"{RECIPE} {hardware.image} {' '.join(hardware.modules)}"
    if not hardware.deb:
        with open(os.path.join(HERE, "mips/kernel.config"), "rb") as file:
            text += " " + hashlib.sha256(file.read()).hexdigest()
    return text


def sums(place):
    """Of every file but itself and the recipe."""
    lines = []
    for name in sorted(os.listdir(place)):
        if name not in ("sums", "recipe"):
            with open(os.path.join(place, name), "rb") as file:
                lines.append(f"{hashlib.sha256(file.read()).hexdigest()}  {name}\n")
    return "".join(lines)


def read(place, name):
    """Its text, or None."""
    try:
        with open(os.path.join(place, name)) as file:
            return file.read()
    except OSError:
        return None


def run(command, cwd=None):
    """What it prints; what it complains about is shown when it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"boards: {command[0]} failed: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def say(text):
    print("boards:", text, file=sys.stderr, flush=True)
