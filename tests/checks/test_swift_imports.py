"""Which module may see which, in Swift: generated names stay in the wrapper, the core's types stay out of the views."""

import re
import subprocess
import unittest
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
IMPORT = re.compile(r"^[ \t]*(?:@\w+[ \t]+)*(?:(?:public|internal)[ \t]+)?import[ \t]+(?:\w+[ \t]+)?([\w.]+)", re.MULTILINE)
SYSTEM = {"Foundation", "Observation"}
# Folder, and what its files may import. The first folder that a file lies in counts.
ALLOWED = [
    # os: the system's log.
    ("bindings/swift/Fieldline/Sources/", SYSTEM | {"FieldlineFFI", "os"}),
    ("ios/FieldlineKit/Sources/", SYSTEM | {"Fieldline"}),
    ("ios/App/", {"FieldlineKit", "SwiftUI", "UIKit"}),
    ("ios/StandIn/", SYSTEM | {"UIKit"}),
    ("", SYSTEM | {"Darwin", "Fieldline", "FieldlineKit", "Glibc", "PackageDescription", "Testing"}),
]


def violations(files):
    """Lines `path: module` for what is imported where it may not be; `files` are pairs of path and content."""
    found = []
    for path, content in files:
        allowed = next(modules for folder, modules in ALLOWED if path.startswith(folder))
        found += [f"{path}: {module}" for module in IMPORT.findall(content) if module not in allowed]
    return found


def tree():
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.swift"]
    paths = subprocess.run(listed, cwd=TREE, capture_output=True, text=True, check=True).stdout.split()
    return [(path, (TREE / path).read_text(encoding="utf-8")) for path in paths if (TREE / path).exists()]


class SwiftImports(unittest.TestCase):
    def test_the_tree(self):
        files = tree()
        self.assertGreater(len(files), 10)
        self.assertEqual(violations(files), [])

    def test_planted(self):
        planted = [
            ("ios/FieldlineKit/Sources/FieldlineKit/A.swift", "import Fieldline\nimport FieldlineFFI\n"),
            ("ios/FieldlineKit/Sources/FieldlineKit/B.swift", "import SwiftUI\n"),
            ("ios/App/Sources/C.swift", "import SwiftUI\nimport Fieldline\n"),
            ("ios/App/Sources/D.swift", "import struct Fieldline.InboxRow\n"),
            ("tests/runners/swift/Sources/FieldlineRunner/E.swift", "@testable import FieldlineFFI\n"),
        ]
        expected = ["A.swift: FieldlineFFI", "B.swift: SwiftUI", "C.swift: Fieldline", "D.swift: Fieldline.InboxRow", "E.swift: FieldlineFFI"]
        self.assertEqual([line.rsplit("/", 1)[1] for line in violations(planted)], expected)


if __name__ == "__main__":
    unittest.main()
