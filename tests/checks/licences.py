#!/usr/bin/env python3
"""Licences of every crate in Cargo.lock against the allow list in docs/dependencies.md.

    cargo metadata --locked --format-version 1 | tests/checks/licences.py [--allow PAGE]

Exit code 1 names each crate whose SPDX expression no combination of allowed licences satisfies.
"""

import argparse
import json
import pathlib
import re
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "dependencies.md"
BEGIN = "<!-- licences: begin -->"
END = "<!-- licences: end -->"


class Unreadable(Exception):
    """An expression that is not SPDX, or a page without its list."""


def allowed_of(page: str) -> list[str]:
    """The allow list: lines of the form ``- `SPDX-ID` ...`` between the page's two markers."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise Unreadable(f"the page needs one {BEGIN} and one {END}")
    inside = page.split(BEGIN)[1].split(END)[0]
    found = re.findall(r"^- `([^`]+)`", inside, re.MULTILINE)
    if not found:
        raise Unreadable("the allow list is empty")
    return found


def tokens_of(expression: str) -> list[str]:
    # Before SPDX expressions crates wrote "MIT/Apache-2.0" and meant OR.
    spaced = expression.replace("/", " OR ")
    found = re.findall(r"[()]|[A-Za-z0-9.+-]+", spaced)
    if "".join(found) != re.sub(r"\s", "", spaced):
        raise Unreadable(f"not an SPDX expression: {expression!r}")
    return found


def satisfied(expression: str, allowed: list[str]) -> bool:
    """Whether the allowed licences satisfy an SPDX expression: WITH binds tightest, then AND, then OR."""
    tokens = tokens_of(expression)
    good, rest = _any(tokens, allowed)
    if rest:
        raise Unreadable(f"not an SPDX expression: {expression!r}")
    return good


def _any(tokens: list[str], allowed: list[str]) -> tuple[bool, list[str]]:
    good, rest = _all(tokens, allowed)
    while rest[:1] == ["OR"]:
        other, rest = _all(rest[1:], allowed)
        good = good or other
    return good, rest


def _all(tokens: list[str], allowed: list[str]) -> tuple[bool, list[str]]:
    good, rest = _one(tokens, allowed)
    while rest[:1] == ["AND"]:
        other, rest = _one(rest[1:], allowed)
        good = good and other
    return good, rest


def _one(tokens: list[str], allowed: list[str]) -> tuple[bool, list[str]]:
    if tokens[:1] == ["("]:
        good, rest = _any(tokens[1:], allowed)
        if rest[:1] != [")"]:
            raise Unreadable("a bracket is not closed")
        return good, rest[1:]
    if not tokens or tokens[0] in (")", "AND", "OR", "WITH"):
        raise Unreadable("a licence is missing")
    name, rest = tokens[0], tokens[1:]
    if rest[:1] == ["WITH"]:
        # An exception only adds permissions, so the licence alone is enough.
        if len(rest) < 2 or rest[1] in ("(", ")", "AND", "OR", "WITH"):
            raise Unreadable("an exception is missing")
        return name in allowed or f"{name} WITH {rest[1]}" in allowed, rest[2:]
    return name in allowed, rest


def broken(metadata: dict, allowed: list[str]) -> list[str]:
    """One line for each crate that may not be here."""
    lines = []
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        expression = package.get("license")
        if not expression:
            lines.append(f"{name}: names no SPDX licence")
            continue
        try:
            if not satisfied(expression, allowed):
                lines.append(f"{name}: {expression} is not on the allow list")
        except Unreadable as error:
            lines.append(f"{name}: {error}")
    return sorted(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="licences of all crates against the allow list")
    parser.add_argument("--allow", type=pathlib.Path, default=PAGE, help="page with the allow list")
    arguments = parser.parse_args()
    try:
        allowed = allowed_of(arguments.allow.read_text(encoding="utf-8"))
        metadata = json.load(sys.stdin)
    except (OSError, ValueError, Unreadable) as error:
        print(f"licences: {error}", file=sys.stderr)
        return 1
    lines = broken(metadata, allowed)
    count = len(metadata["packages"])
    if not count:
        lines = ["the metadata names no crate"]
    for line in lines:
        print(line, file=sys.stderr)
    print(f"licences: {count} crates, {len(lines)} broken")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
