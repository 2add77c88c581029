#!/usr/bin/env python3
"""Licences of every jar of the Kotlin side against the allow lists in docs/dependencies.md.

    tests/checks/jar_licences.py FOLDER [--allow PAGE]

FOLDER is what bindings/kotlin/toolchain/prepare or android/verify/toolchain.py prints: one folder a class path, each a Maven
repository, of jars and AARs. Those of `compiler`, `ktlint` and `tools` only run here and go with nothing, so for them the page's second list counts too. A pom that names several
licences lets the user choose one (Maven's manual says so); one that names none has its parent's.
"""

import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

import licences

TOOLS = ("compiler", "ktlint", "tools")
# Contents of AARs that are counted as a whole.
UNPACKED = ("aars",)
TOOLS_BEGIN = "<!-- tool licences: begin -->"
TOOLS_END = "<!-- tool licences: end -->"

# Poms written before SPDX names name a licence in words. Only what has been met stands here; anything else breaks the check.
WORDS = {
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "The Apache License, Version 2.0": "Apache-2.0",
    "The Apache Software License, Version 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "The MIT License": "MIT",
    # Its text is MIT's, with another name at its head.
    "Bouncy Castle Licence": "MIT",
    "CDDL + GPLv2 with classpath exception": "CDDL-1.0 OR GPL-2.0-only WITH Classpath-exception-2.0",
    "Eclipse Public License - v 1.0": "EPL-1.0",
    "Eclipse Public License 1.0": "EPL-1.0",
    "New BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License": "LGPL-2.1-only",
}


def tools_allowed_of(page: str) -> list[str]:
    """The page's list of licences that only tools may have, besides the common ones."""
    if page.count(TOOLS_BEGIN) != 1 or page.count(TOOLS_END) != 1:
        raise licences.Unreadable(f"the page needs one {TOOLS_BEGIN} and one {TOOLS_END}")
    inside = page.split(TOOLS_BEGIN)[1].split(TOOLS_END)[0]
    return re.findall(r"^- `([^`]+)`", inside, re.MULTILINE)


def text_of(element: xml.Element, path: str) -> str:
    return (element.findtext(path, default="") or "").strip()


def pom_of(repository: pathlib.Path, group: str, artifact: str, version: str) -> pathlib.Path:
    return repository / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.pom"


def expression_of(repository: pathlib.Path, pom: pathlib.Path) -> str:
    """The SPDX expression of a pom, asked of its parents if it names none; empty if nobody does."""
    try:
        root = xml.parse(pom).getroot()
    except (OSError, xml.ParseError) as error:
        raise licences.Unreadable(f"{pom.name} cannot be read") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    # Some poms have an entry beside the licence that says nothing but where the jar is distributed.
    entries = [found for found in root.findall("licenses/license") if found.find("name") is not None or found.find("url") is not None]
    names = [text_of(found, "name") for found in entries]
    if names:
        return " OR ".join(dict.fromkeys(WORDS.get(name, name) for name in names))
    parent = root.find("parent")
    if parent is None:
        return ""
    coordinates = (text_of(parent, part) for part in ("groupId", "artifactId", "version"))
    return expression_of(repository, pom_of(repository, *coordinates))


def broken(folder: pathlib.Path, allowed: list[str], tools_allowed: list[str]) -> tuple[int, list[str]]:
    """How many jars there are, and one line for each that may not be here."""
    count, lines = 0, []
    for jar in sorted(it for it in folder.rglob("*.?ar") if it.suffix in (".jar", ".aar")):
        kind = jar.relative_to(folder).parts[0]
        if kind in UNPACKED:
            continue
        count += 1
        name = f"{kind}: {jar.name}"
        try:
            expression = expression_of(folder / kind, jar.with_suffix(".pom"))
            if not expression:
                lines.append(f"{name}: names no licence")
            elif not licences.satisfied(expression, allowed + (tools_allowed if kind in TOOLS else [])):
                lines.append(f"{name}: {expression} is not on the allow list")
        except licences.Unreadable as error:
            lines.append(f"{name}: {error}")
    return count, lines


def main() -> int:
    parser = argparse.ArgumentParser(description="licences of all jars against the allow lists")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--allow", type=pathlib.Path, default=licences.PAGE, help="page with the allow lists")
    arguments = parser.parse_args()
    try:
        page = arguments.allow.read_text(encoding="utf-8")
        count, lines = broken(arguments.folder, licences.allowed_of(page), tools_allowed_of(page))
    except (OSError, licences.Unreadable) as error:
        print(f"licences: {error}", file=sys.stderr)
        return 1
    if not count:
        lines = [f"no jar in {arguments.folder}"]
    for line in lines:
        print(line, file=sys.stderr)
    print(f"licences: {count} jars, {len(lines)} broken")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
