"""The licence check: expressions, a planted violation, and one allow list in two places."""

import json
import pathlib
import subprocess
import sys
import tomllib
import unittest

import licences

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALLOWED = ["MIT", "Apache-2.0", "ISC", "Unicode-3.0"]


def run(packages: list[dict]) -> subprocess.CompletedProcess:
    script = pathlib.Path(licences.__file__)
    return subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps({"packages": packages}),
        capture_output=True,
        text=True,
        check=False,
    )


class Expressions(unittest.TestCase):
    def test_what_is_satisfied(self) -> None:
        for expression in (
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "Apache-2.0 AND ISC",
            "(MIT OR GPL-3.0-only) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
            "GPL-3.0-only AND ISC OR MIT",
        ):
            with self.subTest(expression):
                self.assertTrue(licences.satisfied(expression, ALLOWED))

    def test_what_is_not(self) -> None:
        for expression in (
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "(MIT OR ISC) AND GPL-3.0-only",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "mit",
        ):
            with self.subTest(expression):
                self.assertFalse(licences.satisfied(expression, ALLOWED))

    def test_and_binds_tighter_than_or(self) -> None:
        self.assertTrue(licences.satisfied("MIT OR ISC AND GPL-3.0-only", ALLOWED))
        self.assertFalse(licences.satisfied("GPL-3.0-only OR ISC AND AGPL-3.0-only", ALLOWED))

    def test_an_exception_may_be_named_alone(self) -> None:
        named = ["GPL-2.0-only WITH Classpath-exception-2.0"]
        self.assertTrue(licences.satisfied("GPL-2.0-only WITH Classpath-exception-2.0", named))
        self.assertFalse(licences.satisfied("GPL-2.0-only", named))

    def test_what_cannot_be_read(self) -> None:
        for expression in ("", "(MIT", "MIT OR", "MIT ISC", "see LICENSE!", "MIT WITH", ")"):
            with self.subTest(expression), self.assertRaises(licences.Unreadable):
                licences.satisfied(expression, ALLOWED)


class Command(unittest.TestCase):
    def test_a_planted_crate_is_named(self) -> None:
        answer = run(
            [
                {"name": "good", "version": "1.0.0", "license": "MIT OR Apache-2.0"},
                {"name": "planted", "version": "2.0.0", "license": "AGPL-3.0-only AND MIT"},
                {"name": "silent", "version": "3.0.0", "license": None},
            ]
        )
        self.assertEqual(answer.returncode, 1)
        self.assertIn("planted 2.0.0: AGPL-3.0-only AND MIT is not on the allow list", answer.stderr)
        self.assertIn("silent 3.0.0: names no SPDX licence", answer.stderr)
        self.assertNotIn("good", answer.stderr)

    def test_good_crates_pass(self) -> None:
        answer = run([{"name": "good", "version": "1.0.0", "license": "MIT"}])
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))

    def test_no_crate_at_all_is_a_failure(self) -> None:
        self.assertEqual(run([]).returncode, 1)


class OneList(unittest.TestCase):
    def test_deny_toml_has_the_same_list(self) -> None:
        page = licences.allowed_of((ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8"))
        deny = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
        self.assertEqual(sorted(page), sorted(deny["licenses"]["allow"]))
        self.assertEqual(len(page), len(set(page)))

    def test_our_own_licences_are_on_it_and_their_texts_are_here(self) -> None:
        page = licences.allowed_of((ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8"))
        root = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
        ours = root["workspace"]["package"]["license"]
        self.assertEqual(ours, "MIT OR Apache-2.0")
        self.assertTrue({"MIT", "Apache-2.0"} <= set(page))
        for name, words in (("LICENSE-MIT", "MIT License"), ("LICENSE-APACHE", "Apache License")):
            self.assertIn(words, (ROOT / name).read_text(encoding="utf-8"))

    def test_a_page_without_its_list_is_refused(self) -> None:
        both = f"{licences.BEGIN}\n{licences.END}\n"
        for page in ("", both, f"{licences.BEGIN}\n- `MIT`\n"):
            with self.subTest(page), self.assertRaises(licences.Unreadable):
                licences.allowed_of(page)


if __name__ == "__main__":
    unittest.main()
