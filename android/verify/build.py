"""Builds and tests the app without Gradle and without Google's SDK: aapt2, the Kotlin compiler, Robolectric.

    python3 android/verify/build.py [--sdk 34|36] [STEP...]

Steps, each with what it needs: resources, compile, test (all tests), pictures (tests that also write docs/screens, and
every state to target/android/pictures), lint. `test:Name,Name` runs the classes whose names hold one of the words.
Without a step: test. SDK 36 (34 without --sdk) needs a Java of at least 21 beside the usual one; code 3: there is none. It reads what the Gradle project reads: catalog, manifest, sources, resources. Results are in
target/android. CARGO_TARGET_DIR says where the core's library and the generated Kotlin are; target/ without it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import toolchain

ROOT = toolchain.HERE.parent.parent
APP = ROOT / "android"
OUT = ROOT / "target" / "android"
CARGO = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
JAVA = ["java", "-Xmx1500m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
ANDROID = "{http://schemas.android.com/apk/res/android}"
PACKAGES = {"app": "dev.fieldline.agent", "ui": "dev.fieldline.ui"}
MIN_SDK, TARGET_SDK = 26, 36
# Robolectric's Android by SDK, and the oldest Java that runs it.
ANDROIDS = {34: ("android-run", 17), 36: ("android-run-36", 21)}


class NoJava(Exception):
    """No Java that is new enough for an SDK; the text says which."""


def say(text):
    print(f"android: {text}", file=sys.stderr, flush=True)


def sh(command, **more):
    done = subprocess.run([str(it) for it in command], cwd=ROOT, check=False, **more)
    if done.returncode:
        raise toolchain.ToolchainError(f"{Path(command[0]).name} ended with {done.returncode}")


def java_of(least):
    """The usual Java, or the first one of this machine that is new enough."""
    homes = [Path(it) for it in (os.environ.get("JAVA_HOME"),) if it] + sorted(Path("/usr/lib/jvm").glob("*"))
    if least <= 17:
        return JAVA
    for home in homes:
        release = home / "release"
        if not release.is_file() or not (home / "bin/java").exists():
            continue
        found = [line.split('"')[1] for line in release.read_text().splitlines() if line.startswith("JAVA_VERSION=")]
        if found and int(found[0].split(".")[0]) >= least:
            return [home / "bin/java", *JAVA[1:], "--add-exports=java.base/jdk.internal.access=ALL-UNNAMED"]
    raise NoJava(f"no Java of at least {least} in JAVA_HOME or /usr/lib/jvm")


def files(*places, suffix):
    """Sorted files below folders, or the files themselves."""
    found = set()
    for place in places:
        found.update([place] if place.is_file() else place.rglob(f"*{suffix}"))
    return sorted(found)


def digest(inputs, *words):
    """A hash of files' contents and of words."""
    total = hashlib.sha256("\n".join(map(str, words)).encode())
    for file in inputs:
        total.update(str(file).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


class Step:
    """Work that is skipped while its inputs are the same."""

    def __init__(self, name, inputs, *words):
        self.folder = OUT / name
        self.mark = OUT / f"{name}.stamp"
        self.stamp = digest(inputs, *words)
        self.name = name

    def __enter__(self):
        self.begun = time.monotonic()
        return self

    def needed(self):
        if self.folder.is_dir() and self.mark.exists() and self.mark.read_text() == self.stamp:
            return False
        self.mark.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return True

    def __exit__(self, kind, *_):
        if kind is None and not self.mark.exists():
            self.mark.write_text(self.stamp)
            say(f"{self.name} {time.monotonic() - self.begun:.0f} s")


class Build:
    """The verifying build."""

    def __init__(self):
        begun = time.monotonic()
        self.paths = toolchain.Paths(toolchain.prepare())
        say(f"toolchain {time.monotonic() - begun:.0f} s")
        # The compiler's plugin must be of the compiler's version.
        folder = subprocess.run([ROOT / "bindings/kotlin/toolchain/prepare"], stdout=subprocess.PIPE, text=True, check=True)
        self.compiler = sorted(Path(folder.stdout.strip(), "compiler").rglob("*.jar"))
        wanted = f"kotlin-compiler-embeddable-{toolchain.catalog()[1]['kotlin']}.jar"
        if wanted not in {it.name for it in self.compiler}:
            raise toolchain.ToolchainError(f"bindings/kotlin/toolchain has no {wanted}: its Kotlin and the catalog's differ")
        self.look = OUT / "look"
        sh([sys.executable, ROOT / "look" / "generate.py", "android", self.look])

    # --- resources ---------------------------------------------------------------------------------------------

    def manifest(self, test):
        """The app's manifest as Gradle would merge it, as far as this build needs: package, SDKs, the tests' activity."""
        ElementTree.register_namespace("android", ANDROID[1:-1])
        root = ElementTree.parse(APP / "app/src/main/AndroidManifest.xml").getroot()
        root.set("package", PACKAGES["app"])
        ElementTree.SubElement(root, "uses-sdk", {f"{ANDROID}minSdkVersion": str(MIN_SDK), f"{ANDROID}targetSdkVersion": str(TARGET_SDK)})
        application = root.find("application")
        for element in (application, *application.iter("activity")):
            name = element.get(f"{ANDROID}name")
            if name.startswith("."):
                element.set(f"{ANDROID}name", PACKAGES["app"] + name)
        if test:
            for home in self.paths.unpacked("test"):
                if home.parent.name == "ui-test-manifest":
                    application.extend(ElementTree.parse(home / "AndroidManifest.xml").getroot().iter("activity"))
        return ElementTree.tostring(root, encoding="unicode")

    def resources(self):
        """The linked resources and the R classes of the app and of every library."""
        own = [APP / "ui/src/main/res", self.look / "res", APP / "app/src/main/res"]
        own = [it for it in own if it.is_dir()]
        inputs = files(*own, suffix=".xml")
        with Step("resources", inputs, self.manifest(True), self.paths.folder) as step:
            if not step.needed():
                return step.folder
            manifest = step.folder / "AndroidManifest.xml"
            manifest.write_text(self.manifest(True))
            for at, folder in enumerate(own):
                sh(["aapt2", "compile", "--dir", folder, "-o", step.folder / f"{at}.zip"])
            homes = self.paths.unpacked("test")
            packages = {self.paths.package(home) for home in homes} | {PACKAGES["ui"]}
            command = ["aapt2", "link", "-I", self.paths.one("android-run"), "--manifest", manifest, "--auto-add-overlay"]
            command += ["--java", step.folder / "java", "-o", step.folder / "resources.apk"]
            command += ["--extra-packages", ":".join(sorted(packages - {PACKAGES["app"]}))]
            for home in homes:
                if (home / "res.zip").exists():
                    command += ["-R", home / "res.zip"]
            for at in range(len(own)):
                command += ["-R", step.folder / f"{at}.zip"]
            sh(command)
            sources = files(step.folder / "java", suffix=".java")
            sh(["javac", "-nowarn", "--release", "17", "-d", step.folder / "classes", *sources])
            config = step.folder / "classes/com/android/tools/test_config.properties"
            config.parent.mkdir(parents=True)
            config.write_text(
                f"android_merged_manifest={manifest}\nandroid_resource_apk={step.folder / 'resources.apk'}\n"
                f"android_custom_package={PACKAGES['app']}\n"
            )
        return step.folder

    # --- Kotlin ------------------------------------------------------------------------------------------------

    def kotlin(self, name, sources, path, compose=False, options=()):
        """Compiles one module; `path` are jars and folders of classes."""
        found = files(*sources, suffix=".kt")
        marks = [OUT / f"{it.name}.stamp" for it in path if it.is_relative_to(OUT)]
        with Step(name, found + [it for it in marks if it.exists()], *path, compose, *options) as step:
            if not step.needed():
                return step.folder
            command = [*JAVA, "-cp", ":".join(map(str, self.compiler)), "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"]
            command += ["-no-stdlib", "-no-reflect", "-jvm-target", "17", "-module-name", f"fieldline-{name}", *options]
            if compose:
                command += [f"-Xplugin={self.paths.one('compose-plugin')}"]
            command += ["-cp", ":".join(map(str, path)), "-d", step.folder, *found]
            sh(command)
        return step.folder

    def compile(self):
        """All modules and their tests, by name."""
        resources = self.resources() / "classes"
        android = self.paths.one("android-compile")
        sdk_jars, app_jars, test_jars = (self.paths.jars(it) for it in ("sdk", "app", "test"))
        strict = ("-Werror",)
        made = {"resources": resources}
        generated = CARGO / "bindings" / "kotlin"
        if not generated.is_dir():
            raise toolchain.ToolchainError("no generated Kotlin: run bindings/generate kotlin")
        made["bindings"] = self.kotlin("bindings", [generated, ROOT / "bindings/kotlin/src"], sdk_jars)
        made["sdk"] = self.kotlin("sdk", [APP / "sdk/src/main/kotlin"], [made["bindings"], *sdk_jars], options=strict)
        # No wrapper on this path: a screen cannot name a type of the core.
        path = [made["sdk"], resources, *app_jars, android]
        made["ui"] = self.kotlin("ui", [APP / "ui/src/main/kotlin", self.look / "kotlin"], path, True, strict)
        path = [made["ui"], made["sdk"], made["bindings"], resources, *app_jars, android]
        made["app"] = self.kotlin("app", [APP / "app/src/main/kotlin"], path, True, strict)
        sources = [APP / it for it in ("testing/kotlin", "sdk/src/test/kotlin", "ui/src/test/kotlin", "app/src/test/kotlin", "verify/runner")]
        path = [made["app"], made["ui"], made["sdk"], made["bindings"], resources, *test_jars, android]
        made["tests"] = self.kotlin("tests", sources, path, True, strict)
        return made

    # --- tests -------------------------------------------------------------------------------------------------

    def test(self, pictures=False, only=(), sdk=34):
        """Runs every test class, or those whose names hold one of `only`."""
        android, least = ANDROIDS[sdk]
        java, android = java_of(least), self.paths.one(android)
        made = self.compile()
        run = OUT / "run"
        run.mkdir(exist_ok=True)
        (run / "robolectric.properties").write_text(f"sdk={sdk}\n")
        path = [made["tests"], made["app"], made["ui"], made["sdk"], made["bindings"], made["resources"], run]
        path += [*self.paths.jars("test"), android]
        options = ["-Drobolectric.offline=true", f"-Drobolectric.dependency.dir={android.parent}"]
        options += ["-Drobolectric.usePreinstrumentedJars=false", "-Djava.awt.headless=true"]
        options.append(f"-Djna.library.path={CARGO / 'debug'}")
        if pictures:
            options += [f"-Dfieldline.pictures={OUT / 'pictures'}", f"-Dfieldline.screens={ROOT / 'docs/screens'}"]
        begun = time.monotonic()
        world = [CARGO / "debug" / "fieldline-harness", "world", "--"]
        sh([*world, *java, *options, "-cp", ":".join(map(str, path)), "dev.fieldline.verify.RunKt", made["tests"], *only])
        say(f"tests on SDK {sdk} {time.monotonic() - begun:.0f} s")


def main():
    given, sdk = sys.argv[1:], 34
    if given[:1] == ["--sdk"]:
        if len(given) < 2 or given[1] not in map(str, ANDROIDS):
            print(__doc__, file=sys.stderr)
            return 2
        sdk, given = int(given[1]), given[2:]
    steps = given or ["test"]
    try:
        build = Build()
        for step in steps:
            name, _, only = step.partition(":")
            if name in ("resources", "compile"):
                getattr(build, name)()
            elif name in ("test", "pictures"):
                build.test(name == "pictures", only.split(",") if only else (), sdk)
            elif name == "lint":
                sh([ROOT / "bindings/kotlin/lint"])
            else:
                print(__doc__, file=sys.stderr)
                return 2
    except toolchain.ToolchainError as error:
        say(str(error))
        return 1
    except NoJava as error:
        say(str(error))
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
