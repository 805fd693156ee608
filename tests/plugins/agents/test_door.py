"""The fair queue: bounds, turns, memory."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from a_parallel_plugins.agents.door import MEMORY_DELAY, Door, Entry, Limits, Party


class Hall:
    """A door whose agents, memory and clock the test plays."""

    def __init__(self, limits: Limits) -> None:
        self.at_work: list[Party] = []
        self.free: int | None = None
        self.time = 0.0
        self.granted: list[str] = []
        self.parties: dict[str, Party] = {}
        self.door = Door(limits, busy=self._busy, memory=lambda: self.free, clock=lambda: self.time)

    def _busy(self) -> Iterator[Party]:
        yield from self.at_work

    def ask(self, key: str, owner: str = "u", project: str = "p") -> None:
        self.parties[key] = Party(owner, project)

        def grant() -> None:
            self.granted.append(key)
            self.at_work.append(self.parties[key])

        self.door.join(Entry(key, self.parties[key], grant))
        self.door.settled(key)

    def end(self, key: str) -> None:
        self.at_work.remove(self.parties[key])
        self.door.admit()

    def drain(self) -> list[str]:
        """End one agent after the other, oldest first, and return the order in which all were admitted."""
        done = 0
        while done < len(self.granted):
            self.door.settled(self.granted[done])
            self.end(self.granted[done])
            done += 1
        return self.granted

    def line(self) -> list[str]:
        return [key for key, _ in self.door.places()]


def test_users_take_turns_and_so_do_their_projects() -> None:
    hall = Hall(Limits(runs=1))
    hall.ask("first")
    for number in range(4):
        hall.ask(f"a{number}", "ada", "one")
    hall.ask("a-other", "ada", "two")
    hall.ask("b0", "bob", "three")
    hall.ask("b1", "bob", "three")
    hall.door.settled("first")

    expected = ["a0", "b0", "a-other", "b1", "a1", "a2", "a3"]
    assert hall.line() == expected
    assert hall.drain() == ["first", *expected]


def test_a_bound_of_one_user_holds_nobody_else_up() -> None:
    hall = Hall(Limits(runs=10, per_user=1, per_project=2))
    hall.ask("a0", "ada", "one")
    hall.ask("a1", "ada", "one")
    hall.ask("b0", "bob", "one")
    hall.ask("c0", "cleo", "one")

    assert hall.granted == ["a0", "b0"]
    assert hall.door.places() == [("a1", "user"), ("c0", "project")]
    hall.end("b0")
    assert hall.granted == ["a0", "b0", "c0"]


def test_memory_that_agents_will_take_counts_until_they_have_taken_it() -> None:
    hall = Hall(Limits(runs=10, memory=100, run_memory=50))
    hall.free = 210
    for key in "abcd":
        hall.ask(key)

    assert hall.granted == ["a", "b"]
    assert hall.door.places() == [("c", "memory"), ("d", "memory")]
    hall.time = MEMORY_DELAY + 1
    hall.free = 160
    hall.door.admit()
    assert hall.granted == ["a", "b", "c"]


def test_one_agent_may_always_work() -> None:
    hall = Hall(Limits(runs=10, memory=100, run_memory=50))
    hall.free = 0
    hall.ask("a")
    hall.ask("b")

    assert hall.granted == ["a"]
    hall.end("a")
    assert hall.granted == ["a", "b"]


def test_who_leaves_is_not_admitted() -> None:
    hall = Hall(Limits(runs=1))
    for key in "abc":
        hall.ask(key)
    hall.door.leave("b")
    assert hall.drain() == ["a", "c"]


def test_what_begins_counts_although_its_agent_is_not_there_yet() -> None:
    door = Door(Limits(runs=1), busy=list, memory=lambda: None, clock=lambda: 0.0)
    granted: list[str] = []
    for key in "ab":
        door.join(Entry(key, Party("u", "p"), lambda: granted.append("x")))
    assert (granted, door.running, door.waiting) == (["x"], 1, 1)
    door.settled("a")
    assert len(granted) == 2


ASKS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=40)


@given(ASKS, st.integers(1, 3))
def test_everybody_is_admitted_within_the_bound_and_nobody_waits_for_more_than_a_round(
    asks: list[tuple[str, str]], runs: int
) -> None:
    hall = Hall(Limits(runs=runs))
    for number, (owner, project) in enumerate(asks):
        hall.ask(str(number), owner, project)
        assert len(hall.at_work) <= runs
    waited = hall.line()
    admitted = hall.drain()

    assert sorted(admitted, key=int) == [str(number) for number in range(len(asks))]
    assert admitted[len(admitted) - len(waited) :] == waited
    for place, key in enumerate(waited):
        owner = hall.parties[key].owner
        before = Counter(hall.parties[other].owner for other in waited[:place])
        others = [count for other, count in before.items() if other != owner]
        assert all(count <= before[owner] + 1 for count in others), "somebody was served twice in a round"
