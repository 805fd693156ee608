"""Random lives of threads: people, agents, crashes and restarts in any order.

What must hold after each step: rows and events agree, no thread runs without a process, no acknowledged
message is lost, none reaches an agent twice, and they keep their order.
"""

import asyncio
import itertools
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from a_parallel_contracts import ApiError, FailedDependency
from a_parallel_contracts.agents import (
    Idle,
    RequestKind,
    RequestOpened,
    RequestWithdrawn,
    StartRequest,
    TextProduced,
    ThinkingProduced,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_contracts.threads import UNFINISHED, Thread
from a_parallel_plugins.agents import delivery, machine, outbox, phases
from tests.plugins.agents.client import Client, Shown
from tests.plugins.agents.fake import FakeSession
from tests.plugins.agents.house import House, make_template
from tests.support.examples import examples

THREADS = st.integers(0, 1)
ASKING = {
    RequestKind.QUESTION: "AskUserQuestion",
    RequestKind.PLAN: "ExitPlanMode",
    RequestKind.PERMISSION: "Bash",
}
WORDS = st.sampled_from(["Continue", "Plan accepted", "No, do not proceed with that action.", "blue", "go on"])


class Lives(RuleBasedStateMachine):
    """Two threads on one server."""

    template: ClassVar[Path]
    max_runs: ClassVar[int] = 8

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.numbers = itertools.count(1)
        self.client = Client()
        self.threads: list[Thread] = []
        self.accepted: dict[str, list[str]] = {}
        self.answered: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.seen_events = 0

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        root = Path(self.directory.name)
        self.house = House(root, self.template, root, self.max_runs)
        self.do(self._open())

    async def _open(self) -> None:
        await self.house.open()
        for _ in range(2 - len(self.threads)):
            thread = await self.house.create("a thread")
            self.threads.append(thread)
            self.accepted[thread.id] = []

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.do(self.house.shut_down())
        self.loop.close()
        self.directory.cleanup()

    # --- looking ----------------------------------------------------------------------------------

    def session(self, index: int) -> FakeSession | None:
        """The live session of a thread."""
        live = self.house.runs.lives.get(self.threads[index].id)
        session = live.session if live is not None else None
        assert session is None or isinstance(session, FakeSession)
        return session if session is not None and not session.gone else None

    def act(self, index: int, *events: Any) -> None:
        """Let the agent of a thread report something, if there is one."""
        session = self.session(index)
        if session is not None:
            if session.run.prompt.id not in session._started:
                session.begin()
            session.emit(*events)
            self.do(self.house.settle())

    # --- people -----------------------------------------------------------------------------------

    async def _send(self, thread: Thread, text: str) -> None:
        answers = self._answers()
        try:
            await self.house.agents.send(thread, StartRequest(text=text))
        except ApiError:
            self.refused.add(text)
            return
        finally:
            await self.house.settle()
        self.accepted[thread.id].append(text)
        if self._answers() > answers:
            self.answered[text] += 1

    def _answers(self) -> int:
        return sum(len(session.answers) for session in self.house.provider.sessions)

    @rule(index=THREADS, words=WORDS)
    def say(self, index: int, words: str) -> None:
        text = words if words in {"Continue", "Plan accepted"} else f"{words} {next(self.numbers)}"
        self.do(self._send(self.threads[index], text))

    @rule(index=THREADS, count=st.integers(2, 4))
    def say_several_at_once(self, index: int, count: int) -> None:
        texts = [f"together {next(self.numbers)}" for _ in range(count)]

        async def together() -> None:
            await asyncio.gather(*(self._send(self.threads[index], text) for text in texts))

        if not self._waits(index):
            self.do(together())

    def _waits(self, index: int) -> bool:
        live = self.house.runs.lives.get(self.threads[index].id)
        return live is not None and live.machine.waits.first is not None

    @rule(index=THREADS)
    def say_while_a_request_is_withdrawn(self, index: int) -> None:
        session = self.session(index)
        if session is None or not session.open_requests:
            return
        request = min(session.open_requests)
        session.open_requests.discard(request)
        self.do(self._send(self.threads[index], f"too late {next(self.numbers)}"))
        self.act(index, RequestWithdrawn(request))

    @rule(index=THREADS, approved=st.booleans())
    def approve(self, index: int, approved: bool) -> None:
        live = self.house.runs.lives.get(self.threads[index].id)
        if live is None or live.machine.waits.permission("Bash") is None:
            return
        work = self.house.agents.approve(
            self.threads[index], "Bash", StartRequest(text=""), approved=approved, remember=None
        )
        self.do(work)
        self.do(self.house.settle())

    @rule(index=THREADS)
    def stop(self, index: int) -> None:
        thread = self.threads[index]
        before = self.do(self.house.threads.get(thread.id)).status
        self.do(self.house.agents.stop(thread.id))
        self.do(self.house.settle())
        after = self.do(self.house.threads.get(thread.id)).status
        assert after == ("stopped" if before in UNFINISHED else before)
        assert self.session(index) is None

    @rule(index=THREADS)
    def interrupt(self, index: int) -> None:
        session = self.session(index)
        if session is not None and session.open_requests:
            for request in sorted(session.open_requests):
                session.emit(RequestWithdrawn(request))
            session.open_requests.clear()
        self.do(self.house.agents.interrupt(self.threads[index]))
        self.do(self.house.settle())

    # --- agents -----------------------------------------------------------------------------------

    @rule(index=THREADS)
    def agent_begins(self, index: int) -> None:
        session = self.session(index)
        if session is not None:
            session.begin()
            self.do(self.house.settle())

    @rule(index=THREADS, message=st.integers(0, 2), partial=st.booleans())
    def agent_speaks(self, index: int, message: int, partial: bool) -> None:
        text = f"text {next(self.numbers)}"
        self.act(index, TextProduced(f"m{message}-{next(self.numbers)}", text, partial))

    @rule(index=THREADS)
    def agent_thinks(self, index: int) -> None:
        self.act(index, ThinkingProduced(f"m{next(self.numbers)}", "hm"))

    @rule(index=THREADS, fails=st.booleans())
    def agent_uses_a_tool(self, index: int, fails: bool) -> None:
        use = f"t{next(self.numbers)}"
        output = "permission denied" if fails else "fine"
        self.act(index, ToolCalled(use, f"m{next(self.numbers)}", "Read", {}), ToolFinished(use, output, fails))

    @rule(index=THREADS, kind=st.sampled_from(list(RequestKind)), called=st.booleans())
    def agent_asks(self, index: int, kind: RequestKind, called: bool) -> None:
        session, number = self.session(index), next(self.numbers)
        if session is None or session.closed:
            return
        use = f"t{number}"
        call = [ToolCalled(use, f"m{number}", ASKING[kind], {})] if called else []
        self.act(index, *call, RequestOpened(f"r{number}", kind, ASKING[kind], {}, use))

    @rule(index=THREADS)
    def agent_withdraws(self, index: int) -> None:
        session = self.session(index)
        if session is not None and session.open_requests:
            request = min(session.open_requests)
            session.open_requests.discard(request)
            self.act(index, RequestWithdrawn(request))

    @rule(index=THREADS, outcome=st.sampled_from(["success", "error_max_turns"]), cost=st.integers(0, 9))
    def agent_ends_its_turn(self, index: int, outcome: str, cost: int) -> None:
        session = self.session(index)
        if session is None or session.open_requests:
            return
        events: list[Any] = [TurnEnded(outcome, None, cost / 4, "session-1", 5)]
        waiting = [prompt for prompt in session.sent if prompt.id not in session._started]
        self.act(index, *events, *([] if waiting else [Idle()]))

    @rule(index=THREADS, status=st.sampled_from([0, 0, 1, -9]))
    def agent_exits(self, index: int, status: int) -> None:
        session = self.session(index)
        if session is not None:
            session.exit(status, "gone")
            self.do(self.house.settle())

    @rule(index=THREADS, takes=st.booleans())
    def agent_takes_messages_or_not(self, index: int, takes: bool) -> None:
        session = self.session(index)
        if session is not None:
            session.takes = takes

    @rule(index=THREADS)
    def say_when_no_agent_can_be_started(self, index: int) -> None:
        self.house.provider.failure = FailedDependency("Failed to start agent", extra={"message": "not today"})
        self.do(self._send(self.threads[index], f"in vain {next(self.numbers)}"))
        self.house.provider.failure = None

    # --- the server -------------------------------------------------------------------------------

    @rule(index=THREADS, status=st.sampled_from([0, 1]))
    def agent_exits_with_messages_unseen(self, index: int, status: int) -> None:
        self.say_several_at_once(index, 2)
        session = self.session(index)
        if session is not None:
            self.act(index, *[RequestWithdrawn(request) for request in session.open_requests])
            self.act(index, *([TurnEnded("success")] if status == 0 else []))
            session.exit(status)
            self.do(self.house.settle())

    @rule(crashes=st.booleans())
    def server_starts_again(self, crashes: bool) -> None:
        self.do(self.house.crash() if crashes else self.house.shut_down())
        self._follow()
        self.do(self._open())
        for thread in self.threads:  # the client loads everything anew
            current = self.do(self.house.threads.get(thread.id))
            shown = self.client.threads.setdefault(thread.id, Shown())
            shown.status, shown.stage, shown.over = current.status, current.stage, False
            shown.runs = shown.ended = 0

    # --- what must hold ---------------------------------------------------------------------------

    def _follow(self) -> None:
        for event in self.house.events[self.seen_events :]:
            self.client.take(event)
        self.seen_events = len(self.house.events)

    @invariant()
    def rows_and_events_agree(self) -> None:
        if not self.threads:
            return
        self._follow()
        for thread in self.threads:
            current = self.do(self.house.threads.get(thread.id))
            shown = self.client.threads.get(thread.id, Shown())
            assert current.status == shown.status
            assert shown.stage in (None, current.stage)
            assert (current.completed_at is None) == (current.status in {"pending", "running", "waiting"})
            messages = {message.id: message for message in self.do(self.house.threads.messages(thread.id))}
            for message_id, text in shown.texts.items():
                assert messages[message_id].content == text
            calls = {call.id: call.output for message in messages.values() for call in message.tool_calls}
            for call_id, output in shown.calls.items():
                assert calls[call_id] == output

    @invariant()
    def no_thread_runs_without_a_process(self) -> None:
        self._follow()
        for thread in self.threads:
            current = self.do(self.house.threads.get(thread.id))
            if current.status == "running":
                live = self.house.runs.lives.get(thread.id)
                assert live is not None
                assert isinstance(live.session, FakeSession)
                assert not live.session.gone
            shown = self.client.threads.get(thread.id, Shown())
            assert shown.runs - shown.ended == (current.status == "running" or self._held(thread))

    def _held(self, thread: Thread) -> bool:
        live = self.house.runs.lives.get(thread.id)
        return live is not None and live.machine.phase is phases.Phase.RUNNING and live.machine.waits.first is not None

    @invariant()
    def no_message_is_lost_or_delivered_twice(self) -> None:
        for thread in self.threads:
            messages = self.do(self.house.threads.messages(thread.id))
            stored = [message.content for message in messages if message.role == "user"]
            for text in self.accepted[thread.id]:
                assert text in stored
            begun = Counter(self._begun(thread))
            assert not {text for text in begun if text[-1].isdigit()} & self.refused, "a refused message was delivered"
            waiting = self.do(self.house.db.run(partial(outbox.waiting, thread_id=thread.id)))
            unseen = Counter(_own(entry.prompt.text) for entry in waiting)
            for text, count in Counter(self.accepted[thread.id]).items():
                assert begun[text] + self.answered[text] + unseen[text] >= count, f"{text!r} is lost"
                if " " in text and text[-1].isdigit():
                    assert begun[text] + self.answered[text] <= 1, f"{text!r} was delivered twice"

    def _begun(self, thread: Thread) -> list[str]:
        """What the agents of a thread began with, in order."""
        sessions = [session for session in self.house.provider.sessions if session.run.thread.id == thread.id]
        return [_own(prompt.text) for s in sessions for prompt in s.sent if prompt.id in s._started]

    @invariant()
    def messages_reach_the_agents_in_order(self) -> None:
        for thread in self.threads:
            sent = [text for text in self.accepted[thread.id] if text[-1].isdigit()]
            begun = [text for text in self._begun(thread) if text in sent]
            assert begun == sorted(begun, key=sent.index)

    @precondition(lambda self: self.threads)
    @rule()
    def everything_comes_to_rest(self) -> None:
        """Agents that do what agents do bring every message home and every thread to an end."""
        for _ in range(4):
            for index in range(2):
                self._be_good(index)
        for index, thread in enumerate(self.threads):
            self.do(self._send(thread, f"at last {next(self.numbers)}"))
            for _ in range(8):
                self._be_good(index)
            assert self.do(self.house.threads.get(thread.id)).status == "completed"
            assert self.do(self.house.db.run(partial(outbox.waiting, thread_id=thread.id))) == []
            assert thread.id not in self.house.runs.lives

    def _be_good(self, index: int) -> None:
        session = self.session(index)
        if session is None:
            return
        session.takes = True
        for request in sorted(session.open_requests):
            session.emit(RequestWithdrawn(request))
        session.open_requests.clear()
        session.begin()
        use = f"t{next(self.numbers)}"
        session.emit(ToolCalled(use, use, "Read", {}), ToolFinished(use, "fine"), TurnEnded("success"), Idle())
        self.do(self.house.settle())


def _own(text: str) -> str:
    """The user's own words, below what the agent is told before them."""
    return text.rpartition("\n\n")[2]


@pytest.fixture(scope="module", autouse=True)
def _surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the database once, and let nobody wait."""
    Lives.template = tmp_path_factory.mktemp("template") / "data.db"
    make_template(Lives.template, Lives.template.parent)
    patch = pytest.MonkeyPatch()
    patch.setattr(machine, "PATIENCE", 0.0)
    patch.setattr(delivery, "REQUEST_PATIENCE", 0.05)
    yield
    patch.undo()


Lives.TestCase.settings = settings(
    max_examples=examples(24),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Queued(Lives):
    """Two threads of which only one may be at work."""

    max_runs = 1


Queued.TestCase.settings = settings(Lives.TestCase.settings, max_examples=examples(10))
TestLives = Lives.TestCase
TestQueued = Queued.TestCase
