"""The state machine goes on from its memory on another server as if nothing had happened."""

import itertools
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from a_parallel_contracts.agents import (
    AgentEvent,
    Exited,
    Idle,
    ModeChanged,
    PromptProgress,
    RequestKind,
    RequestOpened,
    RequestWithdrawn,
    SessionStarted,
    TextProduced,
    ThinkingProduced,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_contracts.threads import PermissionMode
from a_parallel_plugins.agents.changes import OutputSet, TextAdded, TextChanged, ThinkingAdded, ToolCallAdded
from a_parallel_plugins.agents.machine import Machine
from a_parallel_plugins.agents.phases import Effect, Phase

IDS = st.sampled_from(["m1", "m2"])
USES = st.sampled_from(["u1", "u2", "u3"])
TEXTS = st.sampled_from(["a", "a b", "a b c", ""])
KINDS = st.sampled_from(list(RequestKind))
NAMES = st.sampled_from(["Bash", "AskUserQuestion", "ExitPlanMode"])

EVENTS = st.one_of(
    st.builds(TextProduced, IDS, TEXTS, st.booleans()),
    st.builds(ThinkingProduced, IDS, TEXTS, st.booleans()),
    st.builds(ToolCalled, USES, IDS, NAMES, st.just({"questions": [{"question": "Why?"}]})),
    st.builds(ToolFinished, USES, st.sampled_from(["out", "requested permissions to use Bash", ""]), st.booleans()),
    st.builds(
        RequestOpened, st.sampled_from(["r1", "r2"]), KINDS, NAMES, st.just({"x": 1}), USES, st.just(({"s": 1},))
    ),
    st.builds(RequestWithdrawn, st.sampled_from(["r1", "r2"])),
    st.builds(PromptProgress, st.sampled_from(["p1", "p2"]), st.sampled_from(["started", "completed", "cancelled"])),
    st.builds(ModeChanged, st.sampled_from(list(PermissionMode))),
    st.builds(SessionStarted, st.sampled_from(["s1", "s2"])),
    st.builds(
        TurnEnded,
        st.sampled_from(["success", "error_max_turns"]),
        st.just("r"),
        st.just(0.5),
        st.just("s1"),
        st.just(5.0),
        st.sampled_from([(), ("Bash",)]),
    ),
    st.just(Idle()),
    st.just(Exited(0)),
)
USER = st.sampled_from(["message", "answer"])


class Shown:
    """What a machine's changes and effects come to; when text was written in between does not matter."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.thinking: dict[str, list[str]] = {}
        self.calls: dict[str, tuple[str, str, int]] = {}
        self.by_use: dict[str, str] = {}
        self.outputs: dict[str, str] = {}
        self.rest: list[Any] = []
        self.effects: list[Effect] = []

    def take(self, subject: Machine) -> None:
        changes, effects = subject.take()
        self.effects += effects
        self.add(changes)

    def add(self, changes: list[Any]) -> None:
        for change in changes:
            match change:
                case TextAdded():
                    assert change.message_id not in self.rows
                    self.rows[change.message_id] = change.content
                case TextChanged():
                    assert change.message_id in self.rows
                    self.rows[change.message_id] = change.content
                case ThinkingAdded():
                    self.thinking.setdefault(change.message_id, []).append(change.text)
                case ToolCallAdded():
                    self.calls[change.tool_call_id] = (change.tool_use_id, change.name, len(self.rows))
                    self.by_use[change.tool_use_id] = change.tool_call_id
                case OutputSet():
                    self.outputs[change.tool_call_id] = change.output
                case _:
                    self.rest.append(change)

    @property
    def whole(self) -> tuple[Any, ...]:
        """All of it without ids."""
        place = {id: number for number, id in enumerate(self.rows)}
        calls = list(self.calls.values())
        outputs = {self.calls[id][0]: output for id, output in self.outputs.items()}
        thinking = {place[id]: texts for id, texts in self.thinking.items()}
        return list(self.rows.values()), thinking, calls, outputs, self.rest, self.effects


def fresh(calls: dict[str, str], first: int) -> Machine:
    numbers = itertools.count(first)
    return Machine(1, ("p1",), resumed=False, calls=calls, next_generation=lambda: next(numbers))


def moved(subject: Machine, shown: Shown, at: float) -> Machine:
    """Return a machine on another server that goes on from the memory of this one."""
    assert not subject.unwritten
    memory = orjson.loads(orjson.dumps(subject.memory))
    other = fresh(dict(shown.by_use), subject.generation + 1)
    other.restore(memory, at)
    assert orjson.loads(orjson.dumps(other.memory)) == memory
    return other


def play(events: list[AgentEvent | str], cuts: set[int]) -> Shown:
    subject, shown, prompts = fresh({}, 2), Shown(), itertools.count(2)
    for index, event in enumerate(events):
        at = float(index)
        if event == "message":
            prompt = f"p{next(prompts)}"
            subject.user_message(prompt, at)
            subject.fates.taken(prompt)
        elif event == "answer":
            if subject.waits.first is not None:
                for changes in subject.answered(subject.waits.first, at):
                    shown.add(changes)
        else:
            assert not isinstance(event, str)
            subject.feed(event, at)
        subject.tick(at)
        shown.take(subject)
        if index in cuts and subject.phase is not Phase.GONE:  # then nothing is kept
            subject = moved(subject, shown, at)
    subject.tick(len(events) + 100.0)
    shown.take(subject)
    return shown


@settings(max_examples=150, deadline=None)
@given(events=st.lists(st.one_of(EVENTS, EVENTS, EVENTS, USER), max_size=25), data=st.data())
def test_a_machine_that_moves_between_servers_comes_to_the_same(events: list[AgentEvent | str], data: Any) -> None:
    cuts = data.draw(st.sets(st.integers(0, max(0, len(events) - 1)), max_size=4))
    assert play(events, cuts).whole == play(events, set()).whole
