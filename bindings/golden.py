#!/usr/bin/env python3
"""The public surface of each generated language against bindings/api.golden/, so that a review sees what changes for a shell.

    bindings/golden.py [--update] [python kotlin swift]

Reads what bindings/generate wrote. Only names, members and types count; bodies, converters and words do not.
"""

import argparse
import ast
import difflib
import os
import pathlib
import re
import sys
from collections.abc import Callable, Iterator

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "api.golden"
# What UniFFI needs for itself.
NOISE = re.compile(r"Uniffi|uniffi|FfiConverter|RustBuffer|NoHandle|Disposable")


def python(text: str) -> Iterator[str]:
    tree = ast.parse(text)
    public: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            public = ast.literal_eval(node.value)
    # A class may be defined twice (an error and its variants): the last one is what callers see.
    found = {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))}
    for name in sorted(public):
        if not name.endswith(("Protocol", "Impl")):
            yield from _python_node(found[name], 0)
    # Sorted: the generator promises no order for them.
    aliases = (ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign))
    yield from sorted(alias for alias in aliases if re.match(r"[A-Z]\w+ = [a-z]\w*$", alias))


def _python_node(node: ast.stmt, depth: int) -> Iterator[str]:
    indent = "    " * depth
    match node:
        case ast.ClassDef(name=name, bases=bases, body=body):
            yield f"{indent}class {name}({', '.join(ast.unparse(base) for base in bases)})"
            for inner in body:
                yield from _python_node(inner, depth + 1)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            if name == "__init__" or not name.startswith(("_", "is_")):
                kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
                returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
                if (given := ast.unparse(node.args)) != "self, *args, **kwargs":
                    yield f"{indent}{kind} {name}({given}){returns}"
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if not name.startswith("_") and depth:
            yield f"{indent}{name} = {ast.unparse(value)}"


def _uncommented(text: str) -> list[str]:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return [line.rstrip() for line in text.splitlines() if not line.lstrip().startswith("//")]


def _blocks(lines: list[str], begins: re.Pattern[str], member: re.Pattern[str]) -> Iterator[str]:
    """Each type at the left edge that begins so, up to the bracket that closes it there, with its members."""
    inside = False
    for line in lines:
        plain = line.replace("`", "").strip()
        if not inside and begins.match(line) and not NOISE.search(line):
            inside = True
            yield plain.rstrip(" {(")
        elif inside and line.startswith("}"):
            inside = False
        elif inside and member.match(plain) and not NOISE.search(plain):
            yield "    " + plain.rstrip(" {(,;")


def _single(lines: list[str], declaration: re.Pattern[str]) -> Iterator[str]:
    """What stands on one line: functions, constructors, other names of a type."""
    for line in lines:
        if declaration.match(line) and not NOISE.search(line):
            yield line.replace("`", "").strip().rstrip(" {")


def kotlin(text: str) -> Iterator[str]:
    lines = _uncommented(text)
    begins = re.compile(r"(public interface|data class|enum class|sealed class) ")
    member = re.compile(r"(suspend fun|fun|val|data class|object|class) |[A-Z][A-Z_]*[,;]?$")
    yield from _blocks(lines, begins, member)
    yield from _single(lines, re.compile(r"public typealias | +fun `.*\{$| *suspend fun `open`"))


def swift(text: str) -> Iterator[str]:
    lines = _uncommented(text)
    begins = re.compile(r"(public )?(protocol|struct|enum) [A-Z]")
    member = re.compile(r"(func|public let|case) |\w+: [A-Z][\w.]*\??[,)]?$")
    yield from _blocks(lines, begins, member)
    yield from _single(lines, re.compile(r"public (typealias|func|static func `open`)"))


LANGUAGES: dict[str, tuple[str, Callable[[str], Iterator[str]]]] = {
    "python": ("python/fieldline_ffi.py", python),
    "kotlin": ("kotlin/dev/fieldline/ffi/fieldline_ffi.kt", kotlin),
    "swift": ("swift/FieldlineFFI.swift", swift),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="the public surface of each language against bindings/api.golden/")
    parser.add_argument("--update", action="store_true", help="write what was found instead of comparing")
    parser.add_argument("languages", nargs="*", choices=[[], *LANGUAGES], help="all if none is named")
    arguments = parser.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
    different = 0
    for language in arguments.languages or LANGUAGES:
        path, surface = LANGUAGES[language]
        lines = list(surface((target / "bindings" / path).read_text(encoding="utf-8")))
        if len(lines) < 100:
            print(f"golden: only {len(lines)} lines of {language}: the generator's form has changed", file=sys.stderr)
            different += 1
            continue
        golden = GOLDEN / f"{language}.txt"
        if arguments.update:
            golden.parent.mkdir(exist_ok=True)
            golden.write_text("\n".join(lines) + "\n", encoding="utf-8")
            continue
        held = golden.read_text(encoding="utf-8").splitlines() if golden.exists() else []
        if held != lines:
            different += 1
            names = (f"api.golden/{language}.txt", "generated")
            print("\n".join(difflib.unified_diff(held, lines, *names, lineterm="")), file=sys.stderr)
    print(f"golden: {len(arguments.languages or LANGUAGES)} surfaces, {different} different")
    if different:
        print("golden: if this is meant, run bindings/golden.py --update and say it in CHANGELOG.md", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
