"""Calls a real platform by its own document, once as each role, and believes nothing that the document does not say.

    python3 tests/openapi/main.py                 everything; ends in "openapi: N passed, N failed"
    python3 tests/openapi/main.py manager         one role
    python3 tests/openapi/main.py --seed 7        other calls (1 unless said otherwise)

One pass is one operation as one role. No 5xx, no status, header, media type or field that the document lacks, no call without a token
that should have one. A control comes first: in a document with a planted fault that fault must be found.
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from world import World, get

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DOCUMENT = ROOT / "docs" / "openapi.json"
ROLES = ["owner", "manager", "employee"]
CHECKS = [
    *["not_a_server_error", "status_code_conformance", "content_type_conformance"],
    *["response_headers_conformance", "response_schema_conformance", "ignored_auth"],
]
# It ends the session of whoever calls, so it is called apart, with sessions of its own.
ENDING = "DELETE /v1/session"
DOOR = "POST /v1/session/preview"
# What no generated call gets through, and why.
NEVER = {
    "GET /v1/live": "a plain call opens no WebSocket",
    **dict.fromkeys(
        [
            *["POST /v1/office/channels/onboarding", "GET /v1/office/channels/onboarding/{id}"],
            *[f"POST /v1/office/channels/onboarding/{{id}}/{word}" for word in ("finish", "resume")],
        ],
        "begins in Meta's own window",
    ),
}
# Seconds for one role; they take about ten.
LIMIT = 120


class Run:
    """One run of the tool as one person."""

    def __init__(self, tool: str, document: pathlib.Path, folder: pathlib.Path, known: dict, seed: int) -> None:
        self.tool, self.document, self.folder, self.known, self.seed = tool, document, folder, known, seed
        self.counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)

    def calls(self, name: str, token: str, examples: int, *options: str) -> dict:
        """Makes the calls and gives the tool's own report."""
        known, counts, report = (self.folder / f"{name}.{kind}.json" for kind in ("known", "counts", "report"))
        known.write_text(json.dumps(self.known), encoding="utf-8")
        command = [
            *[self.tool, "-m", "schemathesis.cli", "run", str(self.document), "--url", self.known["url"]],
            *["-H", f"Authorization: Bearer {token}", "-H", "Fieldline-Client: test/1.0.0"],
            *["--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing", "--max-examples", str(examples)],
            *["--seed", str(self.seed), "--generation-database", "none", "--generation-with-security-parameters", "false"],
            *["--continue-on-failure", "--no-color", "--warnings", "off", "--request-timeout", "20"],
            *["--suppress-health-check", "all", "--report", "json", "--report-json-path", str(report), *options],
        ]
        env = {
            **os.environ,
            "PYTHONPATH": str(HERE),
            "SCHEMATHESIS_HOOKS": "hooks",
            "FIELDLINE_OPENAPI_KNOWN": str(known),
            "FIELDLINE_OPENAPI_COUNTS": str(counts),
        }
        done = subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True, check=False, timeout=LIMIT)
        if not report.exists():
            raise RuntimeError(f"the tool made no report: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        made = json.loads(report.read_text(encoding="utf-8"))
        made["said"] = done.stdout
        for operation, numbers in json.loads(counts.read_text(encoding="utf-8")).items():
            self.counts[operation].update(numbers)
        return made


def operations(document: dict) -> dict[str, dict]:
    methods = ("get", "post", "put", "patch", "delete", "head")
    return {f"{m.upper()} {path}": item[m] for path, item in document["paths"].items() for m in methods if m in item}


def kinds(document: dict) -> list[str]:
    """Every kind of command."""
    return [form["properties"]["kind"]["const"] for form in document["components"]["schemas"]["Command"]["oneOf"]]


def faults(report: dict) -> dict[str, list[str]]:
    """What was found, by operation."""
    found = collections.defaultdict(list)
    for failure in report["failures"]:
        for operation in failure["operations"]:
            label = operation if isinstance(operation, str) else operation.get("label") or operation.get("name")
            found[label].append(failure["title"])
    if report["operations"]["errored"] or not report["complete"]:
        found["the run itself"].append(f"errors: {report['operations']}")
    return found


def never_done(names: list[str], counts: dict[str, collections.Counter]) -> list[str]:
    """Operations that never did what they are for: calls that are all refused promise little."""
    done = {name for name, numbers in counts.items() if any(what.startswith(("2", "done")) for what in numbers)}
    return [name for name in names if name not in NEVER and name not in done]


def control(run: Run, document: dict) -> bool:
    """Whether a planted fault is found: the scope's cursor is a number, and a good start is not foreseen."""
    planted = json.loads(json.dumps(document))
    planted["components"]["schemas"]["Scope"]["properties"]["cursor"] = {"type": "integer"}
    del planted["paths"]["/v1/bootstrap"]["get"]["responses"]["200"]
    run.document = run.folder / "planted.json"
    run.document.write_text(json.dumps(planted), encoding="utf-8")
    only = ["--include-name", "GET /v1/scope", "--include-name", "GET /v1/bootstrap"]
    found = faults(run.calls("control", run.known["access_token"], 2, *only))
    return set(found) == {"GET /v1/scope", "GET /v1/bootstrap"}


class Result:
    """What all runs came to."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []
        self.counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)

    def say(self, passed: bool, what: str) -> None:
        self.passed += passed
        self.failed += [] if passed else [what]


def play(role: str, run: Run, names: list[str], examples: int, result: Result) -> None:
    """All calls as one role, into a world of its own: an owner may turn one upside down."""
    known = run.known
    # While nobody has guessed a link code yet: after that even the right one has to wait.
    reports = [run.calls(f"{role}.door", known["access_token"], 1, "--include-name", DOOR, "--mode", "positive")]
    reports += [run.calls(role, known["access_token"], examples, "--exclude-name", ENDING)]
    reports += [
        run.calls(f"{role}.{index}", token, 2, "--include-name", ENDING, "--exclude-checks", "ignored_auth")
        for index, token in enumerate(known["ends"])
    ]
    found = collections.defaultdict(list)
    for report in reports:
        for name, titles in faults(report).items():
            found[name] += titles
            print(report["said"])
    try:
        get(f"{known['url']}/v1/scope", known["access_token"])
    except OSError:
        found["the session"].append("it ended on the way, so what came after promises nothing")
    calls = sum(sum(run.counts[name].values()) for name in names)
    print(f"{role}: {len(names)} operations, {calls} calls, {len(found)} with faults", flush=True)
    result.passed += len([name for name in names if name not in found])
    result.failed += [f"{role}: {name}: {'; '.join(titles)}" for name, titles in found.items()]
    for name, numbers in run.counts.items():
        result.counts[name].update(numbers)


def logged(log: pathlib.Path) -> list[str]:
    """Faults that the platform itself logged."""
    lines = log.read_text(encoding="utf-8").splitlines()
    # What Meta answers is logged too; the simulator is told to fail at times.
    failed = [line for line in lines if " request id=" in line and " status=5" in line and "code=meta_unavailable" not in line]
    return [line for line in lines if "panicked" in line] + failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", nargs="*", choices=[[], *ROLES], default=[], help="owner, manager, employee")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=15, help="generated calls of an operation beside the systematic ones")
    asked = parser.parse_args()
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    names = sorted(operations(document))
    prepared = subprocess.run([str(HERE / "prepare")], stdout=subprocess.PIPE, text=True, check=False)
    if prepared.returncode:
        return prepared.returncode
    tool = str(pathlib.Path(prepared.stdout.strip()) / "bin" / "python")
    binaries = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
    result = Result()
    for role in asked.role or ROLES:
        with tempfile.TemporaryDirectory() as held:
            folder = pathlib.Path(held)
            world = World(binaries, folder)
            try:
                known = world.known(role)
                if role == (asked.role or ROLES)[0]:
                    found = control(Run(tool, DOCUMENT, folder, known, asked.seed), document)
                    result.say(found, "control: a planted fault was not found")
                play(role, Run(tool, DOCUMENT, folder, known, asked.seed), names, asked.examples, result)
                result.say(world.serve.alive(), f"{role}: the platform fell over")
            finally:
                code = world.end()
            result.say(code == 0, f"{role}: the platform ended with code {code}")
            result.failed += [f"{role}: {line}" for line in logged(folder / "serve.log")[:10]]
    if not asked.role:
        # Every operation and every kind of command must have been carried out at least once.
        idle = never_done([*names, *(f"command {kind}" for kind in kinds(document))], result.counts)
        result.say(not idle, "")
        result.failed += [f"{name} was never done: {dict(result.counts[name])}" for name in idle]
    for name in sorted(set(result.counts) & {*names, *(f"command {kind}" for kind in kinds(document))}):
        print(f"  {name}: {dict(sorted(result.counts[name].items()))}")
    failed = [line for line in result.failed if line]
    for line in failed:
        print(f"FAILED {line}")
    print(f"openapi: {result.passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
