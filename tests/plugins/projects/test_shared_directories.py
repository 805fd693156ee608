"""Directories that are somebody else's project, for users who may and may not register them."""

from pathlib import Path

import pytest

from a_parallel_kernel.testing import KernelFactory
from tests.plugins.projects.test_projects import add, refused
from tests.support.repository import make_repository


@pytest.mark.parametrize(
    "place", ["above", "above/shop", "above/shop/inner", "above/.a-parallel-worktrees/shop/topic", "link"]
)
async def test_without_sharing_a_foreign_directory_is_as_good_as_none(
    kernel: KernelFactory, tmp_path: Path, place: str
) -> None:
    running = await kernel(
        installed=("projects", "git", "hosts"), settings={"plugins.projects.shared_directories": False}
    )
    anna, ben = running.client.acting_as("anna"), running.client.acting_as("ben")
    make_repository(tmp_path / "work" / "above")
    shop = tmp_path / "work" / "above" / "shop"
    await add(anna, shop)
    (tmp_path / "work" / "link").symlink_to(shop)
    directory = tmp_path / "work" / place
    if not (directory / ".git").exists():
        make_repository(directory)
    body = {"name": "mine", "path": str(directory)}
    absent = {"name": "mine", "path": str(tmp_path / "absent")}
    foreign = await refused(ben, "POST", "/api/projects", body)
    unknown = await refused(ben, "POST", "/api/projects", absent)
    assert foreign == (unknown[0], unknown[1].replace(absent["path"], str(directory)))
    assert (await add(ben, tmp_path / "work" / "shop-of-ben"))["userId"] == "ben"
    admin = running.client.acting_as("root", "admin")
    assert (await add(admin, shop))["userId"] == "root"


async def test_with_sharing_a_team_works_on_one_checkout(kernel: KernelFactory, tmp_path: Path) -> None:
    running = await kernel(installed=("projects", "git", "hosts"))
    for user in ("anna", "ben"):
        made = await add(running.client.acting_as(user), tmp_path / "shop")
        assert await running.client.acting_as(user).get("/api/projects") == [{**made, "color": None}]
