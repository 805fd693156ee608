"""Requests made from the OpenAPI document, good and bad ones: whatever comes, the answer is one that it declares."""

import asyncio
import contextlib
import json
import os
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from yarl import URL

from a_parallel_kernel.testkit import Answer
from tests.security.house import House, Person
from tests.security.samples import FIELDS, Operation, operations

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLES = int(os.environ.get("A_PARALLEL_FUZZ", "2"))
"""Requests for each operation, good and bad; raise it to look for more than a quick run finds."""

LEFT_OUT = frozenset({"POST /api/auth/sign-out"})
"""It ends the session of those who try the others."""


class Trial:
    """Sends requests of one operation and remembers what was wrong with the answers.

    Parameters:
        house: the server.
        operation: as we read the document.
        document: the whole of it.
        loop: on which the server runs; requests are made up on another thread.
    """

    def __init__(self, house: House, operation: Operation, document: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._house = house
        self._operation = operation
        self._document = document
        self._loop = loop
        self._count = 0
        self.wrong: list[str] = []

    @property
    def _person(self) -> Person:
        alice = self._house.people["alice"]
        return alice if alice.may(self._operation) else self._house.people["admin"]

    def send(self, case: Any) -> None:
        """Send a request that was made up; every other one is about things that are there."""
        self._count += 1
        if self._count % 2 and self._operation.method != "DELETE":
            self._name_things(case)
        called = case.as_transport_kwargs(base_url=self._house.running.url)
        answer = asyncio.run_coroutine_threadsafe(self._sent(called), self._loop).result(60)
        if problem := self._problem(answer):
            asked = {name: called[name] for name in ("url", "params", "json") if called.get(name)}
            self.wrong.append(f"{self._operation.name}: {answer.status} {problem}, asked {asked}"[:600])

    def _name_things(self, case: Any) -> None:
        kinds = dict(zip(case.path_parameters or {}, self._operation.kinds, strict=False))
        known = {name: kind for name, kind in kinds.items() if kind != "plugin"}  # which would be switched off
        case.path_parameters = {**(case.path_parameters or {}), **{k: self._house.things[v] for k, v in known.items()}}
        for container in (case.body, case.query):
            for name in FIELDS if isinstance(container, dict) else ():
                if isinstance(container.get(name), str):
                    container[name] = self._house.things[FIELDS[name]]

    def _sent(self, called: dict[str, Any]) -> Coroutine[Any, Any, Answer]:
        async def send() -> Answer:
            made_up = {k: v for k, v in (called.get("headers") or {}).items() if k != "Authorization"}
            headers = {**made_up, **self._person.headers}
            options = {name: called[name] for name in ("json", "data") if called.get(name) is not None}
            query = urlencode(called.get("params") or {}, doseq=True)
            url = URL(f"{called['url']}{'?' if query else ''}{query}", encoded=True)
            async with self._house.running.session.request(
                called["method"], url, headers=headers, allow_redirects=False, **options
            ) as response:
                return Answer(response.status, response.headers, await response.read())

        return send()

    def _problem(self, answer: Answer) -> str | None:
        declared = self._operation.described["responses"]
        found = declared.get(str(answer.status)) or declared.get(f"{answer.status // 100}XX")
        if found is None:
            return f"is not declared: {answer.body[:200]!r}"
        found = self._resolved(found)
        schema = found.get("content", {}).get("application/json", {}).get("schema")
        if schema is None or not answer.headers["Content-Type"].startswith("application/json"):
            return None
        whole = {**schema, "components": self._document["components"]}
        error = next(Draft202012Validator(whole).iter_errors(json.loads(answer.body)), None)
        return f"is not as declared: {error.message[:200]} at {list(error.absolute_path)}" if error else None

    def _resolved(self, response: dict[str, Any]) -> dict[str, Any]:
        name = response.get("$ref", "").rpartition("/")[2]
        found: dict[str, Any] = self._document["components"]["responses"][name] if name else response
        return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["positive", "negative"])
async def test_every_answer_is_declared(house: House, mode: str) -> None:
    import schemathesis  # takes seconds, which every other run of the tests would wait for
    from schemathesis.core.result import Ok

    document = await house.must("admin", "GET", "/api/kernel/openapi.json")
    ours = {operation.name: operation for operation in operations(document)}
    wrong: list[str] = []
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.label not in LEFT_OUT:
            trial = Trial(house, ours[operation.label], document, asyncio.get_running_loop())
            await asyncio.to_thread(_try, operation, mode, trial)
            wrong += trial.wrong
    assert not wrong, "\n".join(wrong)


def _try(operation: Any, mode: str, trial: Trial) -> None:
    from schemathesis import GenerationMode

    @seed(operation.label)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    def run(case: Any) -> None:
        trial.send(case)

    with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with a request that brings nothing
        run()
