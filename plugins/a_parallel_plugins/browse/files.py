"""Searches the files of a working tree by name, as git lists them, and stops early (``http-core.md`` §8.2)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.hosts import Host, Owner, Process
from a_parallel_plugins.browse.models import FoundFiles

LIMIT = 200
TIMEOUT = 10.0
"""Seconds."""

OWNER = Owner("search", "files")
LIST = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")

ENVIRONMENT = {
    **dict.fromkeys(
        (
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_COMMON_DIR",
            "GIT_OBJECT_DIRECTORY",
            "GIT_NAMESPACE",
            "GIT_PREFIX",
            "GIT_TRACE*",
        )
    ),
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}
"""Nothing may point git at another repository than that of the directory (git(1))."""


async def search_files(host: Host, directory: Path, query: str) -> FoundFiles:
    """Return the files whose path below `directory` contains `query`, in whatever case.

    Untracked ones come first. Ignored ones are not among them.
    """
    process: Process | None = None
    try:
        async with asyncio.timeout(TIMEOUT):
            process = await host.spawn(LIST, cwd=directory, owner=OWNER, env=ENVIRONMENT)
            return await _gather(process, query.casefold())
    except TimeoutError:
        return _failed(f"git did not list the files of {directory} within {TIMEOUT:g} s")
    except FailedDependency as error:
        return _failed(error.message)
    finally:
        if process is not None and process.returncode is None:
            await process.terminate(0)


async def _gather(process: Process, query: str) -> FoundFiles:
    found: dict[str, None] = {}  # a file in conflict is listed once for each side
    async for name in _names(process):
        if query not in name.casefold() or name in found:
            continue
        if len(found) == LIMIT:
            return FoundFiles(files=list(found), truncated=True)
        found[name] = None
    if await process.wait():
        return _failed(process.stderr_tail.strip() or "git ls-files failed")
    return FoundFiles(files=list(found), truncated=False)


async def _names(process: Process) -> AsyncIterator[str]:
    """Iterate over the names; bytes that are no UTF-8 are replaced."""
    rest = b""
    async for chunk in process.chunks():
        *names, rest = (rest + chunk).split(b"\0")
        for name in names:
            yield name.decode("utf-8", "replace")


def _failed(error: str) -> FoundFiles:
    return FoundFiles(files=[], truncated=False, error=error)
