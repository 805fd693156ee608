"""Texts are put together from deltas, blocks and snapshots alike."""

from hypothesis import given
from hypothesis import strategies as st

from a_parallel_contracts.agents import TextProduced, ThinkingProduced
from a_parallel_plugins.claude.lines import Abandoned, Delta, Prose, Said, Started, ToolUse
from a_parallel_plugins.claude.texts import REMEMBERED, Texts


def says(id: str, *texts: str) -> Said:
    return Said(id, tuple(Prose("text", text) for text in texts), None)


def test_growing_snapshots_replace_each_other() -> None:
    texts = Texts()
    told = [event.text for line in ("One", "One two", "One two three") for event in texts.said(says("m", line))]
    assert told == ["One", "One two", "One two three"]


def test_blocks_of_one_message_are_joined_by_a_blank_line() -> None:
    texts = Texts()
    texts.said(says("m", "First."))
    texts.said(Said("m", (ToolUse("t", "Bash", {}),), None))
    assert texts.said(says("m", "Second.")) == [TextProduced("m", "First.\n\nSecond.")]


def test_a_snapshot_of_several_blocks_is_one_text() -> None:
    texts = Texts()
    texts.said(says("m", "First.", "Sec"))
    assert texts.said(says("m", "First.", "Second.", "Third.")) == [TextProduced("m", "First.\n\nSecond.\n\nThird.")]


def test_what_is_said_twice_is_told_once() -> None:
    texts = Texts()
    assert texts.said(says("m", "Once."))
    assert texts.said(says("m", "Once.")) == []


def test_messages_do_not_mix() -> None:
    texts = Texts()
    texts.said(says("m", "One."))
    assert texts.said(says("n", "Two.")) == [TextProduced("n", "Two.")]


def test_thinking_is_kept_apart() -> None:
    texts = Texts()
    line = Said("m", (Prose("thinking", "Hmm."), Prose("text", "Yes.")), None)
    assert texts.said(line) == [ThinkingProduced("m", "Hmm."), TextProduced("m", "Yes.")]


def test_deltas_are_told_together_and_superseded_by_the_finished_block() -> None:
    texts = Texts()
    texts.started(Started("m", 0, "text"))
    for piece in ("Hel", "lo"):
        texts.grow(Delta("m", 0, "text", piece))
    assert texts.partial() == [TextProduced("m", "Hello", partial=True)]
    texts.grow(Delta("m", 0, "text", " wor"))
    assert texts.said(says("m", "Hello world")) == [TextProduced("m", "Hello world")]
    assert texts.partial() == []


def test_equal_streamed_blocks_both_count() -> None:
    texts = Texts()
    for index in (0, 1):
        texts.started(Started("m", index, "text"))
        texts.grow(Delta("m", index, "text", "Again."))
        told = texts.said(says("m", "Again."))
    assert told == [TextProduced("m", "Again.\n\nAgain.")]


def test_what_a_broken_stream_left_unfinished_is_taken_back() -> None:
    texts = Texts()
    texts.started(Started("m", 0, "text"))
    texts.grow(Delta("m", 0, "text", "Whole."))
    texts.said(says("m", "Whole."))
    texts.started(Started("m", 1, "text"))
    texts.grow(Delta("m", 1, "text", "Hal"))
    assert texts.partial() == [TextProduced("m", "Whole.\n\nHal", partial=True)]
    assert texts.abandoned(Abandoned("m", 1)) == [TextProduced("m", "Whole.")]
    assert texts.abandoned(Abandoned("m", 1)) == []


def test_only_the_newest_messages_are_remembered() -> None:
    texts = Texts()
    for number in range(REMEMBERED + 1):
        texts.said(says(f"m{number}", "x"))
    assert texts.said(says("m0", "y")) == [TextProduced("m0", "y")]
    assert texts.said(says(f"m{REMEMBERED}", "y")) == [TextProduced(f"m{REMEMBERED}", "x\n\ny")]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.integers(1, 5))
def test_however_blocks_are_streamed_the_text_is_the_same(blocks: list[str], size: int) -> None:
    texts = Texts()
    told: list[str] = []
    for index, block in enumerate(blocks):
        texts.started(Started("m", index, "text"))
        for start in range(0, len(block), size):
            texts.grow(Delta("m", index, "text", block[start : start + size]))
            told += [event.text for event in texts.partial()]
        told += [event.text for event in texts.said(says("m", block))]
    assert told[-1] == "\n\n".join(blocks)
    assert all("\n\n".join(blocks).startswith(text) for text in told)
