"""tests/run itself: what it must call a failure, shown with a cargo that only says what a test told it to."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HASH = "0123456789abcdef"


def integration_binaries() -> int:
    return len([*ROOT.glob("*/tests/it/main.rs"), *ROOT.glob("tests/*/tests/it/main.rs")])


def unit_test_crates() -> list[str]:
    crates = []
    for manifest in [*ROOT.glob("*/Cargo.toml"), *ROOT.glob("tests/*/Cargo.toml")]:
        sources = manifest.parent.glob("src/**/*.rs")
        if any("#[test]" in s.read_text(encoding="utf-8") or "#[tokio::test" in s.read_text(encoding="utf-8") for s in sources):
            names = [line for line in manifest.read_text(encoding="utf-8").splitlines() if line.startswith('name = "')]
            crates.append(names[0].split('"')[1].replace("-", "_"))
    return crates


def result(passed: int) -> str:
    return f"test result: ok. {passed} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n"


def cargo_test_log(unit: int = 3, integration: int = 5, missing: int = 0) -> str:
    lines = [f"     Running unittests src/lib.rs (target/debug/deps/{c}-{HASH})\n" + result(unit) for c in unit_test_crates()]
    lines += [f"     Running tests/it/main.rs (target/debug/deps/it-{HASH})\n" + result(integration)] * (
        integration_binaries() - missing
    )
    return "".join(lines) + "   Doc-tests fieldline_core\n" + result(0)


class Run(unittest.TestCase):
    def run_with(self, said: str, code: int, *steps: str, ci: bool = True) -> tuple[int, str]:
        """tests/run with a cargo that prints `said` and ends with `code` (but builds everything at once)."""
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            (place / "said").write_text(said, encoding="utf-8")
            cargo = place / "cargo"
            cargo.write_text(
                f'#!/bin/sh\n[ "$1" = build ] && exit 0\n[ "$1" = deny ] && exit 101\ncat "{place}/said"\nexit {code}\n',
                encoding="utf-8",
            )
            cargo.chmod(0o755)
            world = {k: v for k, v in os.environ.items() if k != "CI"}
            world |= {"PATH": f"{place}:{world['PATH']}", "FIELDLINE_TEST_LOGS": f"{place}/logs"}
            if ci:
                world["CI"] = "true"
            answer = subprocess.run(
                [str(ROOT / "tests" / "run"), *steps],
                cwd=folder,
                env=world,
                capture_output=True,
                text=True,
                check=False,
            )
        return answer.returncode, answer.stdout + answer.stderr

    def test_a_good_run_ends_with_the_runners_own_lines(self) -> None:
        code, said = self.run_with(cargo_test_log(), 0, "rust")
        total = 3 * len(unit_test_crates()) + 5 * integration_binaries()
        self.assertEqual(code, 0, said)
        self.assertEqual(said.splitlines()[-1], f"rust: {total} passed, 0 failed, 0 skipped")
        self.assertIn(result(5).strip(), said)

    def test_no_test_at_all_fails(self) -> None:
        code, said = self.run_with("", 0, "rust")
        self.assertEqual(code, 1)
        self.assertIn("cargo test ran no test", said)

    def test_a_binary_without_a_test_fails(self) -> None:
        code, said = self.run_with(cargo_test_log(integration=0) + result(9), 0, "rust")
        self.assertEqual(code, 1)
        self.assertIn("integration-test binaries ran no test", said)

    def test_a_binary_that_did_not_run_fails(self) -> None:
        code, said = self.run_with(cargo_test_log(missing=1) + result(9), 0, "rust")
        self.assertEqual(code, 1)
        self.assertIn("integration-test binaries", said)

    def test_a_failing_test_fails(self) -> None:
        log = cargo_test_log().replace("5 passed; 0 failed", "4 passed; 1 failed", 1)
        code, said = self.run_with("test a::b ... FAILED\n" + log, 101, "rust")
        self.assertEqual(code, 1)
        self.assertIn("test a::b ... FAILED", said)
        self.assertIn(" 1 failed, 0 skipped", said.splitlines()[-1])

    def test_the_demo_needs_its_closing_line(self) -> None:
        self.assertEqual(self.run_with("claim 1\n14 passed, 0 failed\n", 0, "demo")[0], 0)
        for said, code in (
            ("claim 1\n", 0),
            ("0 passed, 0 failed\n", 0),
            ("13 passed, 1 failed\n", 0),
            ("14 passed, 0 failed\nand more\n", 0),
            ("14 passed, 0 failed\n", 1),
        ):
            with self.subTest(said=said, code=code):
                self.assertEqual(self.run_with(said, code, "demo")[0], 1)

    def test_the_advisory_database_is_the_one_skip(self) -> None:
        code, said = self.run_with("", 0, "advisories")
        self.assertEqual(code, 0)
        self.assertEqual(sum("skipped  " in line for line in said.splitlines()), 1, said)

    def test_a_step_that_fails_is_named_and_the_others_still_run(self) -> None:
        code, said = self.run_with("no good\n", 1, "format", "advisories")
        self.assertEqual(code, 1)
        self.assertIn("failed: 1 (format)", said)
        self.assertIn("no good", said)
        self.assertIn("skipped: 1 (advisories)", said)

    def test_a_runner_of_another_language_needs_its_closing_line(self) -> None:
        function = re.search(r"^closing_of\(\) \{.*?^\}$", (ROOT / "tests" / "run").read_text("utf-8"), re.MULTILINE | re.DOTALL)
        for said, code in (
            ("ok a\nkotlin tests: 3 passed, 0 failed\n\n", 0),
            ("", 1),
            ("kotlin tests: 0 passed, 0 failed\n", 1),
            ("kotlin tests: 3 passed, 1 failed\n", 1),
            ("swift tests: 3 passed, 0 failed\n", 1),
            ("kotlin tests: 3 passed, 0 failed\nkilled\n", 1),
        ):
            with self.subTest(said=said), tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "out").write_text(said, encoding="utf-8")
                script = f"set -euo pipefail; {function[0]}\nLOGS=. step=kotlin; closing_of 'kotlin tests' out"
                answer = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, check=False)
                self.assertEqual(answer.returncode, code, answer.stderr)

    def test_what_needs_jars_comes_after_what_compiles(self) -> None:
        text = (ROOT / "tests" / "run").read_text("utf-8")
        steps = re.search(r"^STEPS=\((.*)\)$", text, re.MULTILINE)[1].split()
        for step in ("ktlint", "licences", "kotlin", "android"):
            self.assertLess(steps.index("docs"), steps.index(step), step)
        # They are fetched before the first step begins, and nowhere without waiting for each other.
        main = text[text.index("# --- main ---") :]
        self.assertLess(main.index("fetch_jars"), main.index('perform "$step"'))
        self.assertEqual(re.findall(r"^(?!.*alone).*toolchain/prepare.*$", text, re.MULTILINE), self.of_swift(text))

    @staticmethod
    def of_swift(text: str) -> list[str]:
        return [line for line in text.splitlines() if "swift/toolchain/prepare" in line]

    def test_whoever_comes_second_waits(self) -> None:
        function = re.search(r"^alone\(\) .*$", (ROOT / "tests" / "run").read_text("utf-8"), re.MULTILINE)
        with tempfile.TemporaryDirectory() as folder:
            slow = "read -r line <go; echo one >>said"
            script = f"LOGS=.; {function[0]}\nmkfifo go\nalone x bash -c '{slow}' &\n"
            script += "until ! flock --nonblock .x.lock true; do :; done\necho >go &\nalone x bash -c 'echo two >>said'; wait"
            subprocess.run(["bash", "-c", script], cwd=folder, check=True, timeout=60)
            self.assertEqual((pathlib.Path(folder) / "said").read_text(), "one\ntwo\n")

    def test_an_unknown_step_is_a_usage_error(self) -> None:
        self.assertEqual(self.run_with("", 0, "everything")[0], 2)


if __name__ == "__main__":
    unittest.main()
