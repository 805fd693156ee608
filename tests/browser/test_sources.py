"""The client's sources: their types, their own tests, and what a first visit costs."""

import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tools import client

from tests.browser.tools import CLIENT, missing, package_file

FIRST_LOAD = 250 * 1024
"""Bytes of JavaScript, compressed, before anything is shown."""


WORDS = re.compile(r'(?:placeholder|aria-label|title|label|alt)="[A-Z][a-z]+[^"]*"')
"""Attributes with words of a language in them; names and examples such as ``ghp_…`` are none."""


def run(*command: str) -> None:
    """Run a program of the client's; its output is the reason of a failure."""
    done = subprocess.run(command, cwd=CLIENT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_types_are_those_of_the_server() -> None:
    package_file("openapi-typescript")
    if client.types(client.document()) != client.SCHEMA.read_text(encoding="utf-8"):
        pytest.fail("the routes or topics have changed: python -m tools.client types")


def test_types_are_strictly_right() -> None:
    package_file("typescript-native")
    run("npm", "run", "--silent", "check")


def test_components_do_what_their_tests_say() -> None:
    package_file("vitest")
    run("npm", "test", "--silent")


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((CLIENT / "package-lock.json").read_text(encoding="utf-8"))
    assert [
        name for name, package in lock["packages"].items() if "resolved" in package and not package.get("link")
    ] == []


def test_the_first_load_is_small(client_directory: Path) -> None:
    manifest: dict[str, Any] = json.loads((client_directory / ".vite/manifest.json").read_text(encoding="utf-8"))
    entry = next(name for name, chunk in manifest.items() if chunk.get("isEntry"))
    chunks = needed_by(manifest, entry)
    sizes = {name: len(gzip.compress((client_directory / name).read_bytes(), 9)) for name in chunks}
    assert sum(sizes.values()) <= FIRST_LOAD, sizes


def needed_by(manifest: dict[str, Any], name: str) -> set[str]:
    """Return the files of a chunk and of all that it imports before it runs."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        chunk = manifest[waiting.pop()]
        if chunk["file"] not in found:
            found.add(chunk["file"])
            waiting += chunk.get("imports", ())
    return found


def test_all_texts_are_in_the_catalogue() -> None:
    """Text between tags, and labels, come from ``i18n``: a view is read in every language or in none."""
    if not CLIENT.is_dir():
        missing("the client's sources are not here")
    found = [
        f"{path.relative_to(CLIENT)}: {literal}"
        for path in sorted((CLIENT / "src").rglob("*.tsx"))
        for literal in WORDS.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []
