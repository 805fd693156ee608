"""What the tests of cloning share."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

from a_parallel_kernel.testkit import Answer, Client
from tests.plugins.github.standin import StandInGithub


async def clone(client: Client, url: str, work: Path, **more: Any) -> Answer:
    """Ask for a clone of `url` in `work`."""
    body = {"cloneUrl": url, "destinationPath": str(work), **more}
    return await client.answer("POST", "/api/github/clone", json=body)


async def until_packing(github: StandInGithub) -> None:
    """Return when git has asked for a pack."""
    async with asyncio.timeout(20):
        await github.packing.wait()


def command_lines() -> str:
    """Return the command lines of every process of this machine, as anybody may see them."""
    shown = subprocess.run(["ps", "-axww", "-o", "command="], capture_output=True, check=True, timeout=20)
    return shown.stdout.decode("utf-8", "replace")


def texts_below(directory: Path) -> bytes:
    """Return everything that stands in files below `directory`."""
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
