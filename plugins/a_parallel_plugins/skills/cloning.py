"""Fetches a repository with git, telling how far it is."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from a_parallel_contracts import BadRequest, FailedDependency
from a_parallel_contracts.hosts import Host, Owner, Process
from a_parallel_plugins.skills.sources import SCHEMES

_ENVIRONMENT: dict[str, str | None] = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
    "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C",
    "GIT_DIR": None,
    "GIT_WORK_TREE": None,
    "GIT_INDEX_FILE": None,
}
"""Nobody is there to answer, no submodule or redirect may use another protocol, and messages are in English."""

_PERCENT = re.compile(rb"Receiving objects: +(\d+)%")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TELLING = re.compile(r"no matching|not found|error|failed|invalid|does not exist|fatal", re.IGNORECASE)
_TAIL = 16 * 1024


async def clone(host: Host, url: str, target: Path, timeout: float, progress: Callable[[int], None]) -> None:
    """Fetch the newest commit of a repository's default branch; neither hooks nor templates of the user's run.

    Parameters:
        host: where git runs.
        url: checked by `sources`.
        target: made.
        timeout: seconds.
        progress: gets the percentage of what was received.

    Raises:
        BadRequest: git failed; the text is git's.
        FailedDependency: git cannot be started, or took too long.
    """
    argv = ["git", "-c", "core.hooksPath=/dev/null", "clone", "--depth=1", "--single-branch", "--no-tags"]
    argv += ["--no-recurse-submodules", "--template=", "--progress", "--", url, str(target)]
    process = await host.spawn(argv, cwd=target.parent, owner=Owner("skills", target.name), env=_ENVIRONMENT)
    try:
        async with asyncio.timeout(timeout):
            said = await _follow(process, progress)
            status = await process.wait()
    except TimeoutError:
        raise FailedDependency(f"git did not fetch {url} within {timeout:g} s and was ended") from None
    finally:
        await asyncio.shield(process.terminate())
    if status != 0:
        raise BadRequest(best_line(said))


async def _follow(process: Process, progress: Callable[[int], None]) -> str:
    """Read everything that git writes, and return the end of what it says."""

    async def drain() -> None:
        async for _ in process.chunks("stdout"):
            pass

    silent = asyncio.ensure_future(drain())
    said, told = b"", -1
    try:
        async for chunk in process.chunks("stderr"):
            said = (said + chunk)[-_TAIL:]
            found = _PERCENT.findall(said)
            if found and (percent := int(found[-1])) != told:
                told = percent
                progress(percent)
        await silent
    finally:
        silent.cancel()
    return said.decode("utf-8", "replace")


def best_line(text: str) -> str:
    """Return the line of a program's output that says most about its failure (``http-features.md`` §2)."""
    lines = [line.strip() for line in _COLOURS.sub("", text).replace("\r", "\n").splitlines() if line.strip()]
    telling = (line for line in lines if _TELLING.search(line))
    return next(telling, lines[0] if lines else "git failed without a word")
