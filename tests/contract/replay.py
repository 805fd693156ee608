"""Replays a recording against a running server and collects what differs."""

import asyncio
import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract import streams
from tests.contract.compare import ABSENT, Difference, compare_error, compare_headers, compare_json, is_error
from tests.contract.differences import Judge
from tests.contract.golden import Exchange, Recording
from tests.contract.placeholders import Bindings, Unbound
from tests.contract.sockets import Event, Listener, Listeners
from tests.contract.triggers import Triggers, is_trigger
from tests.contract.wire import Answer, raw_request, request

FINAL = {"completed", "failed", "stopped", "interrupted", "waiting"}
WRONG_TOKEN = "ab" * 32
NEVER_ASKED = "request"
"""Path of the difference of an exchange that could not be repeated, since it names what no longer exists."""

Stage = Mapping[tuple[str, str], Callable[[Bindings], object]]
"""What happens in the working folder before an exchange: (scenario, name of the exchange) → action.

For a note, the action returns what the note tells, as it is today.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One exchange or stream of events, as it was and as it is.

    Attributes:
        names: of the exchange (see `Entry`).
        was, now: readable texts of both.
        differences: between them.
    """

    names: tuple[str, ...]
    was: str
    now: str
    differences: list[Difference]

    def report(self, unexplained: list[Difference]) -> str:
        """Return the differences that nothing explains, with a unified diff of the whole."""
        lines = difflib.unified_diff(
            self.was.splitlines(), self.now.splitlines(), "recorded", "served", lineterm="", n=2
        )
        return "\n".join([f"── {' '.join(self.names)}", *(f"   {difference}" for difference in unexplained), *lines])


@dataclass(slots=True)
class Replay:
    """A conversation with one server, repeated from recordings.

    Attributes:
        base_url: of the server.
        bindings: what the placeholders stand for; kept from scenario to scenario.
        listeners: sockets that are open.
        stage: what to do before which exchange.
        running: threads whose run was started and has not been waited for.
        with_worktree: threads whose runs are followed by a ``git:status``.
        triggers: runs of automations that were started.
    """

    base_url: str
    bindings: Bindings
    listeners: Listeners
    stage: Stage
    running: dict[str, int] = field(default_factory=dict)
    with_worktree: set[str] = field(default_factory=set)
    triggers: Triggers = field(default_factory=Triggers)

    async def play(self, recording: Recording, judge: Judge) -> list[Outcome]:
        """Repeat all exchanges in order, then compare the events; return everything that differs."""
        before = {name: len(listener.events) for name, listener in self.listeners.open_ones.items()}
        outcomes = []
        for exchange in recording.exchanges:
            action = self.stage.get((recording.name, exchange.name))
            if exchange.kind == "note":
                assert action is not None, f"nothing tells whether the note {exchange.name} is true"
                outcomes.append(await self._look(exchange, action))
                continue
            if action is not None:
                await asyncio.to_thread(action, self.bindings)
            outcomes.append(await self._repeat(exchange))
        await self._runs_to_end()
        for name in self.listeners.open_ones:
            events = self.listeners.open_ones[name].events[before.get(name, 0) :]
            outcomes += self._compare_events(recording.subjects(name), events, judge)
        return [outcome for outcome in outcomes if outcome.differences]

    async def _repeat(self, exchange: Exchange) -> Outcome:
        names = (exchange.name, f"#{exchange.index}")
        try:
            if exchange.kind == "http":
                return await self._repeat_http(exchange, names)
            if exchange.kind == "ws-open":
                return await self._repeat_open(exchange, names)
            if exchange.kind == "ws-send":
                await self._repeat_send(exchange)
        except Unbound as unknown:
            return Outcome(names, str(unknown), "", [Difference(NEVER_ASKED, str(unknown), ABSENT)])
        return Outcome(names, "", "", [])

    async def _look(self, exchange: Exchange, look: Callable[[Bindings], object]) -> Outcome:
        """Compare what the recorder noted about the working folder with what is there."""
        was = {key: value for key, value in exchange.line.items() if key not in ("kind", "text", "name")}
        now = await asyncio.to_thread(look, self.bindings)
        differences = list(compare_json(was, now, self.bindings, "note"))
        names = (exchange.name, f"#{exchange.index}")
        return Outcome(names, _pretty(was), _pretty(self.bindings.show(now)), differences)

    async def _repeat_http(self, exchange: Exchange, names: tuple[str, ...]) -> Outcome:
        if not _expects_running(exchange):
            await self._runs_to_end()
        answer = await asyncio.to_thread(self._ask(exchange))
        differences = [*self._compare_answer(exchange, answer), *self._compare_with_events(answer)]
        self._note_run(exchange, answer)
        if is_trigger(exchange) and answer.status == 200:
            await self.triggers.follow(self._listener, self.bindings, exchange)
        was = {"status": exchange.status, "headers": exchange.headers, **exchange.body}
        now = {"status": answer.status, "headers": dict(answer.headers), **answer.body}
        return Outcome(names, _pretty(was), _pretty(self.bindings.show(now)), differences)

    def _ask(self, exchange: Exchange) -> Callable[[], Answer]:
        line = exchange.line
        if exchange.raw:
            data = _expand_raw(line["request"], self.bindings)
            return lambda: raw_request(self.base_url, data)
        self.bindings.values.setdefault("<hex64:1>", WRONG_TOKEN)
        path = self.bindings.fill(line["path"])
        headers = self.bindings.fill(line["req_headers"])
        body = self.bindings.fill(exchange.request_body)
        text = body if body is None or "req_text" in line else json.dumps(body)
        return lambda: request(self.base_url, line["method"], path, headers, text)

    def _compare_answer(self, exchange: Exchange, answer: Answer) -> Iterable[Difference]:
        if answer.status != exchange.status:
            yield Difference("status", exchange.status, answer.status)
        yield from compare_headers(exchange.headers, answer.headers, self.bindings)
        was, now = exchange.body, answer.body
        if was.keys() != now.keys() or is_error(was.get("json")) != is_error(now.get("json")):
            yield Difference("body", was, self.bindings.show(now))
        elif is_error(was.get("json")):
            yield from compare_error(was["json"], now["json"])
        elif "json" in was:
            yield from compare_json(was["json"], now["json"], self.bindings, "json")
        elif not self.bindings.match(was["text"], now["text"]):
            yield Difference("text", was["text"], self.bindings.show(now["text"]))

    def _compare_with_events(self, answer: Answer) -> Iterable[Difference]:
        """Yield the assistant's messages in a thread's answer that are not what was sent about them last."""
        body = answer.body.get("json")
        if not isinstance(body, dict) or "messages" not in body:
            return
        sent = {
            event["data"]["messageId"]: event["data"]["content"]
            for event in self._events_of(body["id"])
            if event["type"] == "agent:message"
        }
        for message in body["messages"]:
            if message["role"] == "assistant" and message["content"] != sent.get(message["id"]):
                yield Difference(f"stored and sent: {message['id']}", sent.get(message["id"]), message["content"])

    async def _repeat_open(self, exchange: Exchange, names: tuple[str, ...]) -> Outcome:
        line = exchange.line
        path, headers = self.bindings.fill(line["path"]), self.bindings.fill(line["req_headers"])
        status = await self.listeners.open(line["client"], path, headers)
        differences = [] if status == exchange.status else [Difference("status", exchange.status, status)]
        return Outcome(names, str(exchange.status), str(status), differences)

    async def _repeat_send(self, exchange: Exchange) -> None:
        line = exchange.line
        text = line["text"] if line.get("text") is not None else json.dumps(self.bindings.fill(line["json"]))
        await self.listeners.open_ones[line["client"]].socket.send_str(text)

    # --- runs ------------------------------------------------------------------------------------

    def _note_run(self, exchange: Exchange, answer: Answer) -> None:
        """Remember that a run was started, so that later exchanges can wait for its end as the recorder did."""
        path = exchange.line.get("path", "")
        if exchange.line.get("method") != "POST" or answer.status not in (200, 201):
            return
        if path == "/api/threads":
            thread = answer.body["json"]["id"]
            if answer.body["json"].get("worktreePath"):
                self.with_worktree.add(thread)
        elif path.startswith("/api/threads/") and path.endswith("/message"):
            thread = self.bindings.fill(path).split("/")[3]
        else:
            return
        self.running[thread] = len([event for event in self._events_of(thread) if _is_final(event)])

    async def _runs_to_end(self) -> None:
        for thread, finished in list(self.running.items()):
            await self._until_final(thread, finished + 1)
            del self.running[thread]
        await self.triggers.all_ended()

    @property
    def _listener(self) -> Listener:
        return next(iter(self.listeners.open_ones.values()))

    async def _until_final(self, thread: str, count: int) -> None:
        listener = self._listener

        def ended(events: list[Event]) -> bool:
            own = [event for event in events if event["threadId"] == thread]
            ends = [place for place, event in enumerate(own) if _is_final(event)]
            if len(ends) < count:
                return False
            followed = any(event["type"] == "git:status" for event in own[ends[-1] :])
            return followed or thread not in self.with_worktree

        await listener.until(ended, f"the end of run {count} of {self.bindings.show(thread)}")

    def _events_of(self, thread: str) -> list[Event]:
        listeners = list(self.listeners.open_ones.values())
        return listeners[0].of(thread) if listeners else []

    # --- events ----------------------------------------------------------------------------------

    def _compare_events(self, was: Mapping[str, list[Event]], events: list[Event], judge: Judge) -> list[Outcome]:
        now: dict[str, list[Event]] = {}
        for event in events:
            now.setdefault(event["threadId"], []).append(event)
        outcomes = [self._compare_subject(subject, was[subject], now, judge) for subject in was]
        for subject, extra in now.items():
            shown = [Difference(str(event["type"]), ABSENT, self.bindings.show(event)) for event in extra]
            outcomes.append(Outcome((f"events:{self.bindings.show(subject)}",), "", _pretty(extra), shown))
        return outcomes

    def _compare_subject(
        self, subject: str, recorded: list[Event], now: dict[str, list[Event]], judge: Judge
    ) -> Outcome:
        """Compare the events of one subject and take them out of `now`.

        A subject that no answer names (``<id:N>``) is the first unknown one of today; a named one whose
        name has no meaning has no events either.
        """
        if subject.startswith("<id:") and subject not in self.bindings.values:
            unknown = [key for key in now if key and self.bindings.show(key) == key]
            actual = now.pop(unknown[0]) if unknown else []
        else:
            actual = now.pop(self.bindings.values.get(subject, subject), [])
        was, served = apply_rules(recorded, actual, judge)
        differences = list(streams.compare_streams(was, served, self.bindings))
        shown = self.bindings.show(list(served))
        return Outcome((f"events:{subject}",), _pretty(was), _pretty(shown), differences)


def apply_rules(recorded: list[Event], actual: list[Event], judge: Judge) -> tuple[list[Event], list[Event]]:
    """Rewrite both sides of a stream by the rules that the file of differences names."""
    if "append_texts" in judge.rules:
        recorded = streams.append_texts(recorded)
    if "coalesce" in judge.rules:
        recorded, actual = streams.coalesce(recorded), streams.coalesce(actual)
    return recorded, actual


def _expects_running(exchange: Exchange) -> bool:
    body = exchange.line.get("json")
    status = body.get("status") if isinstance(body, dict) else None
    return exchange.line.get("method") == "GET" and status in ("running", "waiting")


def _is_final(event: Event) -> bool:
    if event["type"] == "agent:result":
        return True
    return event["type"] == "agent:status" and event["data"]["status"] in FINAL


def _expand_raw(text: str, bindings: Bindings) -> bytes:
    """Return a raw request's bytes; two of them are recorded in words, since they are 70,000 characters long."""
    long = "a" * 70_000
    if text == "GET /api/health?x=<70000 a>":
        text = f"GET /api/health?x={long} HTTP/1.1\r\nHost: <hostport>\r\nConnection: close\r\n\r\n"
    elif text == "GET /api/health, X-Big: <70000 a>":
        text = f"GET /api/health HTTP/1.1\r\nHost: <hostport>\r\nX-Big: {long}\r\nConnection: close\r\n\r\n"
    filled: str = bindings.fill(text)
    return filled.encode()


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, default=str)
