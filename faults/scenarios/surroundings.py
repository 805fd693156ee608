"""What goes wrong around a server: the network, the disk, other processes, the clock."""

import asyncio
import contextlib
import itertools
import resource
import sqlite3
import textwrap
import time
from contextlib import closing
from pathlib import Path

from faults.house import House, opened
from faults.proxy import Proxy
from faults.report import Outcome
from faults.scenarios.killing import finish

SHIFTED_CLOCK = """
    # Shifts the wall clock of this interpreter by as many seconds as a file says; the monotonic clock goes on.
    import datetime, os, time

    _path, _real, _time, _time_ns = os.environ["FAULTS_CLOCK"], datetime.datetime, time.time, time.time_ns
    _seen = [0.0, 0.0]

    def _shift():
        if time.monotonic() - _seen[0] > 0.02:
            with open(_path) as file:
                _seen[:] = time.monotonic(), float(file.read() or 0)
        return _seen[1]

    class _Meta(type(_real)):
        def __instancecheck__(cls, one):
            return isinstance(one, _real)

    class datetime_(_real, metaclass=_Meta):
        @classmethod
        def now(cls, tz=None):
            return _real.fromtimestamp(_time() + _shift(), tz)

        @classmethod
        def utcnow(cls):
            return _real.utcfromtimestamp(_time() + _shift())

    datetime.datetime = datetime_
    time.time = lambda: _time() + _shift()
    time.time_ns = lambda: _time_ns() + int(_shift() * 1e9)
"""


async def cut_network(times: int, seed: int) -> Outcome:
    """Reset all connections at random moments, or let them stall."""
    outcome = Outcome("network cuts")
    async with opened(seed) as house:
        proxy = Proxy(house.base)
        await proxy.start()
        house.reroute(lambda: proxy.url)
        proxy.cut()
        load = house.load()
        load.start()
        await load.going()
        for number in range(times):
            await asyncio.sleep(house.chance.random() * 0.5)
            began = time.monotonic()
            if number % 4 == 3:
                proxy.freeze()
                await asyncio.sleep(house.chance.random() * 2)
                proxy.thaw()
            proxy.cut()
            await house.answers(began)
            outcome.tried += 1
        await load.stop()
        await finish(house, outcome)
        await proxy.stop()
    return outcome


async def fill_disk(times: int, seed: int) -> Outcome:
    """Let files of the server grow no further, and lift the limit again (setrlimit(2), ``RLIMIT_FSIZE``)."""
    outcome = Outcome("full disk (RLIMIT_FSIZE)")
    async with opened(seed) as house:
        pid = house.server.pid
        free = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        load = house.load(pause=0.1)
        load.start()
        await load.going()
        for _ in range(times):
            await asyncio.sleep(0.3 + house.chance.random() * 0.5)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_written(house) + house.chance.randrange(60_000), free[1]))
            before = house.journal.refused[507]
            until = time.monotonic() + 5
            while house.journal.refused[507] == before and time.monotonic() < until:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await asyncio.sleep(house.chance.random())
            resource.prlimit(pid, resource.RLIMIT_FSIZE, free)
            began = time.monotonic()
            made = await house.caller.send("PATCH", f"/api/projects/{house.project}", {"name": "demo"}, f"d{began}")
            house.recoveries += [time.monotonic() - began] if made is not None else []
            outcome.tried += 1
        await load.stop()
        await finish(house, outcome)
        if not house.journal.refused[507]:
            outcome.problem = "no request was ever answered 507, so the disk was never full"
    return outcome


def _written(house: House) -> int:
    """Return the bytes of the server's largest file that is still written."""
    return max(path.stat().st_size for path in house.database.parent.glob("data.db*"))


async def lock_database(times: int, seed: int) -> Outcome:
    """Hold the database's write lock from another process, shorter and longer than the server waits for it."""
    outcome = Outcome("SQLITE_BUSY from a second process")
    async with opened(seed) as house:
        load = house.load()
        load.start()
        await load.going()
        for number in range(times):
            await asyncio.sleep(0.2 + house.chance.random() * 0.5)
            await asyncio.to_thread(_hold, house.database, 6.0 if number % 4 == 1 else house.chance.random() * 2)
            began = time.monotonic()
            made = await house.caller.send("PATCH", f"/api/projects/{house.project}", {"name": "demo"}, f"b{began}")
            house.recoveries += [time.monotonic() - began] if made is not None else []
            outcome.tried += 1
        await load.stop()
        await finish(house, outcome)
    return outcome


def _hold(database: Path, seconds: float) -> None:
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")


async def jump_clock(times: int, seed: int) -> Outcome:
    """Let the server's wall clock jump by up to a day, forwards and backwards; messages must keep their order."""
    outcome = Outcome("clock jumps")
    with contextlib.ExitStack() as stack:
        clock = Path(stack.enter_context(_temporary()))
        (clock / "sitecustomize.py").write_text(textwrap.dedent(SHIFTED_CLOCK))
        shift = clock / "shift"
        shift.write_text("0")
        environment = {"PYTHONPATH": str(clock), "FAULTS_CLOCK": str(shift)}
        async with opened(seed, environment=environment) as house:
            load = house.load()
            load.start()
            await load.going()
            for _ in range(times):
                await asyncio.sleep(house.chance.random() * 0.6)
                jump = house.chance.choice((-86_400, -3600, -5, 5, 3600, 86_400)) * house.chance.random()
                began = time.monotonic()
                _replace(shift, str(jump))
                await house.answers(began)
                outcome.tried += 1
            await load.stop()
            await house.settle()
            house.losses.duplicates += _out_of_order(house.database)
            await finish(house, outcome)
    return outcome


def _temporary() -> contextlib.AbstractContextManager[str]:
    import tempfile

    return tempfile.TemporaryDirectory(prefix="a-parallel-clock-")


def _replace(path: Path, text: str) -> None:
    """Write a file that others read at any moment."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def _out_of_order(database: Path) -> list[str]:
    """Return the messages that would be shown before one that was written earlier."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT thread_id, rowid, timestamp FROM messages ORDER BY thread_id, rowid"
        ).fetchall()
    return [
        f"message {later[1]} of thread {later[0]} is shown before {earlier[1]}"
        for earlier, later in itertools.pairwise(rows)
        if earlier[0] == later[0] and later[2] < earlier[2]
    ]
