"""The program that floods a terminal."""

MEGABYTES = 50
LINE = "x" * 99
END = "BENCH" + "-DONE"
COMMAND = f"yes {LINE} | head -c {MEGABYTES}000000; printf 'BENCH-%s\\n' DONE"
"""The end is put together by printf, so that the echo of the command does not look like it."""
