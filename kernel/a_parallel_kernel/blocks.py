"""Memory that is free goes back to the system.

glibc raises the size from which blocks are mapped alone, up to 32 MiB, whenever such a block is freed, and keeps twice
as much at the end of its heap (mallopt(3), "M_MMAP_THRESHOLD"). After one large text a server would keep a hundred
megabytes for the next. Fixed bounds, with the names of mallopt(3), prevent that; other C libraries need none.
"""

import ctypes

M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
LARGE = 1024 * 1024
"""Bytes of a block that is mapped alone, and so is given back when it is freed.

More than the 256 KiB that asyncio makes room for at each reading of a socket: mapping those costs a request a fifth of
its time.
"""
SPARE = 2 * 1024 * 1024
"""Bytes that may stay free at the end of the heap."""


def give_back_large_blocks() -> bool:
    """Set the bounds of this process; tells whether there are such bounds."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(M_MMAP_THRESHOLD, LARGE) and mallopt(M_TRIM_THRESHOLD, SPARE))
