"""Finding the CLI (``agent-lifecycle.md`` §1)."""

from pathlib import Path

import pytest

from a_parallel_contracts import FailedDependency
from a_parallel_plugins.claude import detection
from a_parallel_plugins.claude.detection import Detector
from a_parallel_plugins.claude.provider import ClaudeProvider
from a_parallel_plugins.claude.settings import ClaudeSettings
from a_parallel_plugins.hosts.local import LocalHost
from tests.plugins.claude.driving import log
from tests.plugins.claude.fake import no_opinion, run_of


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


VERSION = "echo '9.9.9 (Test)'"


@pytest.fixture(autouse=True)
def nothing_installed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a CLI that is really there out of sight."""
    (home / "tools").mkdir()
    for name in ("sh", "sleep"):
        (home / "tools" / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{home / 'tools'}")
    monkeypatch.setattr(detection, "SYSTEM_PLACES", ())


async def test_the_cli_on_the_path_is_found_with_its_version(host: LocalHost, home: Path) -> None:
    there = program(home / "bin" / "claude", VERSION)
    found = await Detector(host).find()
    assert (found.path, found.version) == (str(there), "9.9.9 (Test)")


async def test_the_usual_places_are_searched(host: LocalHost, home: Path) -> None:
    there = program(home / ".claude" / "local" / "claude", VERSION)
    assert (await Detector(host).find()).path == str(there)


async def test_a_missing_cli_is_explained(host: LocalHost) -> None:
    with pytest.raises(FailedDependency) as missing:
        await Detector(host).find()
    assert missing.value.message == "Claude CLI not installed"
    assert "Could not find the claude CLI binary" in missing.value.extra["details"]
    assert "CLAUDE_BINARY_PATH" in missing.value.extra["message"]


async def test_the_environment_names_the_cli_and_wins(
    host: LocalHost, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(home / "bin" / "claude", VERSION)
    other = program(home / "other", "echo other")
    monkeypatch.setenv("CLAUDE_BINARY_PATH", str(other))
    assert (await Detector(host, str(home / "configured")).find()).version == "other"


async def test_a_named_cli_that_is_not_there_is_no_reason_to_take_another(
    host: LocalHost, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(home / "bin" / "claude", VERSION)
    with pytest.raises(FailedDependency) as missing:
        await Detector(host, str(home / "nowhere")).find()
    assert "plugins.claude.binary" in missing.value.extra["details"]
    monkeypatch.setenv("CLAUDE_BINARY_PATH", str(home / "nowhere else"))
    with pytest.raises(FailedDependency) as missing:
        await Detector(host).find()
    assert missing.value.message == "Claude CLI not installed"
    assert "CLAUDE_BINARY_PATH" in missing.value.extra["details"]
    assert "no such file" in missing.value.extra["details"]


async def test_a_broken_cli_is_told_with_its_reason(host: LocalHost, home: Path) -> None:
    program(home / "bin" / "claude", "echo 'libfoo is missing' >&2; exit 3")
    with pytest.raises(FailedDependency) as broken:
        await Detector(host).find()
    assert "not functional: libfoo is missing" in broken.value.message
    assert "details" not in broken.value.extra


async def test_a_cli_that_hangs_is_not_waited_for(host: LocalHost, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "VERSION_LIMIT", 0.2)
    program(home / "bin" / "claude", "sleep 60")
    with pytest.raises(FailedDependency, match="not functional"):
        await Detector(host).find()


async def test_only_success_is_remembered(host: LocalHost, home: Path) -> None:
    detector = Detector(host)
    with pytest.raises(FailedDependency):
        await detector.find()
    there = program(home / "bin" / "claude", VERSION)
    assert (await detector.find()).version == "9.9.9 (Test)"
    program(there, "exit 1")
    assert (await detector.find()).version == "9.9.9 (Test)"
    there.unlink()
    with pytest.raises(FailedDependency):
        await detector.find()


async def test_the_status_is_looked_up_anew_each_time(host: LocalHost, home: Path) -> None:
    provider = ClaudeProvider(host, ClaudeSettings(), log)
    missing = await provider.status()
    assert (missing.available, missing.path, missing.version) == (False, None, None)
    assert "Could not find the claude CLI binary" in str(missing.error)
    there = program(home / "bin" / "claude", VERSION)
    assert (await provider.status()).version == "9.9.9 (Test)"
    program(there, "echo broken >&2; exit 1")
    broken = await provider.status()
    assert not broken.available
    assert "not functional: broken" in str(broken.error)


async def test_an_agent_is_not_started_where_the_directory_is_gone(host: LocalHost, home: Path) -> None:
    program(home / "bin" / "claude", VERSION)
    provider = ClaudeProvider(host, ClaudeSettings(), log)
    with pytest.raises(FailedDependency, match=r"Failed to start agent: .*does not exist"):
        await provider.start(run_of(directory=str(home / "gone")), no_opinion)
