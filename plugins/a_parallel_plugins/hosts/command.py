"""Commands that are run to their end."""

import asyncio
from collections.abc import Sequence

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.hosts import Completed
from a_parallel_plugins.hosts.child import Child
from a_parallel_plugins.hosts.streams import InputStream, collect
from a_parallel_plugins.hosts.writing import feed


async def complete(
    child: Child, argv: Sequence[str], *, stdin: bytes | None, timeout: float, limit: int | None
) -> Completed:
    """Return what a command wrote once it has ended; kill it and its process group otherwise.

    Raises:
        FailedDependency: it did not end within `timeout` seconds.
    """
    try:
        async with asyncio.timeout(timeout):
            return await _communicate(child, argv, stdin, limit)
    except TimeoutError:
        raise FailedDependency(f"{argv[0]} did not finish within {timeout:g} s and was ended") from None
    finally:
        await child.destroy()


async def _communicate(child: Child, argv: Sequence[str], stdin: bytes | None, limit: int | None) -> Completed:
    async def take(stream: InputStream) -> tuple[bytes, bool]:
        data, cut = await collect(stream, limit)
        if cut:
            child.kill_group()
            stream.cut()
        return data, cut

    async with asyncio.TaskGroup() as group:
        stdout = group.create_task(take(child.stdout))
        stderr = group.create_task(take(child.stderr))
        if child.stdin and stdin is not None:
            group.create_task(feed(child.stdin, stdin))
    status = await child.wait()
    (out, out_cut), (err, err_cut) = stdout.result(), stderr.result()
    return Completed(tuple(argv), status, out, err, truncated=out_cut or err_cut)
