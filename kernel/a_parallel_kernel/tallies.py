"""SQLite keeps no tally of its memory: nobody asks for it, and all connections share the lock around it.

Each allocation takes that lock (https://sqlite.org/malloc.html, "Memory usage statistics"), so two readers that build
answers at once wait for each other a thousand times in each.
"""

import _sqlite3
import ctypes

SQLITE_CONFIG_MEMSTATUS = 9


def keep_no_tally() -> bool:
    """Switch the tally of this process off; tells whether it is.

    That is possible only while SQLite is not in use. Where the library has connections, or is part of the interpreter
    and cannot be reached, everything stays as it is.
    """
    place = getattr(_sqlite3, "__file__", None)
    try:
        library = ctypes.CDLL(place) if place else None
        return library is not None and _switch_off(library)
    except (AttributeError, OSError):  # the library does not show its functions
        return False


def _switch_off(library: ctypes.CDLL) -> bool:
    used = library.sqlite3_memory_used
    used.restype = ctypes.c_int64
    if used():  # connections hold memory
        return False
    library.sqlite3_shutdown()
    try:
        return bool(library.sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == 0)
    finally:
        library.sqlite3_initialize()
