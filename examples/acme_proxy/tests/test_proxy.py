"""Whom the server lets in, beside the bundled ways."""

import pytest
from acme_proxy import ProxyPlugin

from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client

SETTINGS = {"plugins.proxy.secret": "known to both", "plugins.proxy.admins": ["root"]}


@pytest.fixture
async def stranger(kernel: KernelFactory) -> Client:
    running = await kernel({"proxy": ProxyPlugin}, installed=("auth",), settings=SETTINGS, authenticate=False)
    running.expect_running("proxy")
    return running.client.acting_as(None)


@pytest.mark.parametrize(
    ("user", "secret", "status"),
    [("root", "known to both", 200), ("ann", "known to both", 403), ("root", "guessed", 401), ("root", "", 401)],
)
async def test_only_the_proxy_says_who_somebody_is(stranger: Client, user: str, secret: str, status: int) -> None:
    headers = {"X-Forwarded-User": user, "X-Proxy-Secret": secret}
    assert (await stranger.answer("GET", "/api/kernel/plugins", headers=headers)).status == status


async def test_nobody_is_nobody(stranger: Client) -> None:
    assert (await stranger.answer("GET", "/api/kernel/plugins")).status == 401
