"""The licence check of jars: choices, parents, tools apart from what is shipped, and planted violations."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import jar_licences
import licences

PAGE = f"""
{licences.BEGIN}
- `MIT`
- `Apache-2.0`
{licences.END}
{jar_licences.TOOLS_BEGIN}
- `EPL-1.0`
{jar_licences.TOOLS_END}
"""


class Jars(unittest.TestCase):
    def setUp(self) -> None:
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        (self.folder / "page.md").write_text(PAGE, encoding="utf-8")

    def plant(self, kind: str, artifact: str, *names: str, parent: str = "", jar: bool = True) -> None:
        """A pom with these licences, and its jar."""
        pom = jar_licences.pom_of(self.folder / kind, "org.example", artifact, "1")
        pom.parent.mkdir(parents=True)
        listed = "".join(f"<license><name>{name}</name></license>" for name in names)
        above = f"<groupId>org.example</groupId><artifactId>{parent}</artifactId><version>1</version>"
        pom.write_text(
            '<project xmlns="http://maven.apache.org/POM/4.0.0">'
            + (f"<licenses>{listed}</licenses>" if names else "")
            + (f"<parent>{above}</parent>" if parent else "")
            + "</project>",
            encoding="utf-8",
        )
        if jar:
            pom.with_suffix(".jar").touch()

    def run_it(self) -> subprocess.CompletedProcess:
        script = pathlib.Path(jar_licences.__file__)
        return subprocess.run(
            [sys.executable, str(script), str(self.folder), "--allow", str(self.folder / "page.md")],
            capture_output=True,
            text=True,
            check=False,
        )

    def refuses(self, line: str) -> None:
        answer = self.run_it()
        self.assertEqual(answer.returncode, 1)
        self.assertIn(line, answer.stderr)

    def test_words_choices_and_parents_are_understood(self) -> None:
        self.plant("library", "words", "The Apache Software License, Version 2.0")
        self.plant("library", "choice", "LGPL-2.1-or-later", "Apache-2.0")
        self.plant("ktlint", "child", parent="above")
        self.plant("ktlint", "above", "MIT License", jar=False)
        answer = self.run_it()
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("licences: 3 jars, 0 broken", answer.stdout)

    def test_a_tool_may_have_more_than_what_is_shipped(self) -> None:
        self.plant("ktlint", "tool", "Eclipse Public License - v 1.0")
        self.assertEqual(self.run_it().returncode, 0)
        self.plant("library", "shipped", "Eclipse Public License - v 1.0")
        self.refuses("library: shipped-1.jar: EPL-1.0 is not on the allow list")

    def test_an_unknown_licence_is_refused(self) -> None:
        self.plant("runner", "odd", "GPL-3.0-only")
        self.refuses("runner: odd-1.jar: GPL-3.0-only is not on the allow list")

    def test_words_not_met_before_are_refused(self) -> None:
        self.plant("runner", "odd", "Do what you want")
        self.refuses("runner: odd-1.jar: ")

    def test_a_jar_without_licence_or_pom_is_refused(self) -> None:
        self.plant("library", "silent")
        self.refuses("library: silent-1.jar: names no licence")
        (self.folder / "library" / "stray-1.jar").touch()
        self.refuses("library: stray-1.jar: stray-1.pom cannot be read")

    def test_no_jar_at_all_is_refused(self) -> None:
        self.refuses("no jar in ")


if __name__ == "__main__":
    unittest.main()
