"""What the browser tests need of the machine: Chromium, Node.js, and the built client."""

import fcntl
import os
import shutil
from pathlib import Path

import hatch_build
import pytest

ROOT = Path(__file__).parent.parent.parent
CLIENT = hatch_build.CLIENT
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRED = os.environ.get("A_PARALLEL_REQUIRE_BROWSER") == "1"


def missing(reason: str) -> None:
    """Skip the test, or fail it where the machine was made for it (``.ci/run``)."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def chromium() -> str:
    """Return the path of a Chromium; skips the test without one."""
    named = os.environ.get("A_PARALLEL_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        missing("no Chromium on PATH; name one in A_PARALLEL_CHROMIUM")
    return str(found)


def built_client() -> Path:
    """Return the directory of the client, built from the sources as they are; skips the test where that is impossible.

    Workers that come at the same time wait for the one that builds.
    """
    lock = CLIENT / "node_modules/.building"
    if not lock.parent.is_dir():
        missing("the client's packages are not installed: python -m tools.client install")
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            hatch_build.build()
        except hatch_build.ClientError as error:
            if REQUIRED or hatch_build.system_node():
                raise
            missing(str(error))
    return hatch_build.DIST


def package_file(name: str) -> Path:
    """Return a file of the client's packages; skips the test if the packages for tests are missing."""
    path = CLIENT / "node_modules" / name
    if not path.exists():
        missing(f"{name} is missing: python -m tools.client install")
    return path
