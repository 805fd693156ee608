"""What a holder does at the moment when a server goes."""

import json
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from a_parallel_plugins.hosts.holder.keeper import Keeper
from a_parallel_plugins.hosts.holder.spool import Spool
from a_parallel_plugins.hosts.holder.wire import SIZE, frame
from a_parallel_plugins.hosts.link import address

HELLO = frame(b"h", 0, json.dumps({"from": 0, "window": 1024}).encode())


class Screen(SimpleNamespace):
    """A program on a terminal of which only the window is looked at."""

    def resize(self, rows: int, cols: int) -> None:
        self.size = [rows, cols]


@pytest.fixture
def listener(tmp_path: Path) -> Any:
    with address(tmp_path / "sock") as short, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(short)
        listener.listen(4)
        yield listener


def test_what_a_server_asks_for_before_it_goes_is_done_though_output_cannot_be_sent_to_it(
    tmp_path: Path, listener: socket.socket
) -> None:
    screen, spool = Screen(size=[30, 90], stdin=-1), Spool(str(tmp_path / "out"))
    keeper = Keeper(screen, spool, limit=65536, patience=60.0, forget=lambda: None)  # type: ignore[arg-type]
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(listener.getsockname())
        server.sendall(HELLO)
        keeper._accept(listener)
        keeper._receive(1)
        server.sendall(frame(b"r", 0, SIZE.pack(10, 50)) + frame(b"w", 1, b"\1kls\n"))
    spool.append(b"shown after that")
    keeper._send()
    assert screen.size == [10, 50]
    assert "k" in keeper._input.keys
    assert keeper._server is None


def test_what_a_server_asks_for_is_done_though_another_comes_at_once(tmp_path: Path, listener: socket.socket) -> None:
    screen, spool = Screen(size=[30, 90], stdin=-1), Spool(str(tmp_path / "out"))
    keeper = Keeper(screen, spool, limit=65536, patience=60.0, forget=lambda: None)  # type: ignore[arg-type]
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as another:
        server.connect(listener.getsockname())
        keeper._accept(listener)
        server.sendall(HELLO + frame(b"r", 0, SIZE.pack(10, 50)))
        another.connect(listener.getsockname())
        keeper._accept(listener)
    assert screen.size == [10, 50]
