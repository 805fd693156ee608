"""Connecting an account, and what is asked of it (``http-features.md`` §6)."""

import time
from email.utils import formatdate
from pathlib import Path

import pytest

from a_parallel_contracts.profile import PROFILES
from a_parallel_kernel.testkit import AnswerError, Client
from tests.plugins.github.conftest import TOKEN, Starter
from tests.plugins.github.standin import StandInGithub


async def refused(client: Client, method: str, path: str, **options: object) -> tuple[int, str]:
    answer = await client.answer(method, path, **options)
    assert answer.status >= 400, answer.body
    return answer.status, answer.json["error"]


# --- device flow ------------------------------------------------------------------------------------


async def test_a_user_connects_by_typing_a_code(client: Client, github: StandInGithub) -> None:
    assert await client.get("/api/github/status") == {"connected": False}
    assert await client.post("/api/github/oauth/device") == {
        "device_code": "device-1",
        "user_code": "WDJB-MJHT",
        "verification_uri": f"{github.url}/login/device",
        "expires_in": 899,
        "interval": 5,
    }
    assert github.seen[-1].form == {"client_id": "Iv1.test", "scope": "repo"}
    assert github.seen[-1].headers["accept"] == "application/json"

    github.device[:] = [
        {"error": "authorization_pending"},
        {"error": "slow_down", "interval": 10},
        {"access_token": TOKEN, "token_type": "bearer", "scope": "repo"},
    ]
    body = {"deviceCode": "device-1"}
    assert await client.post("/api/github/oauth/poll", json=body) == {"status": "pending"}
    assert await client.post("/api/github/oauth/poll", json=body) == {"status": "pending", "interval": 10}
    answer = await client.answer("POST", "/api/github/oauth/poll", json=body)
    assert answer.json == {"status": "success", "scopes": "repo"}
    assert TOKEN.encode() not in answer.body
    assert github.seen[-1].form == {
        "client_id": "Iv1.test",
        "device_code": "device-1",
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
    }
    assert await client.get("/api/github/status") == {"connected": True, "login": "octo"}
    assert (await client.get("/api/profile"))["hasGithubToken"] is True
    assert await client.get("/api/github/user") == {
        "login": "octo",
        "avatar_url": f"{github.url}/octo.png",
        "name": None,
    }


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"error": "expired_token"}, {"status": "expired"}),
        ({"error": "access_denied"}, {"status": "denied"}),
        ({}, {"status": "pending"}),
        ({"access_token": ""}, {"status": "pending"}),
    ],
)
async def test_other_ends_of_the_device_flow(
    client: Client, github: StandInGithub, said: dict[str, object], told: object
) -> None:
    github.device[:] = [said]
    assert await client.post("/api/github/oauth/poll", json={"deviceCode": "x"}) == told


async def test_any_other_refusal_of_a_poll_is_told(client: Client, github: StandInGithub) -> None:
    github.device[:] = [{"error": "incorrect_device_code", "error_description": "The device_code is wrong."}]
    status, text = await refused(client, "POST", "/api/github/oauth/poll", json={"deviceCode": "x"})
    assert (status, text) == (400, "GitHub refused: The device_code is wrong.")
    for body in ({}, {"deviceCode": ""}, {"deviceCode": 7}):
        assert (await refused(client, "POST", "/api/github/oauth/poll", json=body))[0] == 400


async def test_a_server_without_an_app_says_what_to_set(start: Starter, github: StandInGithub) -> None:
    client = (await start(client_id=None)).client
    for path, body in (("device", None), ("poll", {"deviceCode": "x"})):
        status, text = await refused(client, "POST", f"/api/github/oauth/{path}", json=body)
        assert status == 400
        assert "GITHUB_CLIENT_ID is not configured" in text
    assert github.seen == []


async def test_the_app_may_come_from_the_environment(
    start: Starter, github: StandInGithub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_CLIENT_ID", "Iv1.environment")
    await (await start(client_id=None)).client.post("/api/github/oauth/device")
    assert github.seen[-1].form["client_id"] == "Iv1.environment"


async def test_disconnecting_forgets_the_token(connected: Client) -> None:
    assert await connected.delete("/api/github/oauth/disconnect") == {"ok": True}
    assert await connected.delete("/api/github/oauth/disconnect") == {"ok": True}
    assert await connected.get("/api/github/status") == {"connected": False}
    assert (await connected.get("/api/profile"))["hasGithubToken"] is False


# --- user and repositories --------------------------------------------------------------------------


async def test_who_is_not_connected_gets_400_never_401(client: Client, github: StandInGithub) -> None:
    for path in ("user", "repos"):
        assert await refused(client, "GET", f"/api/github/{path}") == (400, "Not connected to GitHub")
    assert github.seen == []


async def test_calls_carry_what_github_asks_for(connected: Client, github: StandInGithub) -> None:
    await connected.get("/api/github/user")
    (call,) = github.calls("/user")
    wanted = {
        "accept": "application/vnd.github+json",
        "authorization": f"Bearer {TOKEN}",
        "x-github-api-version": "2022-11-28",
        "user-agent": "a-parallel",
    }
    assert {name: call.headers[name] for name in wanted} == wanted


async def test_repositories_come_whole_and_in_pages(connected: Client, github: StandInGithub) -> None:
    github.repositories = [{"id": n, "full_name": f"octo/r{n}", "owner": {"login": "octo"}} for n in range(35)]
    first = await connected.get("/api/github/repos", params={"sort": "updated", "per_page": "30"})
    assert first == {"repos": github.repositories[:30], "hasMore": True}
    second = await connected.get("/api/github/repos", params={"page": "2"})
    assert second == {"repos": github.repositories[30:], "hasMore": False}
    assert github.seen[-1].query == {
        "sort": "updated",
        "direction": "desc",
        "per_page": "30",
        "page": "2",
        "affiliation": "owner,collaborator,organization_member",
    }
    await connected.get("/api/github/repos", params={"per_page": "1000"})
    assert github.seen[-1].query["per_page"] == "100"


async def test_a_search_is_encoded_and_ends_at_a_thousand(connected: Client, github: StandInGithub) -> None:
    github.repositories = [{"id": 1}, {"id": 2}, {"id": 3}]
    found = await connected.get("/api/github/repos", params={"search": "a&sort=stars #1"})
    assert found == {"repos": [{"id": 1}, {"id": 2}], "hasMore": True}
    assert github.seen[-1].query == {
        "q": "user:octo a&sort=stars #1 fork:true",
        "sort": "updated",
        "per_page": "30",
        "page": "1",
    }
    last = await connected.get("/api/github/repos", params={"search": "a", "per_page": "100", "page": "10"})
    assert last["hasMore"] is False
    before = len(github.calls("/search/repositories"))
    beyond = await connected.get("/api/github/repos", params={"search": "a", "per_page": "100", "page": "11"})
    assert beyond == {"repos": [], "hasMore": False}
    assert len(github.calls("/search/repositories")) == before


@pytest.mark.parametrize("query", [{"sort": "x&y"}, {"page": "0"}, {"page": "one"}, {"per_page": "-1"}])
async def test_queries_that_make_no_sense_are_refused(connected: Client, query: dict[str, str]) -> None:
    assert (await refused(connected, "GET", "/api/github/repos", params=query))[0] == 400


# --- limits, errors and tokens ----------------------------------------------------------------------


async def test_an_unchanged_answer_comes_from_memory(connected: Client, github: StandInGithub) -> None:
    first = await connected.get("/api/github/repos")
    assert await connected.get("/api/github/repos") == first
    assert [call.status for call in github.calls("/user/repos")] == [200, 304]
    github.repositories = [{"id": 1}]
    assert (await connected.get("/api/github/repos"))["repos"] == [{"id": 1}]
    assert [call.status for call in github.calls("/user/repos")] == [200, 304, 200]


async def test_answers_are_remembered_for_the_token_they_were_for(start: Starter, github: StandInGithub) -> None:
    client = (await start(server={"server.auth_mode": "multi"})).client
    github.tokens["gho_other"] = "hubot"
    for user, token in (("u1", TOKEN), ("u2", "gho_other")):
        await client.acting_as(user).put("/api/profile", json={"githubToken": token})
    for _ in range(2):
        assert (await client.acting_as("u1").get("/api/github/user"))["login"] == "octo"
        assert (await client.acting_as("u2").get("/api/github/user"))["login"] == "hubot"
    assert await client.acting_as("u3").get("/api/github/status") == {"connected": False}


async def test_nothing_is_sent_while_the_rate_limit_is_used_up(connected: Client, github: StandInGithub) -> None:
    reset = int(time.time()) + 120
    github.extra = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset), "Date": formatdate(usegmt=True)}
    await connected.get("/api/github/user")
    before = len(github.seen)
    answer = await connected.answer("GET", "/api/github/repos")
    assert answer.status == 429
    assert 100 < int(answer.headers["Retry-After"]) <= 122
    assert "rate limit" in answer.json["error"]
    assert (await connected.get("/api/github/user"))["login"] == "octo", "what is remembered is still told"
    assert await connected.get("/api/github/status") == {"connected": True, "login": "octo"}
    assert len(github.seen) == before


async def test_the_limit_of_searches_is_counted_apart(connected: Client, github: StandInGithub) -> None:
    await connected.get("/api/github/user")
    github.extra = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 60)}
    await connected.get("/api/github/repos", params={"page": "3"})
    github.extra = {}
    assert (await connected.get("/api/github/repos", params={"search": "a"}))["repos"] == []


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (403, {"Retry-After": "30"}, "You have exceeded a secondary rate limit"),
        (429, {}, "Too many"),
        (403, {}, "You have exceeded a secondary rate limit. Wait a few minutes"),
    ],
)
async def test_a_secondary_limit_is_waited_for(
    connected: Client, github: StandInGithub, status: int, headers: dict[str, str], message: str
) -> None:
    github.refusal = (status, headers, {"message": message})
    for _ in range(2):
        answer = await connected.answer("GET", "/api/github/user")
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) in range(29, 61)
    assert len(github.calls("/user")) == 1


@pytest.mark.parametrize(
    ("status", "body", "ours"),
    [
        (403, {"message": "Resource protected by organization SAML enforcement"}, 400),
        (404, {"message": "Not Found"}, 400),
        (301, {"message": "Moved Permanently"}, 400),
        (500, {"message": "oops"}, 424),
        (502, "<html>", 424),
        (200, ["nonsense"], 424),
    ],
)
async def test_refusals_and_troubles_of_github_are_no_faults_of_the_server(
    connected: Client, github: StandInGithub, status: int, body: object, ours: int
) -> None:
    github.refusal = (status, {}, body)
    for path in ("user", "repos?search=x"):
        got, text = await refused(connected, "GET", f"/api/github/{path}")
        assert got == ours
        if ours == 400:
            assert body["message"] in text  # type: ignore[index]
    assert await connected.get("/api/github/status") == {"connected": False}
    assert (await connected.get("/api/profile"))["hasGithubToken"] is True


async def test_a_revoked_token_is_forgotten(connected: Client, github: StandInGithub) -> None:
    github.tokens.clear()
    status, text = await refused(connected, "GET", "/api/github/user")
    assert status == 400
    assert "Connect your account again" in text
    assert (await connected.get("/api/profile"))["hasGithubToken"] is False


async def test_a_github_that_cannot_be_reached_is_told(start: Starter, github: StandInGithub) -> None:
    running = await start(api="http://127.0.0.1:9/api/v3", timeout=0.5)
    await running.service(PROFILES).store_github_token("__local__", TOKEN)
    status, text = await refused(running.client, "GET", "/api/github/user")
    assert status == 424
    assert "cannot be reached at 127.0.0.1:9" in text
    assert (await refused(running.client, "POST", "/api/github/oauth/device"))[0] == 424
    assert await running.client.get("/api/github/status") == {"connected": False}


async def test_the_password_in_a_netrc_does_not_get_in_the_way(
    connected: Client, github: StandInGithub, home: Path
) -> None:
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    netrc.chmod(0o600)
    assert (await connected.get("/api/github/user"))["login"] == "octo"
    assert github.seen[-1].headers["authorization"] == f"Bearer {TOKEN}"


async def test_without_credentials_there_is_nothing(client: Client) -> None:
    for path in ("status", "user", "repos", "clones"):
        with pytest.raises(AnswerError) as raised:
            await client.acting_as(None).get(f"/api/github/{path}")
        assert raised.value.status == 401
