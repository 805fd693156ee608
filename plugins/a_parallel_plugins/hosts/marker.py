"""The mark that a child and all its descendants carry in their environment, whatever group they move to."""

from collections.abc import Iterator
from urllib.parse import quote, unquote

from msgspec import Struct

from a_parallel_contracts.hosts import Owner

VARIABLE = "A_PARALLEL_MARKER"
"""Holds one marker, or several separated by spaces where a server was itself started by an agent of another one."""


class Marker(Struct, frozen=True):
    """Says who started a process and for whom; its text form is ``directory:kind:key:server:launch``.

    Attributes:
        directory: random identifier of the data directory.
        owner: whom the process belongs to.
        server: random identifier of one life of the server.
        launch: random identifier of one child.
    """

    directory: str
    owner: Owner
    server: str
    launch: str

    def __str__(self) -> str:
        owner = (quote(self.owner.kind, safe=""), quote(self.owner.key, safe=""))
        return ":".join((self.directory, *owner, self.server, self.launch))


def parse(value: str) -> Iterator[Marker]:
    """Return the markers in a value of the variable; what is no marker is passed over."""
    for text in value.split():
        match text.split(":"):
            case [directory, kind, key, server, launch]:
                yield Marker(directory, Owner(unquote(kind), unquote(key)), server, launch)


def combine(value: str, own: Marker | None, directory: str) -> str:
    """Return what a child gets when the server's own variable holds `value`.

    Markers of other directories stay, so that whoever started this server still finds its descendants.
    """
    foreign = [text for text in value.split() if not text.startswith(f"{directory}:")]
    return " ".join([*foreign, *([str(own)] if own else [])])
