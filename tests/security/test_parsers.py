"""What strangers and programs send is taken apart without harm, whatever it is."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_asyncio import fixture

from a_parallel_kernel.clients import ClientGate, HttpSettings, host_name, normalised, plain_address
from a_parallel_kernel.paths import segments_of
from a_parallel_kernel.testkit import RunningKernel
from a_parallel_plugins.auth.cookies import SESSION, Cookies
from a_parallel_plugins.claude.protocol import BrokenLine, parse
from a_parallel_plugins.hosts.lines import LineSplitter

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
WORDS = ("type", "subtype", "message", "content", "id", "event", "index", "request", "request_id", "response", "delta")
KINDS = ("system", "assistant", "user", "result", "stream_event", "control_request", "control_response")
LIKE_A_LINE = st.dictionaries(st.sampled_from(WORDS), JSON | st.sampled_from(KINDS), max_size=6)


bounded = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def bytes_of(value: object) -> bytes:
    """Return JSON that need be no valid UTF-8: lone surrogates and NaN occur in the wild."""
    import json

    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


@bounded
@given(st.binary(max_size=200) | LIKE_A_LINE.map(bytes_of), st.integers(1, 100))
def test_every_line_of_a_program_is_understood_ignored_or_refused(data: bytes, limit: int) -> None:
    splitter = LineSplitter(limit)
    for line in [*splitter.feed(data + b"\n"), *splitter.finish()]:
        with contextlib.suppress(BrokenLine):
            parse(line)


@bounded
@given(st.text(max_size=80) | st.builds("{}.{}".format, st.text(max_size=40), st.text(max_size=60)))
def test_no_cookie_is_believed_that_was_not_signed_here(text: str) -> None:
    assert Cookies("secret").read({SESSION: text}) is None


@bounded
@given(st.text(min_size=1, max_size=40))
def test_a_cookie_that_was_signed_is_read_and_with_any_character_changed_is_not(value: str) -> None:
    cookies = Cookies("secret")
    signed = cookies.sign(value)
    assert cookies.read({SESSION: signed}) == value
    for place in range(0, len(signed), 7):
        other = signed[:place] + ("A" if signed[place] != "A" else "B") + signed[place + 1 :]
        assert cookies.read({SESSION: other}) != value
    assert Cookies("another").read({SESSION: signed}) is None


@bounded
@given(st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=80))
def test_any_cookie_header_can_be_asked_for_a_session(header: str) -> None:
    request = make_mocked_request("GET", "/", headers={"Cookie": header})
    assert Cookies("secret").read(request.cookies) is None


@bounded
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_host_and_origin_can_be_compared(host: str, origin: str) -> None:
    host_name(host), normalised(origin), plain_address(host)
    header = host.encode("ascii", "ignore").decode().translate({13: None, 10: None, 0: None})
    page = origin.encode("ascii", "ignore").decode().translate({13: None, 10: None, 0: None})
    request = make_mocked_request("GET", "/", headers={"Host": header, "Origin": page})
    client = ClientGate(HttpSettings(origins=("https://ok.example",))).identify(request)
    if client.host_allowed:
        assert host_name(header) in ("localhost", "127.0.0.1", "::1", "ok.example") or plain_address(header)


@bounded
@given(st.text(alphabet="/.%2eE5cfF\\a~\0", max_size=30).map(lambda text: f"/{text}"))
def test_a_path_never_gains_segments_by_decoding(raw: str) -> None:
    segments = segments_of(raw)
    if segments is not None:
        assert len(segments) == raw.count("/")
        assert not any("\0" in segment for segment in segments)


@fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningKernel]:
    """A server with terminals, so that there are messages to be taken apart."""
    running = await RunningKernel.start({}, tmp_path_factory.mktemp("data"), installed=("hosts", "pty"))
    yield running
    await running.stop()


OPCODES = st.integers(0, 15)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Make a frame of RFC 6455 §5.2 that may break any of its rules."""
    payload = draw(st.binary(max_size=150) | LIKE_A_LINE.map(bytes_of))
    told = draw(
        st.sampled_from([len(payload), 0, 2**63, 2**31, len(payload) + 5])
        if draw(st.booleans())
        else st.just(len(payload))
    )
    first = draw(OPCODES) | draw(st.sampled_from([0x80, 0x80, 0x80, 0x00, 0xC0, 0xF0]))
    masked = draw(st.sampled_from([True, True, True, False]))
    head = bytes([first]) + _length(told, masked=masked)
    key = draw(st.binary(min_size=4, max_size=4)) if masked else b""
    body = bytes(byte ^ key[place % 4] for place, byte in enumerate(payload)) if masked else payload
    return head + key + body


def _length(length: int, *, masked: bool) -> bytes:
    bit = 0x80 if masked else 0
    if length < 126:
        return bytes([bit | length])
    short = length < 2**16
    return bytes([bit | (126 if short else 127)]) + struct.pack(">H" if short else ">Q", length)


@pytest.mark.asyncio(loop_scope="module")
async def test_no_frame_does_harm(server: RunningKernel, caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()

    @bounded
    @given(st.lists(frames(), min_size=1, max_size=4))
    def run(sent: list[bytes]) -> None:
        asyncio.run_coroutine_threadsafe(_send(server, b"".join(sent)), loop).result(30)

    await asyncio.to_thread(run)
    assert (await server.client.get("/api/health"))["status"] == "ok"
    async with server.client.websocket() as socket:
        await socket.send("pty:list", {})
        assert (await socket.receive("pty:list"))["data"] == {"terminals": []}
    assert [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


async def _send(server: RunningKernel, data: bytes) -> None:
    """Open a socket, send `data` and a ping, and read to the end or to the ping's answer; a close must be no 1008."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    writer.write(
        b"GET /ws?token=local HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b"AAAAAAAAAAAAAAAAAAAAAA==" + b"\r\n\r\n"
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    writer.write(data)
    writer.write_eof()
    answered = await reader.read()
    assert struct.pack(">BBH", 0x88, 2, 1008) not in answered
    writer.close()
