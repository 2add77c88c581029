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

    def run_stubs(self, stubs: str, *steps: str, ci: bool = True) -> tuple[int, str]:
        """A copy of tests/run in which `stubs` stand in the place of functions of the same names."""
        text = (ROOT / "tests" / "run").read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "tests" / "run"
            script.parent.mkdir()
            script.write_text(text.replace("# --- main ---", f"{stubs}\n# --- main ---", 1), encoding="utf-8")
            world = {k: v for k, v in os.environ.items() if k != "CI"} | {"FIELDLINE_TEST_LOGS": f"{folder}/logs"}
            command = ["bash", str(script), *steps]
            if ci:
                world["CI"] = "true"
            answer = subprocess.run(command, env=world, capture_output=True, text=True, check=False, timeout=60)
        return answer.returncode, answer.stdout + answer.stderr

    def test_a_failed_test_is_named_whatever_its_runner(self) -> None:
        for said, named in (
            ("test a::b ... ok\ntest a::c ... FAILED\n", ["test a::c ... FAILED"]),
            ("---- a::c stdout ----\nthread 'a::c' panicked at x.rs:1:\nboom\n", ["boom"]),
            ("error[E0425]: cannot find\n", ["error[E0425]: cannot find"]),
            (
                "✘ Test aText() recorded an issue at S.swift:83:9: Expectation failed: a == b\n↳ in vain\n"
                "✘ Test aText() failed after 1.0 seconds with 1 issue.\n✔ Test other() passed after 0.1 seconds.\n"
                "✘ Test run with 25 tests failed after 9 seconds with 1 issue.\n",
                ["S.swift:83:9: Expectation failed: a == b", "in vain", "Test aText() failed after"],
            ),
            ("ok      one\nFAILED  two: java.lang.AssertionError: found 1, not 2\n\tat x.kt\n", ["FAILED  two", "at x.kt"]),
            ("FAILED light(dev.fieldline.agent.DayTest)\nComposeTimeoutException: no 'Delivered'\n", ["light(", "no 'Delivered'"]),
            ("FAIL: test_words (test_fieldline.Calls)\n----\nTraceback\nAssertionError: 1 != 2\n", ["test_words", "1 != 2"]),
            ("Ran 3 tests in 1s\nOK\nkotlin tests: 3 passed, 0 failed\n", []),
        ):
            with self.subTest(said=said), tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "log").write_text(said, encoding="utf-8")
                text = (ROOT / "tests" / "run").read_text("utf-8")
                function = re.search(r"^reasons\(\) \{.*?^\}$", text, re.MULTILINE | re.DOTALL)
                script = f"set -euo pipefail; {function[0]}\nreasons log"
                answer = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=True)
                for words in named:
                    self.assertIn(words, answer.stdout)
                self.assertEqual(bool(named), bool(answer.stdout))
                self.assertNotIn("passed", answer.stdout)
                self.assertNotIn("Test run with", answer.stdout)

    def test_the_end_names_what_failed(self) -> None:
        code, said = self.run_stubs("step_kotlin() { echo 'FAILED  two: found 1, not 2'; return 1; }\nfetch_jars() { :; }", "kotlin")
        self.assertEqual(code, 1)
        end = said[said.index("s in all") :]
        self.assertIn("kotlin: FAILED  two: found 1, not 2", end)

    def test_what_waits_runs_beside_the_others_and_counts(self) -> None:
        # One after the other they would wait for each other for ever.
        stubs = 'step_rust() { mkfifo "$LOGS/fifo"; }\nstep_openapi() { echo go >"$LOGS/fifo"; }\n'
        stubs += 'step_bindings() { read -r line <"$LOGS/fifo"; }\nfetch_swift() { :; }\n'
        code, said = self.run_stubs(stubs, "rust", "openapi", "bindings")
        self.assertEqual(code, 0, said)
        code, said = self.run_stubs(stubs + "step_clients() { echo 'FAILED a: b'; return 1; }", *"rust bindings openapi clients".split())
        self.assertEqual(code, 1)
        self.assertIn("failed: 1 (clients)", said)
        self.assertIn("clients: FAILED a: b", said[said.index("s in all") :])
        # Alone they run as any other.
        code, said = self.run_stubs("step_clients() { echo 'clients: 1 passed, 0 failed' >\"$LOGS/$step.closing\"; }", "clients")
        self.assertEqual((code, said.splitlines()[-1]), (0, "clients: 1 passed, 0 failed"))
        # One that was killed has not passed.
        kill = "step_clients() { read -r _ _ _ lane _ </proc/$BASHPID/stat; kill -9 $lane; }"
        code, said = self.run_stubs(kill, "clients")
        self.assertEqual(code, 1)
        self.assertIn("failed: 1 (clients)", said)

    def test_without_the_newer_java_ci_fails(self) -> None:
        stubs = "need_android() { :; }\njars() { :; }\nlibraries() { :; }\nfetch_jars() { :; }\n"
        stubs += "limited() { case $* in *--sdk*) return 3 ;; *test) echo 'android tests: 3 passed, 0 failed' ;; esac; }"
        self.assertEqual(self.run_stubs(stubs, "android")[0], 1)
        code, said = self.run_stubs(stubs, "android", ci=False)
        self.assertEqual(code, 0, said)
        self.assertIn("on SDK 36: not run", said.splitlines()[-1])

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
