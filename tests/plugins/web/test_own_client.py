"""Our own client: its policy, and what browsers may keep."""

import re
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import RunPlugin
from a_parallel_plugins.web import WebPlugin

INDEX = b'<!doctype html><script src="/theme.js" nonce="__CSP_NONCE__"></script><script nonce="__CSP_NONCE__"></script>'


@pytest.fixture
async def client(run_plugin: RunPlugin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_bytes(INDEX)
    (built / "theme.js").write_text("1")
    (built / "assets" / "index-abc.js").write_text("export const a = 1;")
    (built / "assets" / "index-abc.js.gz").write_bytes(b"compressed")
    monkeypatch.setattr("a_parallel_plugins.web.routes.BUILT", built)
    return (await run_plugin(WebPlugin)).acting_as(None)


@pytest.mark.parametrize("path", ["/", "/index.html", "/projects/abc/threads/def", "/settings/plugins"])
async def test_the_page_runs_under_a_strict_policy_with_a_nonce_of_its_own(client: Any, path: str) -> None:
    first, second = await client.answer("GET", path), await client.answer("GET", path)
    nonces = []
    for answer in (first, second):
        policy = answer.headers["Content-Security-Policy"]
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
        assert answer.body.decode().count(f'nonce="{nonce}"') == 2
        assert b"__CSP_NONCE__" not in answer.body
        assert policy.startswith("default-src 'none';")
        for forbidden in ("unsafe-inline", "unsafe-eval", "data: 'self'", " * ", "http:"):
            assert forbidden not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        nonces.append(nonce)
    assert nonces[0] != nonces[1]


async def test_what_carries_a_hash_in_its_name_is_kept_for_good(client: Any) -> None:
    answer = await client.answer("GET", "/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
    assert (answer.status, answer.body) == (200, b"export const a = 1;")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cache-Control" not in (await client.answer("GET", "/theme.js")).headers


async def test_assets_are_sent_compressed_to_who_accepts_that(client: Any) -> None:
    url = f"{client.kernel.url}/assets/index-abc.js"
    async with client.kernel.session.get(url, headers={"Accept-Encoding": "gzip"}, auto_decompress=False) as answer:
        assert (answer.headers["Content-Encoding"], await answer.read()) == ("gzip", b"compressed")
        assert answer.headers["Content-Type"].startswith("text/javascript")


async def test_a_part_of_an_older_build_is_not_found(client: Any) -> None:
    answer = await client.answer("GET", "/assets/index-old.js")
    assert answer.status == 404
    assert b"<!doctype" not in answer.body


async def test_a_configured_client_wins(run_plugin: RunPlugin, client: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_bytes(b"another client")
    answer = await (await run_plugin(WebPlugin, settings={"directory": other})).acting_as(None).answer("GET", "/")
    assert answer.body == b"another client"
    assert "Content-Security-Policy" not in answer.headers
