"""One house for each module: starting it costs more than most tests do."""

from collections.abc import AsyncIterator

import pytest
from pytest_asyncio import fixture

from tests.security.house import House, open_house


@fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A server with every plugin, and several people."""
    async with open_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened
