"""What is held, on the disk, over HTTP and on the command line."""

import argparse
import asyncio
import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path

from a_parallel_contracts import Command, Request, Route, WireModel, get
from a_parallel_contracts.hosts import Held, Holders, Owner

DIRECTORY = "holders"
"""In the data directory: sockets, spools, and what each holder holds."""


class HeldInfo(WireModel):
    """A program in a holder. `kind` and `key` say whose it is: an ``agent`` of a thread, a ``terminal``."""

    name: str
    kind: str
    key: str
    program: str
    pid: int
    holder: int
    created_at: str
    attached: bool

    @classmethod
    def of(cls, held: Held) -> "HeldInfo":
        """Return what is shown; notes are their makers' own."""
        return cls(
            name=held.name,
            kind=held.owner.kind,
            key=held.owner.key,
            program=held.program,
            pid=held.pid,
            holder=held.holder,
            created_at=held.created_at,
            attached=held.attached,
        )


class HeldList(WireModel):
    """Answer of ``GET /api/hosts/holders``."""

    holders: list[HeldInfo]


def held_in(directory: Path, attached: Collection[str] = ()) -> list[Held]:
    """Return what the holders of a data directory have written down, oldest first.

    Parameters:
        directory: ``holders`` in the data directory.
        attached: names that the caller is connected to.
    """
    found = (_read(path, attached) for path in directory.glob("*.json"))
    return sorted(filter(None, found), key=lambda held: held.created_at)


def _read(path: Path, attached: Collection[str]) -> Held | None:
    try:
        facts = json.loads(path.read_text("ascii"))
        created = datetime.fromtimestamp(facts["created"], UTC).isoformat(timespec="milliseconds")
        return Held(
            name=facts["name"],
            owner=Owner(**facts["owner"]),
            note=facts["note"],
            pid=facts["pid"],
            holder=facts["holder"],
            program=facts["program"],
            terminal=facts["terminal"],
            created_at=created.replace("+00:00", "Z"),
            attached=facts["name"] in attached,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # gone meanwhile, or not written by a holder


def holder_routes(holders: Holders) -> Iterable[Route]:
    """Return the route that lists holders."""

    async def show(request: Request) -> HeldList:
        """List the agents and terminals that would outlive the server."""
        held = await asyncio.to_thread(holders.list)
        return HeldList(holders=[HeldInfo.of(one) for one in held])

    return [get("/api/hosts/holders", show, access="admin", scope="read")]


def holders_command(data_directory: Path) -> Command:
    """Return ``a-parallel holders``."""

    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data-directory", type=Path, metavar="D", help="database and secrets")
        parser.add_argument("--json", action="store_true", help="for programs")

    async def run(given: argparse.Namespace) -> int:
        held = [HeldInfo.of(one) for one in held_in(data_directory / DIRECTORY)]
        if given.json:
            shown = [one.model_dump(by_alias=True, exclude={"attached"}) for one in held]
            print(json.dumps(shown, indent=2))
        for one in () if given.json else held:
            print(f"{one.kind} {one.key}: {one.program}, process {one.pid} held by {one.holder} since {one.created_at}")
        return 0

    return Command("holders", "show the agents and terminals that outlive the server", run, arguments)
