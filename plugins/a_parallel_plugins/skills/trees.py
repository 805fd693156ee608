"""The id that git would give a directory: the list of installed skills holds it, so that changes show.

GitHub's id of a skill's folder is the same, which is what other tools write there.
"""

import hashlib
import os
from pathlib import Path


def tree_id(directory: Path) -> str:
    """Return the id of a directory as git's tree (gitformat-pack(5), SHA-1); empty directories do not count."""
    return _object("tree", _tree(directory)).hex()


def _tree(directory: Path) -> bytes:
    rows = []
    for child in directory.iterdir():
        if child.name == ".git":
            continue
        mode, content = _child(child)
        if content is not None:
            order = child.name + ("/" if mode == "40000" else "")
            rows.append((os.fsencode(order), f"{mode} ".encode() + os.fsencode(child.name) + b"\0" + content))
    return b"".join(row for _, row in sorted(rows))


def _child(path: Path) -> tuple[str, bytes | None]:
    if path.is_symlink():
        return "120000", _object("blob", os.fsencode(path.readlink()))
    if not path.is_file() and not path.is_dir():
        return "0", b""  # a pipe or the like, which git cannot hold: the id fits no installed skill
    if path.is_dir():
        inner = _tree(path)
        return "40000", _object("tree", inner) if inner else None
    mode = "100755" if path.stat().st_mode & 0o100 else "100644"
    return mode, _object("blob", path.read_bytes())


def _object(kind: str, content: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).digest()
