"""The cache of the Swift toolchain: what is whole is used, what is not is never used. No root, no network."""

import hashlib
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOLCHAIN = Path(__file__).resolve().parents[2] / "bindings/swift/toolchain"


class SwiftToolchain(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        root = Path(self.folder.name)
        # Somebody without root, so that nothing is ever fetched here.
        (root / "bin").mkdir()
        (root / "bin/id").write_text("#!/bin/sh\necho 1000\n")
        (root / "bin/id").chmod(0o755)
        self.cache = root / "cache"
        name = hashlib.sha256((TOOLCHAIN / "packages.txt").read_bytes()).hexdigest()[:16]
        self.made = self.cache / name

    def prepare(self):
        root = Path(self.folder.name)
        env = dict(os.environ, FIELDLINE_CACHE=str(self.cache), PATH=f"{root / 'bin'}:{os.environ['PATH']}")
        return subprocess.run([TOOLCHAIN / "prepare"], env=env, capture_output=True, text=True, check=False)

    def fill(self):
        (self.made / "usr/bin").mkdir(parents=True)
        (self.made / "usr/bin/swift").write_text("compiler")
        (self.made / "usr/bin/swiftc").write_text("the same")
        (self.made / "files.txt").write_text("8 usr/bin/swift\n8 usr/bin/swiftc\n")

    def test_a_whole_folder_is_used(self):
        self.fill()
        done = self.prepare()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f"{self.made}\n", ""))

    def test_without_root_one_line_says_why(self):
        done = self.prepare()
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("needs root", done.stderr)

    def test_a_lost_file_is_seen(self):
        self.fill()
        (self.made / "usr/bin/swiftc").unlink()
        self.assertEqual(self.prepare().returncode, 3)

    def test_a_file_cut_short_is_seen(self):
        self.fill()
        (self.made / "usr/bin/swift").write_text("comp")
        self.assertEqual(self.prepare().returncode, 3)

    def test_a_folder_without_its_list_was_never_finished(self):
        self.fill()
        (self.made / "files.txt").unlink()
        self.assertEqual(self.prepare().returncode, 3)


if __name__ == "__main__":
    unittest.main()
