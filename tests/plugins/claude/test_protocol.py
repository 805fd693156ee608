"""Lines of the CLI are read tolerantly, and never quoted."""

import orjson
import pytest

from a_parallel_contracts.agents import Prompt
from a_parallel_contracts.threads import ImageAttachment, ImageSource
from a_parallel_plugins.claude.lines import Outputs, Prose, Result, Said, ToolUse
from a_parallel_plugins.claude.protocol import BrokenLine, output_text, parse
from a_parallel_plugins.claude.stdin import user_line
from tests.plugins.claude.fake import call, said


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"something_new","x":1}',
        b'{"type":"system","subtype":"something_new"}',
        b'{"type":"stream_event","event":"text_delta","content":"ignored"}',
        b'{"type":"stream_event","event":{"type":"ping"}}',
        b'{"no":"type"}',
        b'{"type":["odd"]}',
        b'{"type":"user","message":{"role":"user","content":"plain text"}}',
    ],
)
def test_what_is_unknown_is_ignored(line: bytes) -> None:
    assert parse(line) is None


@pytest.mark.parametrize(
    "line",
    [
        b"this is not json",
        b"[1, 2]",
        b"",
        b"\xff\xfe",
        b'{"type":"assistant","message":null}',
        b'{"type":"result"}',
        b'{"type":"control_request","request_id":7,"request":{"subtype":"can_use_tool"}}',
        b"[" * 100_000,
    ],
)
def test_a_broken_line_is_refused_without_quoting_it(line: bytes) -> None:
    with pytest.raises(BrokenLine) as refused:
        parse(line)
    assert "not json" not in str(refused.value)


def test_a_block_of_the_wrong_shape_does_not_take_the_others_with_it() -> None:
    line = said("m1", "before", {"type": "tool_use", "id": 7}, {"no": "type"}, call("t1"), "after")
    parsed = parse(orjson.dumps(line))
    assert isinstance(parsed, Said)
    assert parsed.blocks == (Prose("text", "before"), ToolUse("t1", "Bash", {}), Prose("text", "after"))


def test_broken_utf8_and_halves_of_surrogate_pairs_are_replaced() -> None:
    whole = orjson.dumps(said("m1", "caf\u00e9 MARK"))
    broken = parse(whole.replace("\u00e9".encode(), b"\xe9"))
    halved = parse(whole.replace(b"MARK", b"\\ud83d"))
    assert isinstance(broken, Said)
    assert isinstance(halved, Said)
    assert broken.blocks == (Prose("text", "caf\ufffd MARK"),)
    assert halved.blocks == (Prose("text", "caf\u00e9 ?"),)


def test_text_that_looks_like_an_escape_stays_as_it_is() -> None:
    parsed = parse(orjson.dumps(said("m1", r"caf\u00e9")))
    assert isinstance(parsed, Said)
    assert parsed.blocks == (Prose("text", r"caf\u00e9"),)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        (None, ""),
        ([], ""),
        (
            [{"type": "text", "text": "a"}, {"type": "image", "source": {}}, {"type": "text", "text": "b"}],
            "a\n[image]\nb",
        ),
        ([{"type": "text"}, "odd", 7], "[text]\nodd\n[content]"),
    ],
)
def test_a_tool_result_is_told_as_text(content: object, text: str) -> None:
    assert output_text(content) == text


def test_tool_results_carry_whether_they_are_errors() -> None:
    blocks = [
        {"type": "tool_result", "tool_use_id": "a", "content": "fine"},
        {"type": "tool_result", "tool_use_id": "b", "content": "bad", "is_error": True},
        {"type": "text", "text": "[Request interrupted by user]"},
    ]
    parsed = parse(orjson.dumps({"type": "user", "message": {"role": "user", "content": blocks}}))
    assert isinstance(parsed, Outputs)
    assert [(one.tool_use_id, one.is_error) for one in parsed.results] == [("a", False), ("b", True)]


def test_a_result_needs_nothing_but_its_subtype() -> None:
    parsed = parse(b'{"subtype":"error_max_turns","type":"result"}')
    assert parsed == Result("error_max_turns", False, None, (), None, None, 0.0, "", ())


def test_a_message_is_trimmed_text_followed_by_its_images() -> None:
    image = ImageAttachment(type="image", source=ImageSource(type="base64", media_type="image/png", data="aGk="))
    line = orjson.loads(user_line(Prompt("11111111-1111-4111-8111-111111111111", "  look \n", (image,))))
    assert line == {
        "type": "user",
        "message": {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
            ],
        },
        "uuid": "11111111-1111-4111-8111-111111111111",
    }


def test_a_message_of_images_alone_has_no_text_block() -> None:
    image = ImageAttachment(type="image", source=ImageSource(type="base64", media_type="image/png", data="aGk="))
    line = orjson.loads(user_line(Prompt("u", " ", (image,))))
    assert [block["type"] for block in line["message"]["content"]] == ["image"]


def test_a_message_with_half_a_surrogate_pair_can_be_sent() -> None:
    line = orjson.loads(user_line(Prompt("u", "half \ud83d")))
    assert line["message"]["content"] == [{"type": "text", "text": "half ?"}]
