"""Which paths may be seen (``http-core.md`` §8.1, §8.3)."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from a_parallel_contracts import BadRequest
from a_parallel_kernel.testkit import Client
from a_parallel_plugins.browse.places import normalised
from a_parallel_plugins.browse.routes import name_in_url
from tests.support.repository import make_repository

GETS = ("list", "repo-name", "files")
POSTS = ("git-init", "open-directory", "open-terminal", "open-in-editor")


async def status(client: Client, route: str, path: Any) -> int:
    """Return the status of a route for a path."""
    if route in GETS:
        return (await client.answer("GET", f"/api/browse/{route}", params={"path": path})).status
    body = {"path": path, **({"editor": "vscode"} if route == "open-in-editor" else {})}
    return (await client.answer("POST", f"/api/browse/{route}", json=body)).status


ALLOWED = ("home", "home/sub", "home/missing", "work/shop", "work/shop/src", "work/.a-parallel-worktrees/shop/one")
ABOVE = ("", "work", "..")
REFUSED = (
    "work/shop-2",
    "work/shop-2/inside",
    "home-2",
    "home/../home-2",
    "home/out",
    "home/out/etc",
    "home/over",
    "work/shop/../shop-2",
    "work/.a-parallel-worktrees/other",
    "programs",
)


@pytest.fixture(autouse=True)
def links(shop: Path, tmp_path: Path, home: Path) -> None:
    """Make links that lead out of home and into it."""
    (home / "sub").mkdir()
    (tmp_path / "home-2").mkdir()
    (home / "out").symlink_to("/usr")
    (home / "over").symlink_to("../home-2")
    (tmp_path / "into").symlink_to(home / "sub")
    (tmp_path / "programs").mkdir()


async def test_what_may_be_listed(client: Client, tmp_path: Path) -> None:
    for path in [*ALLOWED, *ABOVE, "into", "home/./sub/", "work/shop-2/../shop"]:
        assert await status(client, "list", f"{tmp_path}/{path}") == 200
        assert await status(client, "repo-name", f"{tmp_path}/{path}") == 200


async def test_what_is_refused_everywhere(client: Client, tmp_path: Path) -> None:
    for route in [*GETS, *POSTS]:
        for path in REFUSED:
            assert await status(client, route, f"{tmp_path}/{path}") == 403, (route, path)
            assert not (tmp_path / path / ".git").exists()


async def test_what_cannot_be_a_path(client: Client) -> None:
    for route in [*GETS, *POSTS]:
        for path in ["relative", "./x", "~", "~/x", "../x", "/\0", "/home/\0x", "", " /"]:
            assert await status(client, route, path) == 400, (route, path)


async def test_wrong_types(client: Client) -> None:
    for route in POSTS:
        for path in [5, None, ["/"], {"a": 1}, True]:
            assert await status(client, route, path) == 400, (route, path)


async def test_a_missing_path_is_told(client: Client) -> None:
    for route in GETS:
        answer = await client.answer("GET", f"/api/browse/{route}")
        assert (answer.status, answer.json) == (400, {"error": "path query parameter is required"})
    for route in POSTS:
        answer = await client.answer("POST", f"/api/browse/{route}", json={"editor": "vim"})
        assert (answer.status, answer.json) == (400, {"error": "path is required"})
    answer = await client.answer("POST", "/api/browse/open-in-editor", json={"path": "/"})
    assert (answer.status, answer.json) == (400, {"error": "editor is required"})


async def test_paths_that_are_too_long(client: Client, home: Path) -> None:
    for path in (f"{home}/{'x' * 300}", f"{home}/{'x/' * 3000}"):
        listing = await client.get("/api/browse/list", params={"path": path})
        assert listing["dirs"] == []
        assert "too long" in listing["error"]
        found = await client.get("/api/browse/files", params={"path": path})
        assert (found["files"], found["truncated"], bool(found["error"])) == ([], False, True)
        assert await status(client, "repo-name", path) == 200
        for route in POSTS:
            assert await status(client, route, path) == 400, (route, path)


async def test_a_missing_directory(client: Client, home: Path) -> None:
    for route in POSTS:
        assert await status(client, route, f"{home}/missing") == 400


async def test_a_loop_of_links(client: Client, home: Path) -> None:
    (home / "loop").symlink_to("loop")
    assert (await client.get("/api/browse/list", params={"path": f"{home}/loop"}))["dirs"] == []
    assert await status(client, "git-init", f"{home}/loop") == 400


async def test_anybody_else_needs_to_sign_in(client: Client, home: Path) -> None:
    nobody = client.acting_as(None)
    for route in GETS + POSTS:
        assert await status(nobody, route, str(home)) == 401


class TestSeveralUsers:
    """In multi-user mode everybody has their own projects; admins have home too."""

    @pytest.fixture
    async def anna(self, client: Client, tmp_path: Path) -> Client:
        make_repository(tmp_path / "users" / "anna" / "app")
        (tmp_path / "users" / "anna" / "private").mkdir()
        (tmp_path / "users" / "bert").mkdir()
        anna = client.acting_as("anna")
        await anna.post("/api/projects", json={"name": "app", "path": str(tmp_path / "users/anna/app")})
        return anna

    async def test_nothing_of_others(self, anna: Client, tmp_path: Path) -> None:
        for route in [*GETS, *POSTS]:
            for path in ["home", "home/sub", "work/shop", "users/anna/private", "users/bert"]:
                assert await status(anna, route, f"{tmp_path}/{path}") == 403, (route, path)

    async def test_the_way_to_the_own_project_and_nothing_beside_it(self, anna: Client, tmp_path: Path) -> None:
        steps = Path("/"), *list(reversed((tmp_path / "users/anna/app").parents))[1:]
        for step, following in zip(steps, [*steps[1:], tmp_path / "users/anna/app"], strict=True):
            listing = await anna.get("/api/browse/list", params={"path": str(step)})
            assert [one["path"] for one in listing["dirs"]] == [str(following)]
        for route in ("files", *POSTS):
            assert await status(anna, route, str(tmp_path / "users")) == 403

    async def test_admins_have_home(self, anna: Client, home: Path) -> None:
        admin = anna.acting_as("root", "admin")
        assert await status(admin, "list", str(home)) == 200
        assert await admin.get("/api/browse/roots") == {"roots": [], "home": str(home)}
        assert await status(admin, "list", str(home.parent / "users" / "anna" / "app")) == 403

    async def test_browsing_begins_at_the_own_projects(self, anna: Client, tmp_path: Path) -> None:
        own = f"{tmp_path}/users/anna/app"
        assert await anna.get("/api/browse/roots") == {"roots": [own], "home": own}


async def test_browsing_begins_at_home_and_at_projects_outside(client: Client, shop: Path, home: Path) -> None:
    make_repository(home / "at-home")
    await client.post("/api/projects", json={"name": "at-home", "path": str(home / "at-home")})
    assert await client.get("/api/browse/roots") == {"roots": [str(shop)], "home": str(home)}


async def test_a_deleted_project_is_no_place_any_more(client: Client, shop: Path) -> None:
    (project,) = await client.get("/api/projects")
    await client.delete(f"/api/projects/{project['id']}")
    assert await status(client, "list", str(shop)) == 403


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet=st.sampled_from("/.a~\0 \udc80é"), max_size=20))
def test_a_normalised_path_is_absolute_and_has_no_way_up(path: str) -> None:
    try:
        shown = normalised(path)
    except BadRequest:
        assert not path.startswith("/") or "\0" in path or "\udc80" in path
        return
    assert shown.startswith("/") and not shown.startswith("//")
    assert not {"..", "."} & set(shown.split("/"))
    assert shown == "/" or not shown.endswith("/")
    assert os.path.normpath(shown) == shown


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme/shop.git", "shop"),
        ("https://github.com/acme/shop/", "shop"),
        ("git@github.com:acme/shop.git", "shop"),
        ("git@host:shop.git", "shop"),
        ("/srv/git/shop.git", "shop"),
        ("shop", "shop"),
        ("", ""),
    ],
)
def test_the_name_in_a_url(url: str, name: str) -> None:
    assert name_in_url(url) == name
