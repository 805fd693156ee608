"""The end of what a terminal has shown, for pages that pick it up again."""

from collections import deque

LIMIT = 64 * 1024
"""Characters: a screenful, with its colours."""


class Recent:
    """Keeps at least the last `limit` characters, and not much more."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._texts: deque[str] = deque()
        self._length = 0
        self._cut = False

    def add(self, text: str) -> None:
        """Take what was shown."""
        self._texts.append(text)
        self._length += len(text)
        while self._length - len(self._texts[0]) >= self._limit:
            self._length -= len(self._texts.popleft())
            self._cut = True

    @property
    def text(self) -> str:
        """At most `limit` characters; if something is left out, whole lines, so that no control sequence is cut."""
        whole = "".join(self._texts)
        if not self._cut and len(whole) <= self._limit:
            return whole
        end = whole[-self._limit :]
        return end[end.find("\n") + 1 :]
