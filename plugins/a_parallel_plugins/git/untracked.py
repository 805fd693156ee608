"""Patches of files that git does not track yet: all of it is added (``http-core.md`` §7.8)."""

import os
import stat
from pathlib import Path

from a_parallel_plugins.git.patches import quoted

_LOOKED_AT = 8000
"""Bytes in which git looks for a NUL to tell binary files (gitattributes(5), "diff")."""


def patch(directory: Path, path: str, limit: int) -> bytes | None:
    """Return the patch that adds an untracked file; None if it has more than `limit` bytes or cannot be read."""
    try:
        mode = os.lstat(directory / path).st_mode
        if stat.S_ISLNK(mode):
            content = os.fsencode(os.readlink(directory / path))  # noqa: PTH115 - exactly what the link says
            return _added(path, "120000", content)
        if not stat.S_ISREG(mode):
            return b""
        with (directory / path).open("rb") as file:
            content = file.read(limit + 1)
    except OSError:
        return None
    if len(content) > limit:
        return None
    return _added(path, "100755" if mode & stat.S_IXUSR else "100644", content)


def _added(path: str, mode: str, content: bytes) -> bytes:
    old, new = quoted("a/", path), quoted("b/", path)
    head = b"diff --git " + old + b" " + new + b"\nnew file mode " + mode.encode() + b"\n"
    if b"\0" in content[:_LOOKED_AT]:
        return head + b"Binary files /dev/null and " + new + b" differ\n"
    if not content:
        return head
    lines = content.split(b"\n")
    missing = b"" if content.endswith(b"\n") else b"\n\\ No newline at end of file\n"
    lines = lines[:-1] if not missing else lines
    span = b"" if len(lines) == 1 else b",%d" % len(lines)
    body = b"\n".join(b"+" + line for line in lines) + (missing or b"\n")
    return head + b"--- /dev/null\n+++ " + new + b"\n@@ -0,0 +1" + span + b" @@\n" + body
