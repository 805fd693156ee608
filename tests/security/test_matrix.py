"""Every route that is mounted, called by everybody who should and should not."""

import re

import pytest

from a_parallel_kernel.testkit import Answer
from tests.security.house import MARK, House, Person
from tests.security.samples import OWNED, Operation
from tests.security.state import State, differences, whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYBODY = ("nobody", "bad token", "forged cookie", "other", "alice", "admin", "admin's reader", "reader", "runner")

OPEN = frozenset(
    {
        "GET /",
        "GET /{path}",
        "GET /api/health",
        "GET /api/auth/mode",
        "GET /api/auth/token",
        "GET /api/auth/get-session",
        "GET /api/auth/ok",
        "POST /api/auth/sign-in/email",
        "POST /api/auth/sign-in/username",
        "POST /api/auth/sign-out",
        "POST /api/auth/sign-up/email",
        "GET /api/mcp/oauth/callback",
    }
)
"""The routes that need no credentials. Whoever adds one says here that this is meant."""

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def state_of(house: House) -> State:
    return whole(house.running.kernel.config.server.data_directory, [house.home, house.work])


async def test_only_these_routes_need_no_credentials(house: House) -> None:
    assert {operation.name for operation in house.operations if operation.access == "public"} <= OPEN


@pytest.mark.parametrize("name", EVERYBODY)
async def test_whoever_is_refused_changes_nothing(house: House, name: str) -> None:
    person, before, wrong = house.people[name], state_of(house), []
    refused = [operation for operation in house.operations if not person.may(operation)]
    for operation in refused:
        answer = await house.call(person, operation.request(house.things))
        wrong += [f"{operation.name}: {answer.status} {answer.body[:200]!r}"] if not is_refusal(person, answer) else []
    assert not wrong, "\n".join(wrong)
    assert not (changed := differences(before, state_of(house))), "\n".join(changed)


def is_refusal(person: Person, answer: Answer) -> bool:
    if person.role is None:
        return answer.status == 401 and answer.json["error"] == "Unauthorized"
    return answer.status == 403 and bool(answer.json["error"])


@pytest.mark.parametrize("name", EVERYBODY)
async def test_whoever_may_is_let_in(house: House, name: str) -> None:
    """Asked about what nobody has, so that whatever the handler does, it does to nothing."""
    person, wrong = house.people[name], []
    for operation in house.operations:
        if not person.may(operation) or operation.path.startswith("/api/auth/sign-"):
            continue
        answer = await house.call(person, operation.request(house.unknown))
        refused = answer.status == 401 or (answer.status == 403 and not has_reason(person, operation))
        wrong += [f"{operation.name}: {answer.status} {answer.body[:200]!r}"] if refused or answer.status >= 500 else []
    assert not wrong, "\n".join(wrong)


def has_reason(person: Person, operation: Operation) -> bool:
    """Tell whether a handler may refuse somebody whom the declared access lets in."""
    for_everybody = operation.scope == "admin" and person.role != "admin"  # what works for all users of the server
    return for_everybody or operation.path.startswith("/api/browse/")  # where it is the place that is refused


async def answers(house: House, person: Person, operation: Operation, things: dict[str, str]) -> tuple[int, str]:
    """Return status and text of an answer, with what was asked about replaced by its kind."""
    answer = await house.call(person, operation.request(things))
    text = MOMENT.sub("<moment>", answer.body.decode())
    for kind, value in sorted(things.items(), key=lambda item: -len(item[1])):
        text = text.replace(value, f"<{kind}>")
    return answer.status, text


@pytest.mark.parametrize("name", ["other", "admin"])
async def test_what_is_somebody_elses_answers_as_if_it_were_not_there(house: House, name: str) -> None:
    person, before, wrong = house.people[name], state_of(house), []
    for operation in house.operations:
        if not person.may(operation) or not operation.names & OWNED:
            continue
        foreign = await answers(house, person, operation, house.things)
        unknown = await answers(house, person, operation, house.unknown)
        wrong += [f"{operation.name}: {foreign} instead of {unknown}"] if foreign != unknown else []
        wrong += [f"{operation.name} tells of alice: {foreign}"] if MARK in foreign[1] else []
    assert not wrong, "\n".join(wrong)
    assert not (changed := differences(before, state_of(house))), "\n".join(changed)


async def test_the_owner_is_answered_otherwise(house: House) -> None:
    """Without this the test above could pass because its requests are of no use to anybody. Goes last: it deletes."""
    alice, other, vain = house.people["alice"], house.people["other"], []
    for operation in sorted(house.operations, key=destructiveness):
        if alice.may(operation) and operation.names & OWNED and operation.name not in ALIKE:
            foreign = await answers(house, other, operation, house.things)
            before = state_of(house)
            own = await answers(house, alice, operation, house.things)
            alike = own == foreign and not differences(before, state_of(house))
            vain += [f"{operation.name}: {own}"] if alike or own[0] >= 500 else []
    assert not vain, "\n".join(vain)


ALIKE = frozenset(
    {
        "PUT /api/projects/reorder",
        "GET /api/projects/{id}/commands/{command}/status",
        "POST /api/projects/{id}/commands/{command}/stop",
    }
)
"""They answer alike whoever asks: there is nothing running, and only one project to put in order."""


def destructiveness(operation: Operation) -> tuple[bool, bool, int]:
    """Order requests so that each still finds what it is about."""
    project = operation.path == "/api/projects/{id}"
    return operation.method == "DELETE", project and operation.method == "DELETE", -len(operation.path)
