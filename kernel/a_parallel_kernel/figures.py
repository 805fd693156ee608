"""Counts what the kernel does, at the price of a dictionary's entry for each request and event."""

from bisect import bisect_left
from collections import Counter, defaultdict

from a_parallel_contracts.events import Event
from a_parallel_kernel.endpoints import Endpoint

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper ends of the classes of latencies, in seconds; the last class has none."""

UNMATCHED = "unmatched"
"""Stands for the route of requests that no plugin answers: their paths may be anything."""


class Latencies:
    """How many calls took how long.

    Attributes:
        classes: calls in each class of `BOUNDS`, and beyond the last bound.
        seconds: of all together.
    """

    __slots__ = ("classes", "seconds")

    def __init__(self) -> None:
        self.classes = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one call."""
        self.classes[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    @property
    def count(self) -> int:
        """All calls."""
        return sum(self.classes)


class Visit:
    """One request on its way.

    Attributes:
        endpoint: the route that answers it, once it is found.
    """

    __slots__ = ("endpoint",)

    def __init__(self) -> None:
        self.endpoint: Endpoint | None = None


class RequestFigures:
    """Answers by method, route and status.

    Attributes:
        answers: by these three; the route is its path as it was declared.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str, int], Latencies] = {}

    def count(self, endpoint: Endpoint | None, status: int, seconds: float) -> None:
        """Count one answer; there may have been no route for it."""
        key = (UNMATCHED, UNMATCHED, status)
        if endpoint is not None:
            key = (endpoint.route.method, endpoint.route.path, status)
        found = self.answers.get(key)
        if found is None:
            found = self.answers[key] = Latencies()
        found.add(seconds)


class EventFigures:
    """Events by class, and the time that plugins take to handle them.

    Attributes:
        published: number by class.
        seconds: by id of the plugin that handled them; waiting counts.
    """

    def __init__(self) -> None:
        self.published: Counter[type[Event]] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def hear(self, event: Event) -> None:
        """Count an event; to be tapped into the bus."""
        self.published[type(event)] += 1


class SocketFigures:
    """What became of sockets.

    Attributes:
        opened: all that there were.
        closed: by the code with which the server closed them; 1013 means that one was too slow.
        ignored: messages that nobody understood.
    """

    def __init__(self) -> None:
        self.opened = 0
        self.closed: Counter[int] = Counter()
        self.ignored = 0

    def ended(self, code: int | None, ignored: int) -> None:
        """Count the end of a socket; without a code the client went by itself."""
        if code is not None:
            self.closed[code] += 1
        self.ignored += ignored
