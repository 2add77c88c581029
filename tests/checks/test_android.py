"""The Android app's two builds ask for the same things, and each module sees only what it may; with planted violations."""

import re
import sys
import tomllib
import unittest
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
ANDROID = TREE / "android"
sys.path.insert(0, str(ANDROID / "verify"))

import toolchain  # noqa: E402

IMPORT = re.compile(r"^import\s+([\w.]+)", re.MULTILINE)
QUALIFIED = re.compile(r"(?<![\w.])dev\.fieldline\.(?!ui\b|sdk\.screen\b|agent\b|testing\b)[\w.]+")
DEPENDENCY = re.compile(r"^\s+(?:\w*[iI]mplementation|api|compileOnly|runtimeOnly)\((.+?)\)(?: \{.*)?$", re.MULTILINE)
# What a module's imports may begin with; the longest rule that fits decides.
MAY = {
    "sdk": {"dev.fieldline": True, "dev.fieldline.ffi": False, "kotlin": True, "kotlinx.coroutines": True, "java": True},
    "ui": {"dev.fieldline": False, "dev.fieldline.ui": True, "dev.fieldline.sdk.screen": True, "android": True, "androidx.compose": True, "java": True},
    "app": {"dev.fieldline": True, "dev.fieldline.ffi": False, "android": True, "androidx": True, "kotlin": True, "kotlinx.coroutines": True}
    | {"java": True, "javax.crypto": True},
}


def seen_wrongly(module, text):
    """Imports, and in :ui also qualified names, that the module may not see."""
    found = []
    for name in IMPORT.findall(text):
        rules = [rule for rule in MAY[module] if name == rule or name.startswith(rule + ".")]
        if not rules or not MAY[module][max(rules, key=len)]:
            found.append(name)
    if module == "ui":
        body = IMPORT.sub("", text)
        found += [it for it in QUALIFIED.findall(body) if it not in found]
    return found


def dependencies(text):
    return DEPENDENCY.findall(text)


class Modules(unittest.TestCase):
    def test_each_sees_only_what_it_may(self):
        for module in MAY:
            files = sorted((ANDROID / module / "src/main/kotlin").rglob("*.kt"))
            self.assertTrue(files, module)
            for file in files:
                self.assertEqual(seen_wrongly(module, file.read_text()), [], file)

    def test_planted(self):
        self.assertEqual(seen_wrongly("ui", "import dev.fieldline.Client\n"), ["dev.fieldline.Client"])
        self.assertEqual(seen_wrongly("ui", "import dev.fieldline.sdk.Office\n"), ["dev.fieldline.sdk.Office"])
        self.assertEqual(seen_wrongly("ui", "val it: dev.fieldline.InboxRow\n"), ["dev.fieldline.InboxRow"])
        self.assertEqual(seen_wrongly("sdk", "import android.content.Context\n"), ["android.content.Context"])
        self.assertEqual(seen_wrongly("sdk", "import dev.fieldline.ffi.InboxView\n"), ["dev.fieldline.ffi.InboxView"])
        self.assertEqual(seen_wrongly("app", "import dev.fieldline.ffi.InboxView\n"), ["dev.fieldline.ffi.InboxView"])
        self.assertEqual(seen_wrongly("ui", "import dev.fieldline.ui.look.Sizes\nimport androidx.compose.ui.Modifier\n"), [])


class Builds(unittest.TestCase):
    """Gradle's module files against what the verifying build resolves."""

    def gradle(self, module):
        return dependencies((ANDROID / module / "build.gradle.kts").read_text())

    def test_modules_name_bundles_and_each_other(self):
        for module in MAY:
            for found in self.gradle(module):
                plain = re.fullmatch(r'libs\.bundles\.[\w.]+|project\(":\w+"\)|variantOf\(libs\.jna', found)
                self.assertTrue(plain, f"{module}: {found}")

    def test_every_bundle_is_resolved_and_every_resolved_one_is_asked_for(self):
        read = tomllib.loads(toolchain.CATALOG.read_text())
        asked = {it.removeprefix("libs.bundles.").replace(".", "-") for module in MAY for it in self.gradle(module) if "bundles" in it}
        self.assertEqual(asked, set(read["bundles"]))
        named = {name for bundle in read["bundles"].values() for name in bundle}
        self.assertEqual(named, set(read["libraries"]), "a library that no bundle names")
        trees, _, _ = toolchain.sets()
        bundles, _ = toolchain.catalog()
        self.assertEqual({it for bundle in bundles.values() for it in bundle}, set(trees["test"]))

    def test_a_planted_dependency_is_found(self):
        text = 'dependencies {\n    implementation("com.example:more:1")\n    testImplementation(libs.junit)\n}\n'
        self.assertEqual(dependencies(text), ['"com.example:more:1"', "libs.junit"])

    def test_the_lock_holds_what_the_catalog_asks_for(self):
        locked = toolchain.LOCK.read_text()
        trees, single, _ = toolchain.sets()
        for name in {*trees["test"], *single.values()}:
            group, artifact, version = name.split(":")
            self.assertIn(f"/{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.", locked)

    def test_both_builds_say_the_same_sdk_levels(self):
        build = (ANDROID / "verify/build.py").read_text()
        minimum, target = re.search(r"MIN_SDK, TARGET_SDK = (\d+), (\d+)", build).groups()
        app = (ANDROID / "app/build.gradle.kts").read_text()
        self.assertIn(f"minSdk = {minimum}\n", app)
        self.assertIn(f"targetSdk = {target}\n", app)


if __name__ == "__main__":
    unittest.main()
