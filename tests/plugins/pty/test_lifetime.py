"""Terminals outlive pages, but not for ever (``websocket.md`` §7.5, §8)."""

from pathlib import Path

from a_parallel_contracts import SOCKETS
from a_parallel_contracts.auth import UserDeleted
from tests.plugins.hosts.conditions import alive, until
from tests.plugins.pty.conftest import House, Opening, Page
from tests.plugins.pty.test_terminals import pid_of


async def nobody_there(house: House, user: str = "__local__") -> None:
    """Return when the server knows that no page of the user is connected."""
    sockets = house.running.service(SOCKETS)
    await until(lambda: not sockets.connected(user))
    await house.running.settled()


async def test_a_page_goes_on_after_it_was_disconnected(house: House, tmp_path: Path) -> None:
    async with house.page() as page:
        await page.spawn("a", tmp_path)
        pid = await pid_of(page, "a")
    await nobody_there(house)
    async with house.page() as page:
        assert await pid_of(page, "a") == pid


async def test_an_exit_while_nobody_was_there_is_told_at_the_next_connect(house: House, tmp_path: Path) -> None:
    async with house.page() as page:
        await page.spawn("a", tmp_path)
        pid = await pid_of(page, "a")
        await page.type("a", f"while ! [ -e {tmp_path}/go ]; do sleep 0.02; done; exit 4\r")
        await page.until("a", "exit 4")
    await nobody_there(house)
    (tmp_path / "go").touch()
    await until(lambda: not alive(pid))
    async with house.page() as page:
        assert await page.exit("a") == 4
    async with house.page() as page:
        assert await page.list() == []
        assert page.exits == {}


async def test_forsaken_terminals_are_hung_up_after_the_grace(open_house: Opening, tmp_path: Path) -> None:
    house = await open_house(grace=0.3)
    async with house.page() as page:
        await page.spawn("a", tmp_path)
        pid = await pid_of(page, "a")
    await until(lambda: not alive(pid))
    async with house.page() as page:
        assert await page.exit("a") == 0
        assert await page.list() == []


async def test_what_another_page_has_addressed_stays(open_house: Opening, tmp_path: Path) -> None:
    house = await open_house(grace=0.3)
    async with house.page() as second:
        async with house.page() as first:
            await first.spawn("kept", tmp_path)
            await first.spawn("left", tmp_path)
            kept, left = await pid_of(first, "kept"), await pid_of(first, "left")
            assert await pid_of(second, "kept") == kept
        await until(lambda: not alive(left))
        assert await second.exit("left") == 0
        assert await pid_of(second, "kept") == kept


async def test_coming_back_in_time_saves_the_terminal(open_house: Opening, tmp_path: Path) -> None:
    house = await open_house(grace=1.0)
    async with house.page() as page:
        await page.spawn("mine", tmp_path)
        pid = await pid_of(page, "mine")
        await page.spawn("other", tmp_path)
        other = await pid_of(page, "other")
    async with house.page() as page:
        await page.say("resize", id="mine", rows=20, cols=20)
        await page.list()
        await until(lambda: not alive(other))
        assert await pid_of(page, "mine") == pid


async def test_the_oldest_forsaken_one_makes_room(open_house: Opening, tmp_path: Path) -> None:
    house = await open_house(limit=3)
    pids = {}
    for id in ("a", "b"):
        async with house.page() as page:
            await page.spawn(id, tmp_path)
            pids[id] = await pid_of(page, id)
        await nobody_there(house)
    async with house.page() as page:
        await page.spawn("c", tmp_path)
        await page.spawn("d", tmp_path)
        assert await page.exit("a") == 0
        assert not alive(pids["a"])
        assert [one["ptyId"] for one in await page.list()] == ["b", "c", "d"]


async def test_one_too_many_is_refused(open_house: Opening, tmp_path: Path) -> None:
    house = await open_house(limit=2)
    async with house.page() as page:
        for id in ("a", "b", "c"):
            await page.spawn(id, tmp_path)
        assert await page.exit("c") == 1
        assert "2 terminals" in page.shown["c"]
        assert [one["ptyId"] for one in await page.list()] == ["a", "b"]
        await page.say("kill", id="a")
        await page.spawn("c", tmp_path)
        page.exits.clear()
        assert await page.ask("c", "pwd") == str(tmp_path)


async def test_terminals_of_a_removed_user_go(open_house: Opening, tmp_path: Path) -> None:
    house = await open_house()
    async with house.page() as page:
        await page.spawn("a", tmp_path)
        pid = await pid_of(page, "a")
        house.running.kernel.publish(UserDeleted(user_id="anna"))
        await house.running.settled()
        assert alive(pid)
        house.running.kernel.publish(UserDeleted(user_id="__local__"))
        assert await page.exit("a") == 0
        assert not alive(pid)


async def test_another_page_picks_a_terminal_up(house: House, page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path, rows=30, cols=90)
    await page.type("a", "echo $((40+2))\r")
    await page.until("a", "42\r\n")
    async with house.page() as second:
        (listed,) = await second.list()
        assert {**listed, "createdAt": ""} == {
            "ptyId": "a",
            "cwd": str(tmp_path),
            "rows": 30,
            "cols": 90,
            "createdAt": "",
        }
        await second.say("attach", id="a")
        assert await second.answer("pty:attached") == listed
        await page.until("a", "42\r\n$ ")
        await second.until("a", "42\r\n$ ")
        assert second.shown["a"] == page.shown["a"]
        await page.type("a", "echo $((50+2))\r")
        await second.until("a", "52\r\n$ ")
        await page.until("a", "52\r\n$ ")
        assert second.shown["a"] == page.shown["a"]


async def test_a_page_that_does_not_ask_gets_no_replay(house: House, page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    await page.type("a", "echo $((40+2))\r")
    await page.until("a", "42\r\n$ ")
    async with house.page() as second:
        await second.spawn("a", tmp_path)
        await second.list()
        assert second.shown == {}


async def test_what_is_shown_again_is_bounded_and_begins_with_a_line(house: House, page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    await page.type("a", "seq 1000000 1100000; echo en''d\r")
    await page.until("a", "end\r\n$ ")
    async with house.page() as second:
        await second.say("attach", id="a")
        text = await second.until("a", "end\r\n$ ")
        assert 32 * 1024 < len(text) <= 64 * 1024
        first, *_ = text.split("\r\n")
        assert len(first) == 7
        assert page.shown["a"].endswith(text)
