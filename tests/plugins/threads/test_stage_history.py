"""Rows of the stage history (database.md §4)."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from a_parallel_contracts.threads import Stage, ThreadChanged, ThreadChanges
from a_parallel_plugins.threads import rows
from tests.plugins.threads.conftest import Home
from tests.plugins.threads.store import THREAD_ID, Store

CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.sampled_from([str(stage) for stage in Stage]),
        "archived": st.booleans(),
        "pinned": st.booleans(),
        "status": st.sampled_from(["running", "completed"]),
    },
)


async def test_the_history_follows_a_thread_across_the_board(home: Home) -> None:
    thread = await home.make()
    url = f"/api/threads/{thread.id}"
    for change in ({"stage": "review"}, {"archived": True}, {"archived": False}, {"stage": "done"}, {"stage": "done"}):
        await home.client.patch(url, json=change)
    assert await home.history(thread.id) == [
        (None, "backlog"),
        ("backlog", "review"),
        ("review", "archived"),
        ("archived", "review"),
        ("review", "done"),
    ]


async def test_archiving_in_the_same_change_starts_at_the_old_stage(home: Home) -> None:
    thread = await home.make()
    await home.client.patch(f"/api/threads/{thread.id}", json={"stage": "done", "archived": True})
    assert (await home.history(thread.id))[1:] == [("backlog", "done"), ("backlog", "archived")]


async def test_taking_out_of_the_archive_in_the_same_change_ends_at_the_new_stage(home: Home) -> None:
    thread = await home.make(archived=1)
    await home.client.patch(f"/api/threads/{thread.id}", json={"stage": "done", "archived": False})
    assert (await home.history(thread.id))[1:] == [("backlog", "done"), ("archived", "done")]


def expected_rows(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    moved = [(before["stage"], after["stage"])] if before["stage"] != after["stage"] else []
    if after["archived"] and not before["archived"]:
        return [*moved, (before["stage"], "archived")]
    if before["archived"] and not after["archived"]:
        return [*moved, ("archived", after["stage"])]
    return moved


@settings(deadline=None)
@given(st.lists(CHANGES, max_size=8))
def test_every_real_change_is_written_once_and_told_once(steps: list[dict[str, Any]]) -> None:
    state: dict[str, Any] = {"stage": "backlog", "archived": False, "pinned": False, "status": "idle"}
    history: list[tuple[str | None, str]] = [(None, "backlog")]
    told = 0
    with Store() as store:
        for step in steps:
            wanted = {**state, **step}
            changed = rows.update(store.tx, THREAD_ID, ThreadChanges(**step))  # type: ignore[typeddict-item]
            history += expected_rows(state, wanted)
            told += wanted != state
            assert changed is not None
            before, after = changed
            assert {name: getattr(before, name) for name in state} == state
            assert {name: getattr(after, name) for name in state} == wanted
            state = wanted
        assert store.history() == history
        assert len(store.tx.events) == told
        for event in store.tx.events:
            assert isinstance(event, ThreadChanged)
            assert event.before != event.after


def test_a_change_of_a_thread_that_is_gone_does_nothing() -> None:
    with Store() as store:
        assert rows.update(store.tx, "gone", ThreadChanges(stage="done")) is None
        assert store.tx.events == []


@given(st.text(min_size=1).filter(lambda name: name not in rows.CHANGEABLE))
def test_no_other_column_can_be_changed(name: str) -> None:
    with Store() as store:
        try:
            rows.update(store.tx, THREAD_ID, {name: "x"})  # type: ignore[misc]
        except ValueError as error:
            assert name in str(error)  # noqa: PT017 - pytest.raises cannot match any text
        else:
            raise AssertionError("the column was changed")
