"""A thread with everything that was said in it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a_parallel_contracts import Transaction, new_id
from a_parallel_contracts.threads import ImageAttachment, Message, Thread, ToolCall
from a_parallel_plugins.threads import rows, wire
from tests.plugins.threads.conftest import Home
from tests.plugins.threads.store import THREAD_ID, Store

PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}


def moment(number: int) -> str:
    return f"2026-01-01T00:00:00.{number:03}Z"


def message(thread_id: str, id: str, number: int = 0, **fields: Any) -> Message:
    given = {"role": "assistant", "content": id, "timestamp": moment(number), **fields}
    return Message(id=id, thread_id=thread_id, **given)


async def say(home: Home, *messages: Message) -> None:
    def unit(tx: Transaction) -> None:
        for one in messages:
            home.threads.add_message(tx, one)
            for call in one.tool_calls:
                home.threads.add_tool_call(tx, call)

    await home.write(unit)


async def test_a_thread_is_shown_with_its_messages_and_tool_calls(home: Home) -> None:
    thread = await home.make("one", prompt="do it", status="completed", cost=0.0123, session_id="s-1")
    call = ToolCall(id="c1", message_id="m2", name="Bash", input='{"command":"ls"}')
    await say(
        home,
        message(thread.id, "m1", 1, role="user", content="hi", model="opus", permission_mode="plan"),
        message(thread.id, "m2", 2, content="", tool_calls=[call]),
    )
    shown = await home.client.get(f"/api/threads/{thread.id}")
    assert shown == {
        "id": thread.id,
        "projectId": "p1",
        "userId": "__local__",
        "title": "one",
        "mode": "local",
        "permissionMode": "autoEdit",
        "status": "completed",
        "branch": "main",
        "baseBranch": None,
        "worktreePath": None,
        "sessionId": "s-1",
        "cost": 0.0123,
        "archived": False,
        "pinned": False,
        "stage": "backlog",
        "model": "sonnet",
        "initialPrompt": "do it",
        "createdAt": thread.created_at,
        "completedAt": None,
        "messages": [
            {
                "id": "m1",
                "threadId": thread.id,
                "role": "user",
                "content": "hi",
                "model": "opus",
                "permissionMode": "plan",
                "timestamp": moment(1),
                "toolCalls": [],
            },
            {
                "id": "m2",
                "threadId": thread.id,
                "role": "assistant",
                "content": "",
                "model": None,
                "permissionMode": None,
                "timestamp": moment(2),
                "toolCalls": [
                    {"id": "c1", "messageId": "m2", "name": "Bash", "input": '{"command":"ls"}', "output": None}
                ],
            },
        ],
    }


async def test_an_unknown_thread_and_a_foreign_one_are_answered_alike(home: Home) -> None:
    thread = await home.make()
    anna = home.client.acting_as("anna")
    foreign, unknown = await anna.answer("GET", f"/api/threads/{thread.id}"), await anna.answer("GET", "/api/threads/x")
    assert (foreign.status, foreign.body) == (unknown.status, unknown.body) == (404, b'{"error":"Thread not found"}')


async def test_messages_keep_their_order_when_their_moments_are_the_same(home: Home) -> None:
    thread = await home.make()
    await say(home, *(message(thread.id, id, number) for id, number in [("z", 1), ("a", 1), ("b", 2), ("c", 2)]))
    shown = await home.client.get(f"/api/threads/{thread.id}")
    assert [one["id"] for one in shown["messages"]] == ["z", "a", "b", "c"]
    assert [one.id for one in await home.threads.messages(thread.id)] == ["z", "a", "b", "c"]
    assert [one.id for one in await home.threads.messages(thread.id, limit=3)] == ["a", "b", "c"]


async def test_tool_calls_keep_the_order_in_which_they_were_made(home: Home) -> None:
    thread = await home.make()
    calls = [ToolCall(id=id, message_id="m", name="Read", input="{}") for id in ("z", "a", "m")]
    await say(home, message(thread.id, "m", tool_calls=calls))
    await home.write(lambda tx: home.threads.set_output(tx, "z", "done"))
    shown = (await home.client.get(f"/api/threads/{thread.id}"))["messages"][0]["toolCalls"]
    assert [(call["id"], call["output"]) for call in shown] == [("z", "done"), ("a", None), ("m", None)]
    (kept,) = await home.threads.messages(thread.id)
    assert [call.id for call in kept.tool_calls] == ["z", "a", "m"]


async def test_growing_text_does_not_move_a_message(home: Home) -> None:
    thread = await home.make()
    await say(home, message(thread.id, "first", 1), message(thread.id, "second", 2))
    await home.write(lambda tx: home.threads.set_content(tx, "first", "longer"))
    shown = await home.client.get(f"/api/threads/{thread.id}")
    assert [(one["content"], one["timestamp"]) for one in shown["messages"]] == [
        ("longer", moment(1)),
        ("second", moment(2)),
    ]


async def test_images_come_back_as_they_were_sent(home: Home) -> None:
    thread = await home.make()
    await say(home, message(thread.id, "m", images=[ImageAttachment.model_validate(PNG)]))
    (row,) = await home.rows("SELECT images FROM messages")
    assert row["images"] == json.dumps([PNG], separators=(",", ":"))
    assert (await home.client.get(f"/api/threads/{thread.id}"))["messages"][0]["images"] == [PNG]
    (kept,) = await home.threads.messages(thread.id)
    assert kept.images == [ImageAttachment.model_validate(PNG)]


@pytest.mark.parametrize(
    "stored", ["", "[]", "null", "{", "not json", "[1]", '[{"type":"image"}]', "{}", f"[{json.dumps(PNG)}", "\udcff"]
)
async def test_images_that_cannot_be_read_are_left_out(
    home: Home, stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    thread = await home.make()
    await say(home, message(thread.id, "m", content="still readable"))
    value: Any = stored if stored.isascii() else b"\xff[]"
    await home.write(lambda tx: tx.execute("UPDATE messages SET images = ?", (value,)))
    shown = (await home.client.get(f"/api/threads/{thread.id}"))["messages"]
    assert (shown[0]["content"], "images" in shown[0]) == ("still readable", False)
    (kept,) = await home.threads.messages(thread.id)
    assert kept.images is None
    assert ("malformed" in caplog.text) == (stored not in ("", "[]"))


async def test_the_automation_is_told_when_there_is_one(home: Home) -> None:
    thread = await home.make(automation_id="a1")
    assert (await home.client.get(f"/api/threads/{thread.id}"))["automationId"] == "a1"
    assert (await home.client.get("/api/threads"))[0]["automationId"] == "a1"
    assert (await home.client.patch(f"/api/threads/{thread.id}", json={}))["automationId"] == "a1"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"archived": 1, "pinned": 1, "cost": 3, "completed_at": moment(1), "branch": None},
        {"status": "unheard of", "stage": "elsewhere", "title": 'quote " and \\ and \n', "automation_id": "a1"},
        {"archived": 7, "base_branch": "main", "worktree_path": "/w", "session_id": "s", "model": "gpt"},
    ],
)
async def test_lists_and_answers_of_changes_show_a_thread_alike(home: Home, changes: dict[str, Any]) -> None:
    thread = await home.make(**changes)
    (listed,) = await home.client.get("/api/threads?includeArchived=true")
    assert await home.client.patch(f"/api/threads/{thread.id}", json={}) == listed
    shown = await home.client.get(f"/api/threads/{thread.id}")
    assert shown.pop("messages") == []
    assert shown == listed


async def test_a_long_conversation_is_streamed_whole(home: Home) -> None:
    thread = await home.make()
    calls = {
        f"m{n:04}": [ToolCall(id=f"c{n}", message_id=f"m{n:04}", name="Read", input="{}")] for n in range(0, 2500, 2)
    }
    everything = [
        message(thread.id, f"m{n:04}", n % 1000, content="ü" * 1000, tool_calls=calls.get(f"m{n:04}", []))
        for n in range(2500)
    ]
    expected = sorted(everything, key=lambda one: one.timestamp)
    await say(home, *expected)
    answer = await home.client.answer("GET", f"/api/threads/{thread.id}")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.json["messages"] == [
        one.model_dump(by_alias=True, mode="json", exclude={"images"}) for one in expected
    ]


async def test_pages_lead_back_to_the_beginning(home: Home) -> None:
    thread = await home.make()
    await say(home, *(message(thread.id, f"m{n}", n // 2) for n in range(5)))
    url = f"/api/threads/{thread.id}"
    pages, before = [], None
    while True:
        page = await home.client.get(url, params={"limit": 2} | ({"before": before} if before else {}))
        pages.append([one["id"] for one in page["messages"]])
        if not page["hasMore"]:
            break
        before = pages[-1][0]
    assert pages == [["m3", "m4"], ["m1", "m2"], ["m0"]]
    rest = await home.client.get(url, params={"before": "m2"})
    assert [one["id"] for one in rest["messages"]] == ["m0", "m1"]
    assert "hasMore" not in rest


async def test_pages_lead_from_the_beginning_to_the_newest(home: Home) -> None:
    thread = await home.make()
    await say(home, *(message(thread.id, f"m{n}", n // 2) for n in range(5)))
    url = f"/api/threads/{thread.id}"
    pages, after = [], ""
    while True:
        page = await home.client.get(url, params={"limit": 2, "after": after})
        pages.append([one["id"] for one in page["messages"]])
        if not page["hasMore"]:
            break
        after = pages[-1][-1]
    assert pages == [["m0", "m1"], ["m2", "m3"], ["m4"]]
    rest = await home.client.get(url, params={"after": "m2"})
    assert [one["id"] for one in rest["messages"]] == ["m3", "m4"]
    assert (await home.client.get(url, params={"after": "m4", "limit": 2}))["messages"] == []


async def test_a_page_that_leads_both_ways_is_refused(home: Home) -> None:
    thread = await home.make()
    answer = await home.client.answer("GET", f"/api/threads/{thread.id}?before=m1&after=m0")
    assert answer.status == 400
    assert "before and after exclude each other" in answer.json["error"]


@pytest.mark.parametrize(
    "window", [wire.Window(), wire.Window(before="m1"), wire.Window(after=""), wire.Window(after="m1")]
)
async def test_a_page_is_found_in_the_index_without_sorting(home: Home, window: wire.Window) -> None:
    sql = window.rows
    params = {"thread": "t", "place": "m1", "limit": 101}
    plan = [
        row["detail"]
        for row in await home.running.kernel.db.run(lambda db: db.all(f"EXPLAIN QUERY PLAN {sql}", params))
    ]
    assert plan[0].startswith("SEARCH messages USING COVERING INDEX")
    assert all(step.startswith(("SEARCH messages", "SCALAR SUBQUERY", "REUSE")) for step in plan)


async def test_a_page_after_a_message_of_another_thread_is_empty(home: Home) -> None:
    thread, other = await home.make(), await home.make("other")
    await say(home, message(thread.id, "m2", 2), message(other.id, "m1", 1))
    assert (await home.client.get(f"/api/threads/{thread.id}?after=m1"))["messages"] == []


async def test_a_page_before_a_message_of_another_thread_is_empty(home: Home) -> None:
    thread, other = await home.make(), await home.make("other")
    await say(home, message(thread.id, "m1", 1), message(other.id, "m2", 2))
    assert (await home.client.get(f"/api/threads/{thread.id}?before=m2"))["messages"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=1.5", "clip=-1", "clip=x", "limit="])
async def test_a_wrong_page_is_refused(home: Home, query: str) -> None:
    thread = await home.make()
    assert (await home.client.answer("GET", f"/api/threads/{thread.id}?{query}")).status == 400


async def test_long_texts_are_clipped_on_request(home: Home) -> None:
    thread = await home.make()
    calls = [
        ToolCall(id="c1", message_id="m1", name="Bash", input="{}", output="x" * 100),
        ToolCall(id="c2", message_id="m1", name="Bash", input='{"a":"' + "y" * 50 + '"}', output=None),
        ToolCall(id="c3", message_id="m1", name="Bash", input="{}", output="short"),
    ]
    await say(home, message(thread.id, "m1", 1, content="ü" * 11, tool_calls=calls), message(thread.id, "m2", 2))
    first, second = (await home.client.get(f"/api/threads/{thread.id}?clip=10"))["messages"]
    assert (first["content"], first["clipped"]) == ("ü" * 10, True)
    assert (second["content"], second["clipped"]) == ("m2", False)
    assert [(call["input"], call["output"], call["clipped"]) for call in first["toolCalls"]] == [
        ("{}", "x" * 10, True),
        ('{"a":"yyyy', None, True),
        ("{}", "short", False),
    ]


@settings(deadline=None)
@given(st.text(), st.text(), st.none() | st.text(), st.text(max_size=5))
def test_whatever_text_is_stored_comes_back(content: str, input: str, output: str | None, nasty: str) -> None:
    text = f"{content}\0\ud800{nasty}\u2028</script>"
    with Store() as store:
        call = ToolCall(id="c", message_id="m", name=nasty, input=input, output=output)
        rows.add_message(store.tx, message(THREAD_ID, "m", content=text))
        rows.add_tool_call(store.tx, call)
        opening = wire.opening(store.tx, THREAD_ID, wire.Window())
        assert opening is not None
        (shown,) = json.loads(opening.text)["messages"]
        (kept,) = rows.messages(store.tx, THREAD_ID, None)
    assert shown["content"] == kept.content == text.encode("utf-8", "replace").decode()
    assert shown["toolCalls"] == [kept.tool_calls[0].model_dump(by_alias=True)]
    assert (kept.tool_calls[0].input, kept.tool_calls[0].output) == (input, output)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 5), st.integers(1, 400))
def test_pieces_join_to_the_whole(moments: list[int], limit: int, size: int) -> None:
    with Store() as store:
        for number in moments:
            rows.add_message(store.tx, message(THREAD_ID, new_id(), number, content="x" * 50))
        opening = wire.opening(store.tx, THREAD_ID, wire.Window(limit=limit))
        assert opening is not None
        whole = json.loads(opening.text)["messages"]
        kept = rows.messages(store.tx, THREAD_ID, limit)
        found = [row for (row,) in store.tx.tuples("SELECT rowid FROM messages ORDER BY timestamp, rowid")]
        texts, rest = [], found
        while rest:
            text, rest = wire.piece(store.tx, rest, wire.Window(), "mark:", limit=size, at_once=2)
            texts.append(text)
    assert [one["id"] for one in whole] == [one.id for one in kept]
    every = json.loads(b"[" + b",".join(texts) + b"]")
    assert [one["id"] for one in every][-limit:] == [one.id for one in kept]
    assert len(every) == len(moments)


def test_a_thread_can_be_built_from_what_is_sent() -> None:
    with Store() as store:
        (text,) = json.loads(wire.threads(store.tx, [1]))
        assert Thread.model_validate(text) == rows.find(store.tx, THREAD_ID)


@settings(deadline=None)
@given(st.text(max_size=60), st.integers(1, 9))
def test_a_text_in_pieces_is_the_text(text: str, limit: int) -> None:
    clean = rows.clean(text)
    assert json.loads(b"".join(wire.escaped(clean.encode(), limit))) == clean


async def test_large_texts_are_sent_in_pieces_and_are_whole(home: Home) -> None:
    thread = await home.make()
    large = 'läng\n"er" ' * 300_000

    def write(tx: Transaction) -> None:
        rows.add_message(tx, message(thread.id, "m1", 1, content=large))
        rows.add_tool_call(tx, ToolCall(id="c1", message_id="m1", name="Bash", input=json.dumps(large), output="short"))
        rows.add_tool_call(tx, ToolCall(id="c2", message_id="m1", name="Bash", input="{}", output=large))
        rows.add_message(tx, message(thread.id, "m2", 2, content="0123456789abcdef0123456789abcdef:0:1"))

    await home.write(write)
    first, second = (await home.client.get(f"/api/threads/{thread.id}"))["messages"]
    assert (first["content"], second["content"]) == (large, "0123456789abcdef0123456789abcdef:0:1")
    assert [call["output"] for call in first["toolCalls"]] == ["short", large]
    assert json.loads(first["toolCalls"][0]["input"]) == large
    cut = await home.client.get(f"/api/threads/{thread.id}", params={"clip": 4})
    assert cut["messages"][0]["content"] == "läng"


async def test_messages_keep_their_order_when_the_clock_goes_back(home: Home) -> None:
    thread = await home.make()
    await say(home, message(thread.id, "m1", 500), message(thread.id, "m2", 100), message(thread.id, "m3", 200))
    shown = (await home.client.get(f"/api/threads/{thread.id}"))["messages"]
    assert [(one["id"], one["timestamp"]) for one in shown] == [(id, moment(500)) for id in ("m1", "m2", "m3")]
