"""Fixtures: a kernel with the plugin on real git."""

from pathlib import Path

import pytest

from a_parallel_contracts.projects import PROJECTS
from a_parallel_kernel.testing import KernelFactory, Services
from a_parallel_plugins.skills import SkillsPlugin
from tests.plugins.skills.house import House, OneProject


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: KernelFactory) -> House:
    home, project, remote = tmp_path / "home", (tmp_path / "work" / "project").resolve(), tmp_path / "remote"
    for directory in (home, project, remote):
        directory.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    services: Services = {PROJECTS: OneProject(project)}
    settings = {"plugins.skills.github": f"file://{remote}", "plugins.skills.size_limit": 100_000}
    settings["kernel.stop_deadline"] = 1.0  # git that hangs is waited for no longer
    running = await kernel({"skills": SkillsPlugin}, installed=("hosts",), services=services, settings=settings)
    running.expect_running("skills")
    return House(running, home, project, remote)
