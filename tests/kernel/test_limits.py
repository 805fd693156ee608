"""Rate limiter, addresses and access log, each alone."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a_parallel_kernel.access_log import BURST, AccessLog, redacted
from a_parallel_kernel.clients import Client, host_name, normalised, plain_address
from a_parallel_kernel.limits import RateLimiter
from tests.kernel.serving import Clock, until


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=60), st.integers(1, 5))
def test_no_window_ever_holds_more_than_the_limit(calls: list[tuple[str, float]], limit: int) -> None:
    clock = Clock()
    limiter = RateLimiter(limit, clock=clock)
    accepted: dict[str, list[float]] = {"a": [], "b": []}
    for key, pause in calls:
        clock.now += pause
        recent = [at for at in accepted[key] if at > clock.now - 60]
        wait = limiter.admit(key)
        assert (wait == 0) == (len(recent) < limit)
        if wait:
            assert recent[0] + 60 - clock.now <= wait < recent[0] + 61 - clock.now or wait == 1
        else:
            accepted[key].append(clock.now)


def test_rejected_requests_do_not_prolong_the_wait() -> None:
    clock = Clock()
    limiter = RateLimiter(1, clock=clock)
    assert limiter.admit("a") == 0
    for _ in range(59):
        clock.now += 1
        assert limiter.admit("a") > 0
    clock.now += 1
    assert limiter.admit("a") == 0


def test_memory_is_bounded_and_quiet_keys_are_forgotten() -> None:
    clock = Clock()
    limiter = RateLimiter(10, keys=100, clock=clock)
    for number in range(1000):
        limiter.admit(str(number))
    assert len(limiter) == 100
    clock.now += 61
    limiter.admit("fresh")
    assert len(limiter) == 1


def test_no_limit_remembers_nothing() -> None:
    limiter = RateLimiter(0)
    assert all(limiter.admit("a") == 0 for _ in range(5000))
    assert len(limiter) == 0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("1.2.3.4:567", "1.2.3.4"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("unknown", None),
        ("", None),
    ],
)
def test_addresses_are_read_in_every_form(text: str, address: str | None) -> None:
    assert plain_address(text) == address


def test_hosts_and_origins_are_compared_in_one_form() -> None:
    assert host_name("[::1]:3001") == "::1"
    assert host_name("a b") == ""
    assert normalised("HTTPS://Example.org:443") == "https://example.org"
    assert normalised("http://[::1]:80") == "http://[::1]"
    assert normalised("http://x:99999999") == "http://x:99999999"


@pytest.mark.parametrize(
    ("peer", "key"), [("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), (None, "unix")]
)
def test_one_ipv6_network_is_one_key(peer: str | None, key: str) -> None:
    client = Client(peer, trusted=True, secure=False, host_allowed=True, origin=None, origin_allowed=True)
    assert client.rate_key == key


def test_secrets_never_reach_the_log() -> None:
    assert redacted("/ws?token=abc") == "/ws?token=[redacted]"
    assert redacted("/x?a=1&Token=abc&b=2") == "/x?a=1&Token=[redacted]&b=2"
    assert redacted("/cb?code=1&state=2") == "/cb?code=[redacted]&state=[redacted]"
    assert redacted("/x\x1b[31m\r\ny") == "/x\\x1b[31m\\r\\ny"


async def test_the_access_log_is_written_in_batches_and_sampled(caplog: pytest.LogCaptureFixture) -> None:
    log = AccessLog()
    with caplog.at_level(logging.INFO, "a_parallel.access"):
        for number in range(BURST + 7):
            log.note("GET", f"/api/{number}?token=abc", 200, 0.001)
        log.note("GET", "/api/broken", 500, 0.001)
        log.note("GET", "/api/slow", 200, 2.0)
        assert caplog.records == []
        await until(lambda: bool(caplog.records))
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "GET /api/0?token=[redacted] 200 1.0 ms"
    assert lines[-3:] == ["GET /api/broken 500 1.0 ms", "GET /api/slow 200 2000.0 ms", "and 7 more requests"]
    assert len(lines) == BURST + 3
