"""The plain programs that are the limits, and what measures from outside, as processes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from bench.report import Pair


class Program:
    """A plain program that prints ``ready PORT`` and ends with its standard input."""

    def __init__(self, module: str, *words: str) -> None:
        command = [sys.executable, "-m", f"bench.limits.{module}", *words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.address = f"127.0.0.1:{self._process.stdout.readline().split()[1]}"

    def say(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Close its standard input and wait for its end."""
        self._process.communicate("", 10)


@contextmanager
def program(module: str, *words: str) -> Iterator[Program]:
    """Run one of `bench.limits`."""
    running = Program(module, *words)
    try:
        yield running
    finally:
        running.end()


@dataclass(frozen=True, slots=True)
class Question:
    """A GET that is asked over and over.

    Attributes:
        url: whole address.
        token: of the one who asks.
        etag: what the answer 304 is expected for; without it the answer is 200.
    """

    url: str
    token: str = ""
    etag: str = ""


def requests_a_second(ours: Question, limit: Question) -> list[Pair]:
    """Return how many requests eight connections get answered in a second, in turns, asked by a process of its own."""
    words = [sys.executable, "-m", "bench.load", json.dumps([asdict(limit), asdict(ours)])]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, timeout=300)
    return [Pair(ours=second, limit=first) for first, second in json.loads(done.stdout)]


class Listeners:
    """Sockets in a process of their own that count what they are told.

    Parameters:
        url: of the server's ``/ws``.
        sockets: how many connect.
        ends: how many frames with `END` each of them waits for.
        end: a text near the beginning of the frames that count as ends.
        begin: one near the beginning of the frame with which the time begins.
    """

    def __init__(
        self, url: str, sockets: int, ends: int, end: str = '"agent:result"', begin: str = '"agent:message"'
    ) -> None:
        words = [sys.executable, "-m", "bench.clients", url, str(sockets), str(ends), end, begin]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "connected\n"

    def outcome(self) -> dict[str, Any]:
        """Wait until every socket has seen all ends, and return what was counted."""
        assert self._process.stdout is not None
        counted: dict[str, Any] = json.loads(self._process.stdout.readline())
        self._process.wait(10)
        return counted

    def stop(self) -> None:
        """End it before it has seen what it waits for."""
        self._process.kill()
        self._process.wait()
