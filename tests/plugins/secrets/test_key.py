"""The key file: when it is made, what is accepted, what is never overwritten."""

import logging
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.secrets import SECRETS, Secrets
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.secrets.keyfile import KeyFile
from tests.plugins.secrets.test_cipher import KEY, STORED, TEXT


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The data directory."""
    path = tmp_path / "data"
    path.mkdir()
    return path


async def start(kernel: KernelFactory, directory: Path) -> Secrets:
    running = await kernel(installed=("secrets",), data_directory=directory)
    running.expect_running("secrets")
    service: Secrets = running.service(SECRETS)
    return service


async def test_the_key_is_made_by_the_first_secret_and_private(kernel: KernelFactory, directory: Path) -> None:
    secrets = await start(kernel, directory)
    path = directory / "encryption.key"
    assert secrets.decrypt(STORED) is None
    assert not path.exists()
    stored = secrets.encrypt("one")
    assert re.fullmatch(r"[0-9a-f]{64}", path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secrets.decrypt(stored) == "one"
    assert secrets.decrypt(None) is None
    assert {file.name for file in directory.iterdir() if "key" in file.name} == {"encryption.key"}


async def test_an_existing_key_is_used_and_made_private(kernel: KernelFactory, directory: Path) -> None:
    path = directory / "encryption.key"
    path.write_text(f"\n {KEY.hex()} \n")
    path.chmod(0o644)
    secrets = await start(kernel, directory)
    assert secrets.decrypt(STORED) == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == f"\n {KEY.hex()} \n"


@pytest.mark.parametrize("content", ["", KEY.hex()[:-1], KEY.hex() + "00", "z" * 64, "\udcff"])
async def test_a_file_that_is_no_key_is_refused_and_kept(
    kernel: KernelFactory, directory: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = directory / "encryption.key"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    secrets = await start(kernel, directory)
    before = path.read_bytes()
    with caplog.at_level(logging.ERROR, "a_parallel.secrets"):
        for _ in range(2):
            assert secrets.decrypt(STORED) is None
            with pytest.raises(FailedDependency, match="does not hold 64 hex characters"):
                secrets.encrypt("text")
    assert path.read_bytes() == before
    assert [record.name for record in caplog.records] == ["a_parallel.secrets"], "said once"

    path.write_text(KEY.hex())
    assert secrets.decrypt(STORED) == TEXT, "no restart is needed once it is repaired"


def test_of_many_that_make_the_key_at_once_all_get_the_same(directory: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: KeyFile(directory).make(), range(64)))
    assert len(keys) == 1
    assert [file.name for file in directory.iterdir()] == ["encryption.key"]
