"""Starts what standard input says, answers, and stays behind."""

import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from typing import Any

from .keeper import Keeper
from .program import Program
from .spool import SEGMENT, Spool


def main(directory: str, name: str) -> int:
    """Hold one program; files are made in `directory` under `name`."""
    spec = json.load(sys.stdin)
    os.chdir(directory)
    spec["umask"] = os.umask(0o077)
    if os.fork():
        os._exit(0)  # so that it is nobody's child, whoever starts and replaces it
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{name}.sock")  # relative, since addresses must be short (unix(7))
        listener.listen(4)
        try:
            program = Program(spec)
        except OSError as error:
            _forget(name)
            _answer({"errno": error.errno, "text": error.strerror})
            return 1
        return _hold(name, spec, program, listener, woken)


def _hold(name: str, spec: dict[str, Any], program: Program, listener: socket.socket, woken: int) -> int:
    spool = Spool(f"{name}.out", max(1, min(SEGMENT, spec["limit"] // 4)))
    forget = partial(_forget, name)
    keeper = Keeper(program, spool, limit=spec["limit"], patience=spec["patience"], forget=forget)
    signal.signal(signal.SIGTERM, lambda *_: keeper.end())
    _write_down(name, spec, program)
    _answer({"pid": program.pid, "holder": os.getpid()})
    try:
        keeper.run(listener, woken)
    finally:
        forget()
        spool.release(spool.end)
    return 0


def _write_down(name: str, spec: dict[str, Any], program: Program) -> None:
    """Say what is held, for servers to come and for people."""
    facts = {"name": name, "holder": os.getpid(), "pid": program.pid, "program": spec["argv"][0]}
    more = {"terminal": program.terminal, "owner": spec["owner"], "note": spec["note"], "created": time.time()}
    with open(f"{name}.new", "w", encoding="ascii") as file:  # noqa: PTH123 - no pathlib here
        json.dump({**facts, **more}, file)
    os.replace(f"{name}.new", f"{name}.json")  # noqa: PTH105


def _answer(told: dict[str, Any]) -> None:
    with suppress(OSError):  # the server was killed meanwhile; the next one will find what is held
        os.write(1, json.dumps(told).encode() + b"\n")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def _forget(name: str) -> None:
    for ending in ("json", "sock"):
        with suppress(OSError):
            os.unlink(f"{name}.{ending}")  # noqa: PTH108
