"""The state machine alone: events in, changes and effects out."""

import itertools
from typing import Any

import pytest

from a_parallel_contracts.agents import (
    AgentEvent,
    Exited,
    Idle,
    PromptProgress,
    RequestKind,
    RequestOpened,
    RequestWithdrawn,
    SessionStarted,
    TextProduced,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_plugins.agents.changes import (
    CostSeen,
    OutputSet,
    PromptsSeen,
    RunningShown,
    SessionForgotten,
    TextAdded,
    TextChanged,
    ToolCallAdded,
    WaitingShown,
)
from a_parallel_plugins.agents.machine import Machine
from a_parallel_plugins.agents.outcomes import RunBegun, RunEndedEarly, RunFailed, RunSettled
from a_parallel_plugins.agents.phases import Effect, Phase

SESSION = SessionStarted("s1")


def machine(*opening: str, resumed: bool = False, calls: dict[str, str] | None = None) -> Machine:
    numbers = itertools.count(2)
    return Machine(1, opening or ("p1",), resumed=resumed, calls=calls or {}, next_generation=lambda: next(numbers))


def play(subject: Machine, *events: AgentEvent, at: float = 0.0) -> tuple[list[Any], list[Effect]]:
    """Feed events that come at once, as the pump does."""
    for event in events:
        subject.feed(event, at)
    subject.tick(at)
    return subject.take()


def kinds(changes: list[Any]) -> list[str]:
    return [type(change).__name__ for change in changes]


def test_a_turn_settles_when_the_agent_is_idle() -> None:
    subject = machine()
    changes, effects = play(
        subject, SESSION, TextProduced("m1", "Hi"), TurnEnded("success", "Hi", 0.5, "s1", 7), Idle()
    )

    assert kinds(changes) == ["SessionSeen", "PromptsSeen", "TextAdded", "CostSeen", "RunSettled"]
    assert changes[-1] == RunSettled(1, "completed", 7, result="Hi")
    assert effects == [Effect.CLOSE]
    assert subject.phase is Phase.SETTLED


def test_a_result_alone_settles_nothing() -> None:
    subject = machine()
    changes, effects = play(subject, SESSION, TurnEnded("success", None, 0.5))
    assert (kinds(changes), effects) == (["SessionSeen", "PromptsSeen", "CostSeen"], [])
    assert changes[2] == CostSeen("s1", 0.5)
    assert subject.phase is Phase.RUNNING


@pytest.mark.parametrize("outcome", ["error_max_turns", "error_during_execution", "error_max_budget_usd"])
def test_any_other_outcome_fails(outcome: str) -> None:
    changes, _ = play(machine(), SESSION, TextProduced("m", "x"), TurnEnded(outcome), Idle())
    assert changes[-1] == RunSettled(1, "failed", 0, error_reason=outcome)


def test_an_exit_without_a_result_fails_and_names_the_status() -> None:
    (failure,) = [c for c in play(machine(), SESSION, Exited(2, "no memory"))[0] if isinstance(c, RunFailed)]
    assert failure.generation == 1
    assert "without a result (exit status 2): no memory" in failure.error


def test_an_exit_after_a_result_settles_by_it() -> None:
    changes, effects = play(machine(), SESSION, TurnEnded("success"), Exited(1))
    assert changes[-1] == RunSettled(1, "completed", 0)
    assert effects == []


def test_an_exit_in_the_middle_of_a_later_turn_fails() -> None:
    changes, _ = play(machine(), SESSION, TurnEnded("success"), TextProduced("m2", "More"), Exited(1))
    assert kinds(changes)[-1] == "RunFailed"


def test_the_end_of_an_agent_that_is_being_stopped_is_no_failure() -> None:
    subject = machine()
    play(subject, SESSION, TextProduced("m1", "Hi", partial=True), at=0)
    subject.stopping = True
    changes, effects = play(
        subject,
        TextProduced("m1", "Hi you", partial=True),
        TurnEnded("success", None, 0.5),
        Idle(),
        Exited(-15),
        at=0.01,
    )
    assert kinds(changes) == ["TextChanged", "CostSeen"]
    assert effects == []
    assert subject.phase is Phase.GONE


def test_events_after_the_exit_are_ignored() -> None:
    subject = machine()
    play(subject, Exited(0))
    assert play(subject, TextProduced("m", "ghost"), TurnEnded("success"), Idle()) == ([], [])


def test_text_of_several_messages_grows_in_one_row() -> None:
    subject = machine()
    changes, _ = play(subject, TextProduced("m1", "One"), at=0)
    more, _ = play(subject, TextProduced("m2", "Two"), at=1)
    assert kinds(changes) == ["PromptsSeen", "TextAdded"]
    assert more == [TextChanged(changes[1].message_id, "One\n\nTwo")]


def test_a_tool_call_ends_the_row_and_belongs_to_it() -> None:
    subject = machine()
    changes, _ = play(
        subject, TextProduced("m1", "Look"), ToolCalled("t1", "m1", "Read", {}), TextProduced("m1", "Look\n\nSeen")
    )
    assert kinds(changes) == ["PromptsSeen", "TextAdded", "ToolCallAdded", "TextAdded"]
    assert changes[2].message_id == changes[1].message_id
    assert changes[3].content == "Seen"


def test_calls_of_one_message_share_an_empty_row() -> None:
    changes, _ = play(machine(), ToolCalled("t1", "m1", "Read", {}), ToolCalled("t2", "m1", "Read", {}))
    _, parent, first, second = changes
    assert parent == TextAdded(parent.message_id, "")
    assert first.message_id == second.message_id == parent.message_id
    assert first.tool_call_id != second.tool_call_id


def test_a_call_that_is_told_again_is_the_same_call() -> None:
    subject = machine(resumed=True, calls={"old": "call-1"})
    again = ToolCalled("t1", "m1", "Read", {})
    changes, _ = play(subject, again, again, ToolCalled("old", "m0", "Read", {}), ToolFinished("old", "output"))
    assert kinds(changes) == ["PromptsSeen", "TextAdded", "ToolCallAdded", "OutputSet"]
    assert changes[-1] == OutputSet("call-1", "output")


def test_output_of_an_unknown_call_and_empty_output_are_ignored() -> None:
    changes, _ = play(machine(), ToolFinished("t9", "what"), ToolCalled("t1", "m1", "Read", {}), ToolFinished("t1", ""))
    assert kinds(changes) == ["PromptsSeen", "TextAdded", "ToolCallAdded"]


def test_streaming_text_is_written_five_times_a_second() -> None:
    subject = machine()
    written = []
    for step in range(100):
        changes, _ = play(subject, TextProduced("m1", "x" * (step + 1), partial=True), at=step * 0.01)
        written += [change for change in changes if isinstance(change, TextAdded | TextChanged)]
    assert len(written) == 5
    assert subject.due == pytest.approx(1.0, abs=0.02)
    changes, _ = play(subject, at=1.1)
    assert changes[0].content == "x" * 100


def test_a_whole_message_is_written_at_once() -> None:
    subject = machine()
    play(subject, TextProduced("m1", "He", partial=True), at=0)
    changes, _ = play(subject, TextProduced("m1", "Hello"), at=0.01)
    assert kinds(changes) == ["TextChanged"]
    assert subject.due is None


def test_streamed_text_that_was_dropped_disappears() -> None:
    subject = machine()
    play(subject, TextProduced("m1", "Half a", partial=True), at=0)
    changes, _ = play(subject, TextProduced("m1", ""), TextProduced("m2", "Whole"), at=1)
    assert changes[-1].content == "Whole"


def test_a_user_message_ends_the_row_after_the_message_that_streams() -> None:
    subject = machine()
    changes, _ = play(subject, TextProduced("m1", "Hel", partial=True), at=0)
    subject.user_message("p2", 0.1)
    more, _ = play(subject, TextProduced("m1", "Hello"), TextProduced("m2", "Next"), at=1)
    assert subject.due == 1.1  # the client keeps the last message of one frame only
    subject.tick(1.1)
    more += subject.take()[0]
    assert more[0] == TextChanged(changes[1].message_id, "Hello")
    assert more[1].content == "Next"
    assert more[1].message_id != changes[1].message_id


def test_several_requests_are_shown_one_after_another() -> None:
    subject = machine()
    first = RequestOpened("r1", RequestKind.PERMISSION, "Bash", {}, "t1")
    second = RequestOpened("r2", RequestKind.QUESTION, "AskUserQuestion", {}, "t2")
    changes, _ = play(subject, SESSION, first, second)
    shown: list[object] = [change for change in changes if isinstance(change, WaitingShown | RunningShown)]
    assert shown == [WaitingShown("permission", "Bash")]
    wait = subject.waits.first
    assert wait is not None
    _, told = subject.answered(wait, 0)
    assert list[object](told) == [RunningShown(), WaitingShown("question")]
    changes, _ = play(subject, RequestWithdrawn("r2"))
    assert changes == [RunningShown()]


def test_a_seen_call_and_its_request_are_one_wait() -> None:
    subject = machine()
    changes, _ = play(
        subject,
        ToolCalled("t1", "m1", "ExitPlanMode", {"plan": "x"}),
        RequestOpened("r1", RequestKind.PLAN, "ExitPlanMode", {"plan": "x"}, "t1"),
    )
    assert [c for c in changes if isinstance(c, WaitingShown)] == [WaitingShown("plan")]
    assert subject.waits.first is not None
    assert subject.waits.first.request_id == "r1"


def test_an_idle_agent_with_an_open_request_is_not_idle() -> None:
    subject = machine()
    request = RequestOpened("r1", RequestKind.PERMISSION, "Bash", {}, "t1")
    _, effects = play(subject, SESSION, request, TurnEnded("success"), Idle())
    assert effects == []
    assert subject.phase is Phase.RUNNING


def test_queued_messages_are_sent_before_a_run_ends() -> None:
    subject = machine()
    play(subject, SESSION, PromptProgress("p1", "started"))
    subject.user_message("p2", 0)
    _, effects = play(subject, TurnEnded("success"), Idle())
    assert effects == [Effect.SEND_QUEUED]
    subject.fates.taken("p2")
    changes, effects = play(subject, PromptProgress("p2", "started"), TurnEnded("success"), Idle())
    assert changes[0] == PromptsSeen(("p2",))
    assert effects == [Effect.CLOSE]


def test_an_agent_that_took_a_message_gets_time_to_begin_and_then_goes() -> None:
    subject = machine()
    play(subject, SESSION, PromptProgress("p1", "started"))
    subject.user_message("p2", 0)
    subject.fates.taken("p2")
    _, effects = play(subject, TurnEnded("success"), Idle(), at=10)
    assert effects == []
    assert subject.due == 12.0
    subject.tick(12.0)
    assert subject.take()[1] == [Effect.CLOSE]


def test_a_message_that_was_not_begun_with_makes_the_thread_go_on() -> None:
    subject = machine()
    play(subject, SESSION, PromptProgress("p1", "started"))
    subject.user_message("p2", 0)
    subject.fates.taken("p2")
    changes, effects = play(subject, TurnEnded("success"), Exited(0, undelivered=("p2",)))
    assert effects == [Effect.RESUME]
    assert "RunSettled" not in kinds(changes)
    assert PromptsSeen(("p2",)) not in changes


def test_a_message_that_is_not_given_back_was_seen() -> None:
    subject = machine()
    play(subject, SESSION, PromptProgress("p1", "started"))
    subject.user_message("p2", 0)
    subject.fates.taken("p2")
    changes, effects = play(subject, TurnEnded("success"), Exited(0))
    assert PromptsSeen(("p2",)) in changes
    assert isinstance(changes[-1], RunSettled)
    assert effects == []


def test_a_cancelled_message_is_sent_again_first() -> None:
    subject = machine("p1", "p2", "p3")
    subject.fates.taken("p2")
    play(subject, PromptProgress("p2", "cancelled"))
    assert list(subject.fates.queued) == ["p2", "p3"]


def test_a_lost_session_is_forgotten_and_begun_anew() -> None:
    subject = machine(resumed=True)
    changes, effects = play(
        subject, TurnEnded("error_during_execution"), Idle(), Exited(1, session_lost=True, undelivered=("p1",))
    )
    assert SessionForgotten() in changes
    assert effects == [Effect.CLOSE, Effect.RESUME]
    assert "RunFailed" not in kinds(changes)


def test_a_session_that_has_said_something_is_not_lost() -> None:
    changes, effects = play(machine(resumed=True), TextProduced("m", "Hi"), Exited(1, session_lost=True))
    assert kinds(changes)[-1] == "RunFailed"
    assert effects == []


def test_a_fresh_session_cannot_be_lost() -> None:
    changes, effects = play(machine(), Exited(1, session_lost=True))
    assert kinds(changes) == ["PromptsSeen", "RunFailed"]
    assert effects == []


def test_a_resumed_agent_whose_first_turn_fails_is_failed_when_it_leaves() -> None:
    subject = machine(resumed=True)
    changes, effects = play(subject, SESSION, TurnEnded("error_during_execution"), Idle())
    assert effects == [Effect.CLOSE]
    assert "RunSettled" not in kinds(changes)
    changes, _ = play(subject, Exited(1))
    assert changes[-1] == RunSettled(1, "failed", 0, error_reason="error_during_execution")


def test_an_interrupted_turn_keeps_the_session() -> None:
    subject = machine()
    changes, effects = play(subject, SESSION, TurnEnded("error_during_execution", interrupted=True), Idle())
    assert changes[-1] == RunEndedEarly(1, "interrupted")
    assert effects == [Effect.KEEP]
    subject.begin(2, 5.0)
    changes, _ = play(subject, TextProduced("m", "Again"), TurnEnded("success"), Idle())
    assert changes[-1] == RunSettled(2, "completed", 0)


def test_a_turn_of_its_own_is_a_new_run_and_counts_alone() -> None:
    subject = machine()
    play(subject, SESSION, TextProduced("m", "x"), TurnEnded("success", "a", duration_ms=10), Idle())
    changes, _ = play(subject, SESSION, TextProduced("n", "y"), TurnEnded("success", "b", duration_ms=5), Idle())
    assert changes[0] == RunBegun(2)
    assert changes[-1] == RunSettled(2, "completed", 5, result="b")


def test_a_turn_of_its_own_that_comes_to_nothing_keeps_the_outcome() -> None:
    subject = machine()
    play(subject, SESSION, TextProduced("m", "x"), TurnEnded("success", "a"), Idle())
    changes, _ = play(subject, SESSION, Exited(0))
    assert kinds(changes) == ["RunBegun", "SessionSeen", "RunSettled"]
    assert changes[-1] == RunSettled(2, "completed", 0, result="a")


def test_what_comes_after_the_result_is_stored_in_silence() -> None:
    subject = machine()
    play(subject, SESSION, TextProduced("m", "x"), TurnEnded("success"), Idle())
    changes, _ = play(
        subject, TextProduced("n", "late"), ToolCalled("t", "n", "Read", {}), ToolFinished("t", "out"), at=9
    )
    assert kinds(changes) == ["TextAdded", "ToolCallAdded", "OutputSet"]
    assert all(change.silent for change in changes)


def test_a_second_result_changes_nothing() -> None:
    subject = machine()
    play(subject, SESSION, TextProduced("m", "x"), TurnEnded("success", "first"), Idle())
    assert play(subject, TurnEnded("error_max_turns", "second"), Idle()) == ([], [])


@pytest.mark.parametrize(
    ("output", "is_error", "status"),
    [
        ("Claude requested permissions to use Bash, but you haven't granted it yet.", True, "waiting"),
        ("This tool hasn't been granted", True, "waiting"),
        ("Permission for this action was DENIED", True, "waiting"),
        ("Bash is not in the allowed tools list", True, "waiting"),
        ("permission denied", False, "completed"),
        ("No such file", True, "completed"),
    ],
)
def test_a_denied_permission_is_known_by_error_and_words(output: str, is_error: bool, status: str) -> None:
    events: list[AgentEvent] = [
        ToolCalled("t", "m", "Bash", {}),
        ToolFinished("t", output, is_error),
        TurnEnded("success"),
        Idle(),
    ]
    changes, _ = play(machine(), *events)
    assert changes[-1].status == status
    assert changes[-1].denied == ("Bash" if status == "waiting" else None)


def test_a_later_success_of_the_tool_means_that_nothing_is_missing() -> None:
    events: list[AgentEvent] = [
        ToolCalled("t1", "m", "Bash", {}),
        ToolFinished("t1", "permission denied", is_error=True),
        ToolCalled("t2", "m", "Bash", {}),
        ToolFinished("t2", "fine"),
        TurnEnded("success"),
        Idle(),
    ]
    assert play(machine(), *events)[0][-1].status == "completed"


def test_a_large_text_is_throttled_and_stays_in_one_row() -> None:
    subject = machine()
    written: list[Any] = []
    for step in range(400):
        changes, _ = play(subject, TextProduced(f"m{step}", "y" * 1024), at=step * 0.01)
        written += [change for change in changes if isinstance(change, TextAdded | TextChanged)]
    changes, _ = play(subject, TurnEnded("success"), at=4.0)
    written += [change for change in changes if isinstance(change, TextAdded | TextChanged)]
    rows = {change.message_id: change.content for change in written}
    assert len(written) < 60
    assert len(rows) == 1
    assert sum(content.count("y") for content in rows.values()) == 400 * 1024


def test_tool_calls_are_not_remembered_without_end() -> None:
    subject = machine()
    for index in range(5000):
        subject.feed(ToolCalled(f"t{index}", f"m{index}", "Read", {}), 0.0)
    added = [change for change in subject.take()[0] if isinstance(change, ToolCallAdded)]
    assert len(added) == 5000
    assert len(subject._calls) <= 2048
