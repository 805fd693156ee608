"""The real Claude CLI outlives servers that are killed or replaced; only the Messages API is played."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from a_parallel_plugins.hosts.listing import held_in
from tests.contract.client import Client
from tests.contract.shown import Card
from tests.e2e.real_cli import environment, require_real_cli
from tests.e2e.test_replacing import restart
from tests.e2e.test_surviving import SURVIVE, again, none_held, steps
from tests.real_cli.messages_api import Hold, MessagesApi, Reply, tool
from tests.support.fixtures import ServerFactory
from tests.support.repository import Repository, make_repository
from tests.support.server import Server

pytestmark = [pytest.mark.real_cli, pytest.mark.timeout(180)]


@pytest.fixture
async def api() -> AsyncIterator[MessagesApi]:
    async with MessagesApi() as running:
        yield running


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "demo")


@pytest.fixture
async def server(server_factory: ServerFactory, api: MessagesApi, tmp_path: Path) -> AsyncIterator[Server]:
    variables = environment(require_real_cli(), api.url, tmp_path / "scratch")
    started = await server_factory(claude=None, environment=variables, config=SURVIVE).start()
    yield started
    if started.process is not None:
        await started.stop()


async def test_a_turn_goes_on_through_a_kill_and_a_restart(
    server: Server, api: MessagesApi, repository: Repository
) -> None:
    streaming, later = Hold(), Hold()
    text = "This is said in the middle of a kill, and it must be said once."
    api.on(
        "Work",
        Reply.of(tool("Write", file_path=str(repository.path / "made.txt"), content="x"), text).held(streaming),
        Reply.of("The file is made, as it was asked for in the beginning.").held(later),
    )
    api.on("Now the follow-up", "That was all.")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "Work", mode="local")
        assert thread is not None, page.screen.toasts
        await streaming.reached.wait()
        await server.kill()
        streaming.let_go()
        await again(server, page)
        await later.reached.wait()
        assert (repository.path / "made.txt").read_text() == "x"
        assert (await page.send("Now the follow-up")).ok
        status, said = await restart(server)
        assert status == 0, said
        later.let_go()
        await page.until(lambda screen: "That was all." in str(screen.threads[thread].texts), "the follow-up")
        await page.until_status(thread, "completed")
        shown = await page.load_thread(thread)
        whole = "\n".join(steps(shown))
        assert [
            whole.count(part)
            for part in (text, "The file is made, as it was asked for in the beginning.", "That was all.")
        ] == [1, 1, 1]
        assert [one for role, one in shown.texts if role == "user"] == ["Work", "Now the follow-up"]
        assert [call.name for call in shown.tools] == ["Write"]
        assert len({asked.session for asked in api.conversation("Work")}) == 1
        last = "\n".join(api.conversation("Now the follow-up")[-1].user_texts())
        assert last.count("Now the follow-up") == 1
        assert "SYSTEM NOTE" not in last
        await none_held(server)


async def test_a_permission_is_asked_for_again_and_the_answer_reaches_the_cli(
    server: Server, api: MessagesApi, repository: Repository
) -> None:
    target = repository.path / "made.txt"
    api.on("Work", Reply.of("I write.", tool("Write", file_path=str(target), content="x")), "It is written.")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "Work", mode="local", permissionMode="confirmEdit")
        assert thread is not None, page.screen.toasts
        await page.until_status(thread, "waiting")
        await server.kill()
        assert len(held_in(server.data_directory / "holders")) == 1
        await again(server, page)
        shown = await page.load_thread(thread)
        assert shown.status == "waiting"
        assert not target.exists()
        assert (await page.approve("Write")).ok
        await page.until(lambda screen: "It is written." in str(screen.threads[thread].texts), "the end")
        await page.until_status(thread, "completed")
        assert target.exists()
        assert shown.card in (None, Card("permission", "Write"))
