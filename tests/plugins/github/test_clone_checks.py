"""What is refused before anything is fetched."""

from pathlib import Path

import pytest

from a_parallel_kernel.testkit import Client
from a_parallel_plugins.github.address import directory_name
from tests.plugins.github.cloning import clone
from tests.plugins.github.conftest import Starter
from tests.plugins.github.standin import StandInGithub


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/octo/demo", "demo"),
        ("/octo/demo.git", "demo"),
        ("/octo/demo.git/", "demo"),
        ("/octo/demo%20two.git", "demo two"),
        ("/octo/demo?x=/y", "demo"),
        ("/octo/..git", "repo"),
        ("/octo/%2e%2e", "repo"),
        ("/octo/a%2fb", "repo"),
        ("/octo/.git", "repo"),
        ("/", "repo"),
        ("", "repo"),
    ],
)
def test_without_a_name_the_address_gives_one(path: str, name: str) -> None:
    assert directory_name(f"https://github.com{path}", None) == name


async def test_what_is_taken_is_found_before_anything_is_fetched(
    client: Client, github: StandInGithub, work: Path
) -> None:
    url = f"{github.url}/octo/demo.git"
    (project,) = [(await clone(client, url, work)).json]
    seen = len(github.seen)
    answer = await clone(client, url, work)
    assert (answer.status, answer.json["error"]) == (400, f"Directory already exists: {work / 'demo'}")
    (work / "elsewhere").mkdir()
    answer = await clone(client, url, work / "elsewhere")
    assert (answer.status, answer.json["error"]) == (409, "A project with this name already exists: demo")
    await client.patch(f"/api/projects/{project['id']}", json={"name": "renamed"})
    (work / "demo").rename(work / "moved")
    answer = await clone(client, url, work)
    assert (answer.status, answer.json["error"]) == (
        409,
        f"A project with this path already exists: {work / 'demo'}",
    )
    (work / "file").write_text("")
    (work / "dangling").symlink_to("nowhere")
    for name in ("file", "dangling"):
        assert (await clone(client, url, work, name=name)).status == 400
    assert len(github.seen) == seen
    assert list((work / "elsewhere").iterdir()) == []


OTHER_ADDRESSES = [
    "",
    "octo/demo",
    "/srv/repositories/demo.git",
    "git@github.com:octo/demo.git",
    "ext::sh -c touch% pwned",
    "ext::sh",
    "--upload-pack=touch pwned",
    "-u",
    "https://",
    "https:///octo/demo",
    "https://github.com/octo/demo\n.git",
    "https://github.com\\@evil.example/octo/demo",
    "https://github.com/octo/de mo",
    "file:///srv/demo.git",
    "ssh://git@github.com/octo/demo.git",
    "git://github.com/octo/demo.git",
    "http://github.com/octo/demo.git",
    "ftp://github.com/octo/demo.git",
    "https://token@github.com/octo/demo.git",
    "https://user:password@github.com/octo/demo.git",
    "https://github.com:99999/octo/demo.git",
    "STANDIN.evil.example/octo/demo.git",
]


async def test_other_addresses_are_refused(client: Client, github: StandInGithub, work: Path) -> None:
    for url in OTHER_ADDRESSES:
        answer = await clone(client, url.replace("STANDIN", github.url), work)
        assert answer.status == 400, answer.body
        assert list(work.iterdir()) == []
        assert github.seen == []


NO_NAMES = ["..", ".", ".git", ".GIT", "a/b", "../x", "/tmp/x", "-x", "a\nb", "a\0b", " ", "x ", "é" * 200]


async def test_names_that_are_no_directory_are_refused(client: Client, github: StandInGithub, work: Path) -> None:
    for name in NO_NAMES:
        answer = await clone(client, f"{github.url}/octo/demo.git", work, name=name)
        assert answer.status == 400, answer.body
        assert list(work.iterdir()) == []
        assert github.seen == []


@pytest.mark.parametrize(
    ("destination", "text"),
    [
        ("", "destinationPath"),
        ("work", "must be absolute"),
        ("~/work", "must be absolute"),
        ("/does/not/exist", "does not exist"),
        ("/dev/null", "does not exist"),
        ("/tmp\0/x", "does not exist"),
        ("/" + "x" * 5000, "does not exist"),
        pytest.param(
            "/proc", "Cannot write to /proc", marks=pytest.mark.skipif(not Path("/proc").is_dir(), reason="Linux")
        ),
        ("DATA", "server's own directory"),
        ("LINK", "server's own directory"),
    ],
)
async def test_destinations_that_cannot_be_used_are_refused(
    client: Client, github: StandInGithub, work: Path, destination: str, text: str
) -> None:
    data = client.kernel.kernel.config.server.data_directory
    (work / "link").symlink_to(data)
    place = {"DATA": str(data), "LINK": str(work / "link")}.get(destination, destination)
    body = {"cloneUrl": f"{github.url}/octo/demo.git", "destinationPath": place}
    answer = await client.answer("POST", "/api/github/clone", json=body)
    assert answer.status == 400, answer.body
    assert text in answer.json["error"]
    assert github.seen == []


async def test_several_users_clone_below_their_roots_only(
    start: Starter, github: StandInGithub, work: Path, home: Path
) -> None:
    url = f"{github.url}/octo/demo.git"
    client = (await start(server={"server.auth_mode": "multi"})).client.acting_as("u1")
    (home / "out").symlink_to(work)
    for place in (work, home / "out", home / ".." / "work"):
        answer = await clone(client, url, place)
        assert answer.status == 400
        assert "only be cloned into directories below" in answer.json["error"]
    (home / "code").mkdir()
    assert (await clone(client, url, home / "code")).status == 201

    client = (await start(server={"server.auth_mode": "multi"}, clone_roots=[str(work)])).client.acting_as("u1")
    assert (await clone(client, url, work)).status == 201
    assert (await clone(client, url, home)).status == 400
