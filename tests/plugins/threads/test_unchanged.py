"""A browser that has an answer made of rows is told that nothing has changed, until something has."""

import pytest

from tests.plugins.threads.conftest import Home

PATHS = ["/api/threads", "/api/threads?projectId=p1", "/api/threads/archived", "/api/threads/{id}"]


@pytest.mark.parametrize("path", PATHS)
async def test_what_has_not_changed_is_not_sent_again(home: Home, path: str) -> None:
    thread = await home.make("one")
    address = path.format(id=thread.id)
    first = await home.client.answer("GET", address)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = await home.client.answer("GET", address, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("path", PATHS)
async def test_after_a_change_the_whole_answer_is_sent(home: Home, path: str) -> None:
    thread = await home.make("one")
    address = path.format(id=thread.id)
    first = await home.client.answer("GET", address)
    await home.client.patch(f"/api/threads/{thread.id}", json={"pinned": True})
    again = await home.client.answer("GET", address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 200
    assert again.headers["ETag"] != first.headers["ETag"]


async def test_one_persons_answer_is_never_taken_for_anothers(home: Home) -> None:
    anna, bert = home.client.acting_as("anna"), home.client.acting_as("bert")
    tag = (await anna.answer("GET", "/api/threads")).headers["ETag"]
    assert (await bert.answer("GET", "/api/threads", headers={"If-None-Match": tag})).status == 200
    assert (await anna.answer("GET", "/api/threads", headers={"If-None-Match": tag})).status == 304


async def test_failures_carry_no_tag(home: Home) -> None:
    assert "ETag" not in (await home.client.answer("GET", "/api/threads/nope")).headers
