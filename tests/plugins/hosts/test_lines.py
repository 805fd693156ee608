"""Cutting a stream into lines."""

from hypothesis import given
from hypothesis import strategies as st

from a_parallel_contracts.hosts import LineTooLong
from a_parallel_plugins.hosts.lines import KEPT, LineSplitter

CHUNKS = st.lists(st.binary(max_size=20) | st.sampled_from([b"\n", b"\n\n", b"ab\ncd"]), max_size=20)


def split(chunks: list[bytes], limit: int) -> list[bytes]:
    splitter = LineSplitter(limit)
    return [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.finish()


@given(CHUNKS)
def test_it_does_not_matter_where_chunks_end(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    expected = whole.split(b"\n")
    assert split(chunks, 10_000) == (expected if expected[-1] else expected[:-1])


@given(CHUNKS, st.integers(1, 30))
def test_only_lines_over_the_limit_are_marked(chunks: list[bytes], limit: int) -> None:
    for line, expected in zip(split(chunks, limit), split(chunks, 10_000), strict=True):
        assert isinstance(line, LineTooLong) == (len(expected) > limit)
        assert expected.startswith(line)


def test_an_endless_line_is_not_kept() -> None:
    splitter = LineSplitter(1_000_000)
    for _ in range(100):
        assert splitter.feed(b"x" * 100_000) == []
    held = sum(map(len, splitter._parts))
    assert held == KEPT
    (line, after) = splitter.feed(b"\nshort\n")
    assert isinstance(line, LineTooLong)
    assert line == b"x" * KEPT
    assert (type(after), after) == (bytes, b"short")
