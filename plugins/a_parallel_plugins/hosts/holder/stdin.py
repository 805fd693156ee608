"""What is written to the program, each piece once."""

import os
from collections.abc import Callable

from .program import Program
from .spool import PIECE

KEYS = 20_000
"""Keys that are remembered."""

QUEUED, DONE, BROKEN = b"-", b"D", b"B"


class Input:
    """Standard input of the program.

    Parameters:
        program: reads it.
        answer: tells the server what became of the write with a number.

    Attributes:
        keys: of everything that was accepted, with its state.
    """

    def __init__(self, program: Program, answer: Callable[[bytes, int], object]) -> None:
        self._program = program
        self._tell = answer
        self._queue: list[tuple[int, str, bytes]] = []
        self._finishing = False
        self.keys: dict[str, bytes] = {}

    @property
    def waiting(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._queue)

    def take(self, number: int, payload: bytes) -> None:
        """Accept a write, unless its key is known: then it was accepted before, perhaps from a server that is gone."""
        key, data = payload[1 : 1 + payload[0]].decode(), payload[1 + payload[0] :]
        state = self.keys.get(key)
        if state is not None:
            self._again(state, number, key)
        elif self._finishing:
            self._answer(BROKEN, number, "")
        else:
            self._accept(number, key, data)

    def _accept(self, number: int, key: str, data: bytes) -> None:
        if key:
            self.keys[key] = QUEUED
            if len(self.keys) > KEYS:
                del self.keys[next(iter(self.keys))]
        self._queue.append((number, key, data))

    def _again(self, state: bytes, number: int, key: str) -> None:
        if state != QUEUED:
            self._tell(state, number)
        self._queue = [(number if key == known else old, known, data) for old, known, data in self._queue]

    def write(self) -> bool:
        """Write what goes in now; False if nothing more will."""
        number, key, data = self._queue[0]
        try:
            count = os.write(self._program.stdin, data[:PIECE])
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        if count < len(data):
            self._queue[0] = (number, key, data[count:])
            return True
        del self._queue[0]
        self._answer(DONE, number, key)
        return bool(self._queue or not self._finishing)

    def finish(self) -> None:
        """Send end of file after what waits."""
        self._finishing = True
        if not self._queue:
            self.close()

    def close(self) -> None:
        """Close now; what waits finds nobody."""
        self._finishing = True
        if self._program.stdin >= 0:
            os.close(self._program.stdin)
            self._program.stdin = -1
        for number, key, _ in self._queue:
            self._answer(BROKEN, number, key)
        self._queue.clear()

    def forget_numbers(self) -> None:
        """The server that gave the numbers is gone."""
        self._queue = [(0, key, data) for _, key, data in self._queue]

    def _answer(self, state: bytes, number: int, key: str) -> None:
        if key in self.keys:
            self.keys[key] = state
        if number:
            self._tell(state, number)
