"""The machinery that compares recordings with a server, tried on the recordings themselves."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.contract import streams
from tests.contract.compare import ABSENT, Difference, compare_headers, compare_json, wording_fits
from tests.contract.differences import Change, Entry, Judge, load_judge
from tests.contract.golden import ORDER, load
from tests.contract.placeholders import Bindings, Unbound

ID = "Uakgb_J5m9g-0JDMbcJqL"
OTHER_ID = "V1StGXR8_Z5jdHi6B-myT"


class Pretend(dict[str, str]):
    """Gives every placeholder a value that its pattern accepts."""

    def meaning(self, placeholder: str) -> str:
        kind = placeholder.strip("<>").split(":")[0].split("_")[0]
        number = sum(placeholder.encode()) * 7919 + len(self)
        shapes = {
            "ts": f"2026-01-31T09:05:07.{number % 1000:03}Z",
            "sha": f"{number:040x}",
            "uuid": f"{number:08x}-0000-4000-8000-000000000000",
            "hex64": f"{number:064x}",
            "token": f"{number:064x}",
            "len": str(number),
            "shortsha": f"{number:07x}",
            "httpdate": "Sat, 31 Jan 2026 09:05:07 GMT",
            "br": f"demo/work-{number}",
            "wt": f"/work/trees/{number}",
        }
        return self.setdefault(placeholder, shapes.get(kind, f"{number:021d}"))


def played(value: Any, pretend: Pretend) -> Any:
    """Return recorded JSON as a server would have sent it."""
    from tests.contract.placeholders import TOKEN

    if isinstance(value, str):
        return TOKEN.sub(lambda found: pretend.meaning(found[0].replace(":base>", ">")), value)
    if isinstance(value, list):
        return [played(item, pretend) for item in value]
    if isinstance(value, dict):
        return {key: played(item, pretend) for key, item in value.items()}
    return value


def bindings_for_folders(pretend: Pretend) -> Bindings:
    bindings = Bindings()
    for name in ("work", "base", "hostport", "claude", "gone_dir", "asset_js", "asset_css", "asset", "dist", "token"):
        bindings.bind(name, pretend.meaning(f"<{name}>"))
    return bindings


@pytest.mark.parametrize("scenario", ORDER)
def test_a_recording_does_not_differ_from_itself(scenario: str) -> None:
    pretend = Pretend()
    bindings = bindings_for_folders(pretend)
    for exchange in load(scenario).exchanges:
        if exchange.kind != "http" or "base>" in str(exchange.body):
            continue
        now = played(exchange.body, pretend)
        assert list(compare_json(exchange.body, now, bindings, "body")) == [], exchange.name
        headers = {name: played(value, pretend) for name, value in exchange.headers.items()}
        assert list(compare_headers(exchange.headers, headers, bindings)) == []


@pytest.mark.parametrize("scenario", ["s04_threads_basic", "s08_git", "s12_automations"])
def test_recorded_events_do_not_differ_from_themselves(scenario: str) -> None:
    pretend = Pretend()
    bindings = bindings_for_folders(pretend)
    for subject, events in load(scenario).subjects("A").items():
        now = [played(event, pretend) for event in events]
        assert list(streams.compare_streams(events, now, bindings)) == [], subject


def test_a_change_anywhere_in_a_recording_is_found() -> None:
    pretend = Pretend()
    bindings = bindings_for_folders(pretend)
    exchange = next(one for one in load("s04_threads_basic").exchanges if one.name == "thr_get_edit")
    now = copy.deepcopy(played(exchange.body, pretend))
    now["json"]["messages"][1]["toolCalls"][0]["output"] = "something else"
    del now["json"]["archived"]
    now["json"]["extra"] = 1
    found = {difference.path: difference.now for difference in compare_json(exchange.body, now, bindings, "body")}
    assert found == {
        "body.json.messages[1].toolCalls[0].output": "something else",
        "body.json.archived": ABSENT,
        "body.json.extra": 1,
    }


def test_a_placeholder_keeps_its_first_meaning() -> None:
    bindings = Bindings()
    assert bindings.match("/p/<id:1>", f"/p/{ID}")
    assert bindings.match("<id:1>", ID)
    assert not bindings.match("<id:1>", OTHER_ID)
    assert bindings.fill({"a": ["x <id:1>"]}) == {"a": [f"x {ID}"]}
    assert bindings.show([f"y {ID}"]) == ["y <id:1>"]


def test_two_ids_cannot_mean_the_same() -> None:
    bindings = Bindings()
    assert bindings.match("<id:1>", ID)
    assert not bindings.match("<thr_x>", ID)
    assert not bindings.match("<id:2> <id:2>", f"{OTHER_ID} {ID}")
    assert bindings.match("<id:2> <id:2>", f"{OTHER_ID} {OTHER_ID}")


def test_an_unknown_placeholder_cannot_be_filled() -> None:
    with pytest.raises(Unbound):
        Bindings().fill("/api/threads/<thr_x>")


@pytest.mark.parametrize("value", ["2026-01-31T09:05:07.12Z", "2026-01-31T09:05:07.123+00:00", "yesterday"])
def test_a_timestamp_of_another_width_does_not_fit(value: str) -> None:
    assert not Bindings().match("<ts:1>", value)


def test_integers_and_booleans_differ_and_numbers_compare_by_value() -> None:
    assert list(compare_json({"a": 0, "c": 0}, {"a": 0.0, "c": False}, Bindings(), "j")) == [
        Difference("j.c", 0, False)
    ]


def test_wording_is_free_unless_a_document_fixes_it() -> None:
    assert wording_fits("JSON Parse error: Expected '}'", "The body is not JSON.")
    assert wording_fits("Not a git repository: <work>/x", "/w/x: Not a git repository. Run git init.")
    assert not wording_fits("Not a git repository: <work>/x", "no repository")
    assert not wording_fits("Thread not found", "No such thread")


def test_recorded_texts_are_appended_and_frames_of_one_message_coalesced() -> None:
    def message(id: str, content: str) -> dict[str, Any]:
        return {"type": "agent:message", "data": {"messageId": id, "content": content}}

    other = {"type": "agent:tool_call", "data": {}}
    events = [message("m", "a"), message("m", "ab"), message("m", "c"), other, message("n", "d")]
    appended = streams.append_texts(events)
    assert [event["data"].get("content") for event in appended] == ["a", "ab", "ab\n\nc", None, "d"]
    assert streams.coalesce(appended) == [message("m", "ab\n\nc"), other, message("n", "d")]


def test_events_without_a_partner_are_named() -> None:
    status = {"type": "agent:status", "threadId": "t", "data": {"status": "running"}}
    error = {"type": "agent:error", "threadId": "t", "data": {"error": "x"}}
    found = list(streams.compare_streams([status, error, error], [status, error], Bindings()))
    assert found == [Difference("agent:error", error, ABSENT)]


def test_the_judge_reports_what_is_not_listed_and_what_no_longer_differs() -> None:
    change = Change("json.archived", was=0, now=False)
    gone = Change("json.pinned", was=0, now=False)
    judge = Judge([Entry(("s*",), ("get_*",), "decisions", "booleans", (change, gone))])
    listed = Difference("json.archived", 0, False)
    unlisted = Difference("json.archived", 0, True)
    assert judge.unexplained("s1", ("get_x", "#1"), [listed, unlisted]) == [unlisted]
    assert judge.unexplained("s1", ("list_x", "#2"), [listed]) == [listed]
    assert judge.vanished("s1") == ["decisions, “booleans”: get_* json.pinned no longer differs"]
    assert judge.vanished("other") == []


def test_null_and_patterns_in_the_file_of_differences(tmp_path: Path) -> None:
    file = tmp_path / "differences.toml"
    file.write_text(
        """
        [[difference]]
        scenarios = ["s1"]
        exchanges = ["#4"]
        source = "a.md §1"
        row = "a row"
        changes = [
            { path = "json.messages[*].content", now_like = "a.*" },
            { path = "json.branch", was = "main", now = "<null>" },
        ]
        """
    )
    judge = load_judge(file)
    differences = [Difference("json.messages[3].content", "x", "a\nb"), Difference("json.branch", "main", None)]
    assert judge.unexplained("s1", ("get", "#4"), differences) == []
    assert judge.vanished("s1") == []
