"""Brings everything the verifying build needs into the cache: jars, unpacked AARs, their compiled resources.

    python3 android/verify/toolchain.py            prints the folder
    python3 android/verify/toolchain.py --update   after a change of versions: fetches, and writes locked.sha256 anew

The cache is ${FIELDLINE_CACHE:-${XDG_CACHE_HOME:-~/.cache}/fieldline}/<hash>, where <hash> is that of the version lists, the lock
and this file. It is built aside and renamed when complete. A file that is missing or differs makes it again.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CATALOG = HERE.parent / "gradle" / "libs.versions.toml"
TOOLS = HERE / "tools.toml"
RESOLVER = HERE / "coursier.xml"
LOCK = HERE / "locked.sha256"
# What goes with the app, and what only builds and tests it: two allow lists of licences.
SHIPPED, TOOLS_ONLY = KINDS = ("app", "tools")
JAVA = ["java", "-Xmx1g", "-XX:+UseSerialGC"]


class ToolchainError(Exception):
    """Something is missing or not as locked; the text says what."""


def say(text):
    print(f"android toolchain: {text}", file=sys.stderr, flush=True)


def catalog():
    """The catalog's bundles as lists of group:artifact:version."""
    read = tomllib.loads(CATALOG.read_text())
    versions, libraries = read["versions"], read["libraries"]
    full = {name: f"{it['module']}:{versions[it['version']['ref']]}" for name, it in libraries.items()}
    return {name: [full[it] for it in members] for name, members in read["bundles"].items()}, versions


def sets():
    """Class paths to be resolved, by name, and the single files."""
    bundles, versions = catalog()
    tools = tomllib.loads(TOOLS.read_text())
    app = bundles["sdk"] + bundles["sdk-native"] + bundles["ui"] + bundles["app"]
    trees = {"sdk": bundles["sdk"] + bundles["sdk-native"], "app": app}
    trees["test"] = app + bundles["test"] + bundles["test-manifest"]
    single = {name: it.format(**versions) for name, it in tools["single"].items()}
    return trees, single, tools["resolution"]


def cache_folder():
    home = os.environ.get("FIELDLINE_CACHE")
    if not home:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fieldline"
    digest = hashlib.sha256()
    for source in (CATALOG, TOOLS, RESOLVER, LOCK, Path(__file__)):
        digest.update(source.read_bytes() if source.exists() else b"")
    return Path(home) / digest.hexdigest()[:16]


def run(command, **more):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise ToolchainError(f"{Path(command[0]).name} failed:\n{tail}")
    return done.stdout


class Resolver:
    """Coursier, in a folder of its own that goes with `aside`."""

    def __init__(self, aside):
        for tool, package in (("mvn", "maven"), ("java", "openjdk-17-jdk-headless")):
            if not shutil.which(tool):
                raise ToolchainError(f"{tool} is missing: install {package}")
        self.home = aside / "coursier"
        self.store = aside / "store"
        run(
            ["mvn", "--quiet", "--batch-mode", "--strict-checksums", "-f", str(RESOLVER)]
            + ["dependency:copy-dependencies", f"-DoutputDirectory={self.home}"]
        )

    def fetch(self, coordinates, *options):
        command = JAVA + ["-cp", f"{self.home}/*", "coursier.cli.Coursier", "fetch", "--quiet", "--no-default"]
        command += ["-r", "central", "-A", "aar,jar,bundle", *options, *coordinates]
        return [Path(line) for line in run(command, env=dict(os.environ, COURSIER_CACHE=str(self.store))).split()]


def coordinates_of(file):
    """(group, artifact, version) from a path in Maven's layout below `maven2`."""
    parts = file.parts[file.parts.index("maven2") + 1 :]
    return ".".join(parts[:-3]), parts[-3], parts[-2]


def without_twins(files):
    """A module that is there as an AAR is not taken as a jar too: that jar is metadata."""
    archives = {coordinates_of(it) for it in files if it.suffix == ".aar"}
    return [it for it in files if it.suffix == ".aar" or coordinates_of(it) not in archives]


def keep(file, into, kind):
    """Copies one fetched file into the Maven repository `kind` below `into`, and returns its path from `into`."""
    path = Path(kind, *file.parts[file.parts.index("maven2") + 1 :])
    target = into / path
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return path


def is_shipped(file, into):
    return (into / SHIPPED).joinpath(*file.parts[file.parts.index("maven2") + 1 :]).exists()


def fetch(into, aside):
    """Fills `into` with a Maven repository of each of KINDS, and says in paths.json which class path is what."""
    trees, single, rules = sets()
    resolver = Resolver(aside)
    options = [option for it in rules["exclude"] for option in ("--exclude", it)]
    options += [option for it in rules["force"] for option in ("--force-version", it)]
    paths = {}
    for name, members in trees.items():
        say(f"resolving {name}")
        found = without_twins(resolver.fetch(members, *options))
        paths[name] = [str(keep(it, into, SHIPPED if name != "test" or is_shipped(it, into) else TOOLS_ONLY)) for it in found]
    for name, member in single.items():
        say(f"fetching {name}")
        (found,) = resolver.fetch([member], "--intransitive")
        paths[name] = [str(keep(found, into, TOOLS_ONLY))]
    for pom in resolver.store.rglob("*.pom"):
        # tests/checks/jar_licences.py asks them; parents are among them.
        for kind in KINDS:
            keep(pom, into, kind)
    (into / "paths.json").write_text(json.dumps(paths, indent=1, sort_keys=True) + "\n")


def unpacked_of(folder, archive):
    """Where an AAR, by its path in the cache, is unpacked."""
    return folder / "aars" / "/".join(archive.parts[1:-1])


def unpack(folder):
    """Each AAR becomes a folder in aars/, with its resources compiled."""
    if not shutil.which("aapt2"):
        raise ToolchainError("aapt2 is missing: install aapt")
    for archive in sorted(folder.rglob("*.aar")):
        target = unpacked_of(folder, archive.relative_to(folder))
        target.mkdir(parents=True)
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(target)
        if any((target / "res").rglob("*.*")):
            run(["aapt2", "compile", "--dir", str(target / "res"), "-o", str(target / "res.zip")])


def sums(folder):
    """The lock's text for what was fetched."""
    lines = []
    for kind in KINDS:
        for file in (folder / kind).rglob("*.*"):
            if file.is_file():
                lines.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}\n")
    return "".join(sorted(lines, key=lambda line: line[66:]))


def whole(folder):
    return (folder / "complete").is_file() and sums(folder) == LOCK.read_text()


def prepare(update=False):
    """The cache's folder, made if need be."""
    if not update and not LOCK.exists():
        raise ToolchainError("locked.sha256 is missing: run with --update")
    folder = cache_folder()
    if not update and whole(folder):
        return folder
    if not update and folder.exists():
        say("the cache is damaged and is made again")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as name:
        aside = Path(name)
        made = aside / "made"
        made.mkdir()
        fetch(made, aside)
        if update:
            LOCK.write_text(sums(made))
            say(f"{len(LOCK.read_text().splitlines())} files in locked.sha256")
            folder = cache_folder()
        elif sums(made) != LOCK.read_text():
            differing = set(sums(made).splitlines()) ^ set(LOCK.read_text().splitlines())
            raise ToolchainError("what was fetched differs from locked.sha256:\n" + "\n".join(sorted(differing)[:20]))
        unpack(made)
        (made / "complete").touch()
        if folder.exists():
            folder.rename(aside / "damaged")
        try:
            made.rename(folder)
        except OSError:
            # A neighbour was faster: theirs is as good.
            if not whole(folder):
                raise
    return folder


class Paths:
    """The class paths of a prepared folder."""

    def __init__(self, folder):
        self.folder = folder
        self.lists = json.loads((folder / "paths.json").read_text())

    def unpacked(self, name):
        """Folders of the AARs of that class path."""
        found = [Path(it) for it in self.lists[name] if it.endswith(".aar")]
        return [unpacked_of(self.folder, it) for it in found]

    def jars(self, name):
        """Absolute paths of classes of that class path, in its order."""
        result = []
        for it in map(Path, self.lists[name]):
            if it.suffix == ".jar":
                result.append(self.folder / it)
                continue
            home = unpacked_of(self.folder, it)
            result += [jar for jar in (home / "classes.jar", *sorted((home / "libs").glob("*.jar"))) if jar.exists()]
        return result

    def one(self, name):
        """The single file of that name."""
        return self.folder / self.lists[name][0]

    def package(self, home):
        """Package name of an unpacked AAR."""
        return ElementTree.parse(home / "AndroidManifest.xml").getroot().get("package")


def main():
    try:
        print(prepare(update="--update" in sys.argv[1:]))
    except ToolchainError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
