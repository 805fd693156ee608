"""Takes apart what ``git diff --raw --patch -z`` prints. Pure functions."""

import os
import re
from collections.abc import Sequence

from msgspec import Struct

from a_parallel_plugins.git import parse

_ESCAPES = {7: b"a", 8: b"b", 9: b"t", 10: b"n", 11: b"v", 12: b"f", 13: b"r", 34: b'"', 92: b"\\"}
_UNMERGED = re.compile(rb"^\* Unmerged path .*\n?", re.MULTILINE)


class Changed(Struct, frozen=True):
    """A file that differs.

    Attributes:
        letter: ``A``, ``C``, ``D``, ``M``, ``R``, ``T`` or ``U``.
        path: relative to the directory in which git ran.
        original: path it was renamed or copied from.
    """

    letter: str
    path: str
    original: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Both sides of a rename, or the one path."""
        return (self.path,) if self.original is None else (self.original, self.path)

    @property
    def header(self) -> bytes:
        """First line of its patch."""
        return b"diff --git " + quoted("a/", self.original or self.path) + b" " + quoted("b/", self.path) + b"\n"


def quoted(prefix: str, path: str) -> bytes:
    """Return a path as patches have it: quoted like a C string if need be (git-config(1), core.quotePath=false)."""
    raw = os.fsencode(prefix + path)
    if not any(byte < 32 or byte in (34, 92, 127) for byte in raw):
        return raw
    return b'"' + b"".join(map(_escaped, raw)) + b'"'


def _escaped(byte: int) -> bytes:
    if byte in _ESCAPES:
        return b"\\" + _ESCAPES[byte]
    return b"\\%03o" % byte if byte < 32 or byte == 127 else bytes([byte])


def take_apart(output: bytes) -> tuple[list[Changed], bytes]:
    """Return the list of files and the patches behind it."""
    files: list[Changed] = []
    at = 0
    while output[at : at + 1] == b":":
        letter, at = _record(output, at)
        path, at = _record(output, at)
        name = letter.rsplit(b" ", 1)[-1][:1].decode("ascii")
        if name in "RC":
            target, at = _record(output, at)
            files.append(Changed(name, parse.text(target), parse.text(path)))
        else:
            files.append(Changed(name, parse.text(path)))
    return files, output[at:].removeprefix(b"\0")


def _record(output: bytes, at: int) -> tuple[bytes, int]:
    """Return the record that begins at `at`, and where the next one does."""
    end = output.find(b"\0", at)
    return (output[at:], len(output)) if end < 0 else (output[at:end], end + 1)


def texts(patches: bytes, files: Sequence[Changed]) -> list[bytes | None]:
    """Return the patch of each file, None where there is none. Patches are in the order of the files.

    Lines of a patch begin with a blank, a sign or a backslash, so a header is never mistaken.
    """
    places = _places(patches, files)
    starts = [place for place in places if place is not None]
    ends = dict(zip(starts, [*starts[1:], len(patches)], strict=False))
    return [None if place is None else _UNMERGED.sub(b"", patches[place : ends[place]]) for place in places]


def _places(patches: bytes, files: Sequence[Changed]) -> list[int | None]:
    places: list[int | None] = []
    at = 0
    for file in files:
        header = file.header
        place = 0 if at == 0 and patches.startswith(header) else patches.find(b"\n" + header, at) + 1
        found = place > 0 or (at == 0 and patches.startswith(header))
        places.append(place if found else None)
        at = place + len(header) - 1 if found else at
    return places
