"""Terminals over the WebSocket (``websocket.md`` §7, §8)."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.hosts.conditions import alive, until
from tests.plugins.pty.conftest import House, Opening, Page
from tests.support.flood import BLOCK, BLOCKS, Flood


async def pid_of(page: Page, id: str) -> int:
    return int(await page.ask(id, "echo $$"))


async def test_keys_reach_the_shell_and_output_comes_back(page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    assert await page.ask("a", "pwd") == str(tmp_path)
    await page.type("a", "exit 3\r")
    assert await page.exit("a") == 3
    assert await page.list() == []


async def test_the_environment_is_the_users(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("PORT", "HOST", "CLIENT_PORT", "CORS_ORIGIN", "AUTH_MODE", "A_PARALLEL_X", "BETTER_AUTH_URL")
    gone = (*ours, "TMUX", "TMUX_PANE", "STY", "WINDOWID", "TERMCAP", "COLUMNS", "LINES")
    for name in gone:
        monkeypatch.setenv(name, "5")
    monkeypatch.setenv("MINE", "kept")
    await page.spawn("a", tmp_path)
    names = "".join(f"${{{name}+{name}}}" for name in gone if name not in ("COLUMNS", "LINES"))
    assert await page.ask("a", f'echo "{names}-$TERM-$MINE-$PWD"') == f"-xterm-256color-kept-{tmp_path}"
    assert await page.ask("a", "env | grep -cE '^(COLUMNS|LINES)='; true") == "0"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ({"rows": 33, "cols": 121}, "33 121"),
        ({}, "24 80"),
        ({"rows": 0, "cols": None}, "24 80"),
        ({"rows": 100000, "cols": 100000}, "1000 1000"),
    ],
)
async def test_the_window_has_the_size_of_the_page(
    page: Page, tmp_path: Path, size: dict[str, Any], expected: str
) -> None:
    await page.spawn("a", tmp_path, **size)
    assert await page.ask("a", "stty size <&2") == expected
    await page.say("resize", id="a", rows=40, cols=5000)
    assert await page.ask("a", "stty size <&2") == "40 1000"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"id": ""},
        {"id": "x" * 65},
        {"id": 5},
        {"id": "b", "cwd": 5},
        {"id": "b", "cwd": "/", "rows": "many"},
        None,
        [],
    ],
)
async def test_what_does_not_fit_is_ignored(page: Page, data: Any) -> None:
    await page.socket.socket.send_json({"type": "pty:spawn", "data": data})
    assert await page.list() == []
    assert (page.shown, page.exits) == ({}, {})


async def test_bad_writes_and_resizes_do_no_harm(page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    for name, data in (
        ("write", {"id": "a", "data": 5}),
        ("write", {"id": "a"}),
        ("write", {"id": "nobody", "data": "x"}),
        ("resize", {"id": "a", "rows": "x", "cols": 3}),
        ("resize", {"id": "a", "rows": 3}),
        ("resize", {"id": "nobody", "rows": 3, "cols": 3}),
        ("kill", {"id": "nobody"}),
        ("attach", {"id": "nobody"}),
    ):
        await page.socket.send(f"pty:{name}", data)
    assert await page.ask("a", "stty size <&2") == "24 80"


@pytest.mark.parametrize("cwd", ["missing", "file", "relative", "nul", "long"])
async def test_a_bad_directory_is_told_and_frees_the_id(page: Page, tmp_path: Path, cwd: str) -> None:
    (tmp_path / "file").write_text("x")
    path = {"relative": "tmp", "nul": "/tmp/\0", "long": "/" + "x" * 5000}.get(cwd, str(tmp_path / cwd))
    await page.spawn("a", path)
    assert await page.exit("a") == 1
    assert "directory" in page.shown["a"]
    page.exits.clear()
    await page.spawn("a", tmp_path)
    assert await page.ask("a", "pwd") == str(tmp_path)


async def test_a_missing_shell_is_told(open_house: Opening, tmp_path: Path) -> None:
    house = await open_house(shell="/nowhere/sh")
    async with house.page() as page:
        await page.spawn("a", tmp_path)
        assert await page.exit("a") == 1
        assert "/nowhere/sh" in page.shown["a"]


async def test_a_live_id_is_not_opened_twice(page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    pid = await pid_of(page, "a")
    await page.spawn("a", "/")
    assert await pid_of(page, "a") == pid


async def test_killing_ends_the_group_and_is_told_once(page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    await page.type("a", "sh -c 'echo \"{$$}\"; sleep 60'\r")
    child = int((await page.until("a", "}\r")).rpartition("{")[2].partition("}")[0])
    await page.say("kill", id="a")
    assert await page.exit("a") == 0
    assert not alive(child)
    assert await page.list() == []


async def test_killing_an_ended_terminal_tells_nothing(page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    await page.type("a", "exit\r")
    await page.exit("a")
    await page.say("kill", id="a")
    await page.list()
    assert page.exits == {"a": [0]}


async def test_a_killed_id_is_fresh_at_once_and_the_old_one_is_silent(page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    old = await pid_of(page, "a")
    await page.type("a", "trap 'echo from the old one' HUP; while :; do echo noise; sleep 0.01; done\r")
    await page.until("a", "noise\r\n")
    page.shown.clear()
    for _ in range(3):
        await page.say("kill", id="a")
        await page.spawn("a", tmp_path)
    new = await pid_of(page, "a")
    assert new != old
    await until(lambda: not alive(old))
    await page.list()
    assert "old one" not in page.shown["a"].replace("echo from the old one", "")
    assert page.exits == {}
    assert await pid_of(page, "a") == new


async def test_killing_while_it_opens(page: Page, house: House, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    await page.say("kill", id="a")
    assert await page.exit("a") == 0
    health = await house.running.client.get("/api/kernel/health")
    assert "0 running" in str(health)


async def test_output_goes_to_all_pages_of_the_owner(house: House, page: Page, tmp_path: Path) -> None:
    async with house.page() as second:
        await page.spawn("a", tmp_path)
        await page.type("a", "echo $((40+2))\r")
        await page.until("a", "42\r\n")
        await second.until("a", "42\r\n")
        await second.type("a", "exit\r")
        assert (await page.exit("a"), await second.exit("a")) == (0, 0)


async def test_nobody_reaches_another_users_terminal(open_house: Opening, tmp_path: Path) -> None:
    house = await open_house(admins_only=False, installed=("git", "projects"))
    async with house.page() as local, house.page("anna", "admin") as anna:
        await local.spawn("a", tmp_path)
        pid = await pid_of(local, "a")
        assert await anna.list() == []
        for name, data in (
            ("write", {"data": "echo intruder\r"}),
            ("resize", {"rows": 5, "cols": 5}),
            ("kill", {}),
            ("attach", {}),
        ):
            await anna.say(name, id="a", **data)
        assert await anna.list() == []
        assert await pid_of(local, "a") == pid
        assert await local.ask("a", "stty size <&2") == "24 80"
        assert "intruder" not in local.shown["a"]
        assert (anna.shown, anna.exits) == ({}, {})
        await local.say("kill", id="a")
        await local.exit("a")
        assert await anna.list() == []
        assert (anna.shown, anna.exits) == ({}, {})


async def test_characters_are_never_split(page: Page, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import os\nfor byte in 'ä€😀'.encode() + b'\\xff.': os.write(1, bytes([byte]))\n")
    await page.spawn("a", tmp_path)
    await page.type("a", "python3 script.py\r")
    assert "ä€😀\ufffd." in await page.until("a", "\ufffd.")


async def test_typed_text_passes_unchanged(page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    await page.type("a", "cat\r")
    await page.type("a", "grüße 😀\x7f!\r\x04")
    await page.until("a", "grüße !\r\n")
    assert await page.ask("a", "echo still here") == "still here"


async def test_a_flood_arrives_whole_in_frames_of_bearable_size(page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    await page.ask("a", "stty -echo -opost <&2")
    await page.type("a", "printf '<<'; head -c 5000000 /dev/zero | tr '\\0' x; printf '>>'\r")
    pieces = await page.flood("a", ">>")
    assert "".join(pieces).partition("<<")[2].partition(">>")[0] == "x" * 5_000_000
    assert max(map(len, pieces)) <= 64 * 1024
    assert len(pieces) < 1500


async def test_an_interrupt_ends_a_flood(page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    await page.type("a", "yes | head -c 4000000000\r")
    await page.until("a", "y\r\ny\r\n")
    await page.type("a", "\x03")
    assert await page.ask("a", "echo quiet") == "quiet"


async def test_a_page_that_does_not_read_slows_the_terminal_down(page: Page, tmp_path: Path) -> None:
    flood = Flood(tmp_path)
    await page.spawn("a", tmp_path)
    await page.type("a", f"{flood.command}\r")
    await flood.held_up()
    assert not flood.done
    pieces = await page.flood("a", "<end>")
    assert "".join(pieces).count("x" * 1000) == BLOCKS * BLOCK // 1000
    assert flood.done


async def test_killing_does_not_wait_for_a_page_that_does_not_read(house: House, page: Page, tmp_path: Path) -> None:
    flood = Flood(tmp_path)
    await page.spawn("a", tmp_path)
    pid = await pid_of(page, "a")
    await page.type("a", f"{flood.command}\r")
    await flood.held_up()
    async with house.page() as second:
        await second.say("kill", id="a")
        await until(lambda: not alive(pid), timeout=15)
        assert await second.exit("a") == 0


async def test_a_program_that_does_not_read_holds_up_nobody(page: Page, tmp_path: Path) -> None:
    await page.spawn("deaf", tmp_path)
    await page.type("deaf", "stty raw; echo re''ady; sleep 60\r")
    await page.until("deaf", "ready")
    for _ in range(20):
        await page.type("deaf", "x" * 1_000_000)
    await page.spawn("b", tmp_path)
    assert await page.ask("b", "pwd") == str(tmp_path)
    await page.say("kill", id="deaf")
    assert await page.exit("deaf") == 0


async def test_the_end_of_the_server_hangs_everything_up(house: House, tmp_path: Path) -> None:
    async with house.page() as page:
        await page.spawn("a", tmp_path)
        await page.spawn("b", tmp_path)
        pids = [await pid_of(page, "a"), await pid_of(page, "b")]
    await house.running.stop()
    assert not any(map(alive, pids))


async def test_switching_the_plugin_off_tells_the_pages(house: House, page: Page, tmp_path: Path) -> None:
    await page.spawn("a", tmp_path)
    pid = await pid_of(page, "a")
    await house.running.client.post("/api/kernel/plugins/pty/disable")
    assert await page.exit("a") == 0
    assert not alive(pid)


async def test_no_keystroke_and_no_output_is_logged(
    page: Page, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await page.spawn("a", tmp_path)
    await page.type("a", "echo se''cret\r")
    await page.until("a", "secret\r\n")
    await page.say("write", id="a", data=["se''cret"])
    await page.say("list")
    await page.answer("pty:list")
    assert "cret" not in caplog.text


async def test_a_directory_that_goes_does_not_end_the_terminal(page: Page, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    await page.spawn("a", tmp_path / "sub")
    await page.ask("a", "pwd")
    shutil.rmtree(tmp_path / "sub")
    await page.type("a", "cd /\r")
    async with asyncio.timeout(20):
        assert await page.ask("a", "pwd") == "/"
