"""Finds the Claude CLI and checks that it works (``agent-lifecycle.md`` §1, ``http-core.md`` §4.2)."""

import os
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import ApiError, FailedDependency
from a_parallel_contracts.hosts import Host

VERSION_LIMIT = 10.0
"""Seconds within which the CLI must tell its version."""

SYSTEM_PLACES = (Path("/usr/local/bin/claude"), Path("/usr/bin/claude"))
"""Where an installer for all users puts it."""

INSTALL_HINT = (
    "Install the Claude CLI (npm install -g @anthropic-ai/claude-code), or set CLAUDE_BINARY_PATH "
    "or the setting plugins.claude.binary to where it is, and try again."
)


class Found(Struct, frozen=True):
    """A Claude CLI that works."""

    path: str
    version: str


class Detector:
    """Remembers the CLI once it was found working; a failure is never remembered."""

    def __init__(self, host: Host, binary: str | None = None) -> None:
        """Look on `host`; `binary` is the configured path."""
        self._host = host
        self._binary = binary
        self._found: Found | None = None

    def forget(self) -> None:
        """Look anew next time."""
        self._found = None

    async def find(self) -> Found:
        """Return the CLI.

        Raises:
            FailedDependency: there is none (``extra`` has ``message`` and ``details``, ``http-core.md`` §6.2),
                or it does not work (``extra`` has ``message``).
        """
        if self._found is None or not Path(self._found.path).is_file():
            path = await self._locate()
            self._found = Found(path, await self._version(path))
        return self._found

    async def _locate(self) -> str:
        named = _named(self._binary)
        if named is not None:
            source, path = named
            if Path(path).is_file():
                return path
            raise _missing(f"{source} is set to {path}, but there is no such file")
        on_path = await self._host.which("claude")
        candidates = ([on_path] if on_path else []) + _usual_places()
        found = next((place for place in candidates if place.is_file()), None)
        if found is None:
            raise _missing("Could not find the claude CLI binary on PATH or in the usual places")
        return str(found)

    async def _version(self, path: str) -> str:
        try:
            done = await self._host.run([path, "--version"], cwd="/", timeout=VERSION_LIMIT)
        except ApiError as error:
            raise _broken(path, error.message) from error
        if not done.ok:
            raise _broken(path, done.reason)
        return done.text.strip()


def _named(binary: str | None) -> tuple[str, str] | None:
    """Return who names a path and which, if anybody does."""
    if path := os.environ.get("CLAUDE_BINARY_PATH"):
        return "CLAUDE_BINARY_PATH", path
    return ("The setting plugins.claude.binary", binary) if binary else None


def _usual_places() -> list[Path]:
    home = os.environ.get("HOME")
    in_home = [Path(home, place) for place in (".local/bin/claude", ".claude/local/claude")] if home else []
    return [*SYSTEM_PLACES, *in_home]


def _missing(details: str) -> FailedDependency:
    return FailedDependency("Claude CLI not installed", extra={"message": INSTALL_HINT, "details": details})


def _broken(path: str, reason: str) -> FailedDependency:
    return start_failure(f"The claude CLI at {path} is not functional: {reason[-2000:]}")


def start_failure(reason: str) -> FailedDependency:
    """Return the error for an agent that cannot be started although the CLI is there (``http-core.md`` §6.2)."""
    return FailedDependency(f"Failed to start agent: {reason}", extra={"message": reason})
