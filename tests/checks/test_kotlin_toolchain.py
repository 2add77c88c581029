"""bindings/kotlin/toolchain/prepare: what it fetches, what it refuses, and when it makes the cache again."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREPARE = ROOT / "bindings" / "kotlin" / "toolchain" / "prepare"

# A Maven that notes its call and lays one jar, with its pom and a note of its own, into the wanted folder.
MAVEN = """#!/bin/sh
echo called >>"$HERE/calls"
for argument in "$@"; do
    case $argument in -DoutputDirectory=*) folder=${argument#*=} ;; esac
done
mkdir -p "$folder/org/example/1"
echo "${CONTENT:-a jar}" >"$folder/org/example/1/example-1.jar"
echo "a pom" >"$folder/org/example/1/example-1.pom"
echo "from somewhere" >"$folder/org/example/1/_remote.repositories"
"""
KINDS = ["library", "runner", "compiler", "ktlint"]


class Prepare(unittest.TestCase):
    def setUp(self) -> None:
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.here = pathlib.Path(held.name)
        self.script = pathlib.Path(shutil.copy(PREPARE, self.here / "prepare"))
        (self.here / "pom.xml").write_text("versions", encoding="utf-8")
        maven = self.here / "mvn"
        maven.write_text(MAVEN, encoding="utf-8")
        maven.chmod(0o755)
        self.folder = self.prepare("--update")

    def start(self, *arguments: str, **world: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self.script), *arguments],
            env={
                **os.environ,
                "PATH": f"{self.here}:{os.environ['PATH']}",
                "HERE": str(self.here),
                "FIELDLINE_CACHE": str(self.here / "cache"),
                **world,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def prepare(self, *arguments: str, **world: str) -> pathlib.Path:
        answer = self.start(*arguments, **world)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return pathlib.Path(answer.stdout.strip())

    def calls(self) -> int:
        return len((self.here / "calls").read_text(encoding="utf-8").splitlines())

    def leftovers(self) -> list[str]:
        return [path.name for path in (self.here / "cache").iterdir() if path != self.folder]

    def test_a_folder_for_each_class_path_and_only_jars_and_poms_in_it(self) -> None:
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), sorted(KINDS))
        names = {path.name for path in self.folder.rglob("*") if path.is_file()}
        self.assertEqual(names, {"example-1.jar", "example-1.pom"})
        self.assertEqual(self.leftovers(), [])

    def test_what_is_whole_is_not_fetched_again(self) -> None:
        before = self.calls()
        self.assertEqual(self.prepare(), self.folder)
        self.assertEqual(self.calls(), before)

    def test_a_broken_cache_is_made_again(self) -> None:
        jar = self.folder / "compiler/org/example/1/example-1.jar"
        for breaking in (
            lambda: jar.write_text("half a j", encoding="utf-8"),
            jar.unlink,
            lambda: (self.folder / "library" / "stray.jar").touch(),
            lambda: shutil.rmtree(self.folder),
        ):
            breaking()
            self.assertEqual(self.prepare(), self.folder)
            self.assertEqual(jar.read_text(encoding="utf-8"), "a jar\n")
            self.assertFalse((self.folder / "library" / "stray.jar").exists())
            self.assertEqual(self.leftovers(), [])

    def test_a_jar_with_another_content_is_refused(self) -> None:
        shutil.rmtree(self.folder)
        answer = self.start(CONTENT="another jar")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("differs from jars.sha256", answer.stderr)
        self.assertFalse(self.folder.exists())
        self.assertEqual(self.leftovers(), [])

    def test_other_versions_have_another_folder(self) -> None:
        (self.here / "pom.xml").write_text("other versions", encoding="utf-8")
        self.assertNotEqual(self.prepare(), self.folder)
        self.assertTrue(self.folder.exists())

    def test_without_maven_it_says_so(self) -> None:
        shutil.rmtree(self.folder)
        (self.here / "mvn").unlink()
        (self.here / "bin").mkdir()
        for tool in ("bash", "cat", "cmp", "cut", "dirname", "find", "mkdir", "mktemp", "mv", "rm", "sha256sum", "sort", "xargs", "env"):
            (self.here / "bin" / tool).symlink_to(shutil.which(tool))
        answer = self.start(PATH=str(self.here / "bin"))
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn("Maven is missing", answer.stderr)


if __name__ == "__main__":
    unittest.main()
