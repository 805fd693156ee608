"""Reading what ps(1) prints on macOS."""

import os

from a_parallel_contracts.hosts import Owner
from a_parallel_plugins.hosts import ps
from a_parallel_plugins.hosts.marker import Marker

TABLE = """\
    1     0     1 Ss   Mon Jul  6 09:12:01 2026
  501     1   501 S+   Tue Jul 14 10:00:59 2026
  777   501   501 Z    Tue Jul 14 10:01:00 2026
"""

COMMANDS = """\
    1 /sbin/launchd
  501 /opt/bin/claude --print TERM=xterm A_PARALLEL_MARKER=d1:agent:t1:s1:l1 HOME=/Users/me
  502 node server.js A_PARALLEL_MARKER=d0:agent:t0:s0:l0 d1:agent:t%3A1:s1:l2 PATH=/bin
  503 grep A_PARALLEL_MARKER
"""


def test_processes_are_read() -> None:
    assert ps.parse_rows(TABLE) == [
        (1, 0, 1, "Ss", "Mon Jul 6 09:12:01 2026"),
        (501, 1, 501, "S+", "Tue Jul 14 10:00:59 2026"),
        (777, 501, 501, "Z", "Tue Jul 14 10:01:00 2026"),
    ]


def test_markers_are_found_in_environments() -> None:
    assert ps.parse_markers(COMMANDS) == {
        501: (Marker("d1", Owner("agent", "t1"), "s1", "l1"),),
        502: (Marker("d0", Owner("agent", "t0"), "s0", "l0"), Marker("d1", Owner("agent", "t:1"), "s1", "l2")),
    }


def test_this_process_is_in_the_table() -> None:
    [(pid, parent, group, session, start, _)] = [row for row in ps.table() if row[0] == os.getpid()]
    assert (pid, parent, group, session) == (os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0))
    assert start == ps.started(pid)
    assert ps.started(2**22 + 1) is None
