"""Plays a Claude CLI that writes as fast as it is read, or at a pace: ``agent.py STEPS SIZE PACE GATE plain|claude``.

It makes a file beside the named pipe GATE and waits for somebody to open that, so that all begin at once. Each step
is a message, a tool call and its output. The text of a message begins with the time at which it was written, in
nanoseconds of the monotonic clock.
"""

import json
import os
import sys
import time


def line(value: object) -> bytes:
    """Return a line of JSON."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def write(data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(1, data) :]


def step(number: int, size: int) -> bytes:
    """Return a message, a tool call and its output."""
    call, text = f"call-{os.getpid()}-{number}", f"t={time.monotonic_ns():020}" + "x" * size
    blocks = (
        ("assistant", f"m{number}", {"type": "text", "text": text}),
        ("assistant", f"m{number}", {"type": "tool_use", "id": call, "name": "Bash", "input": {"command": "true"}}),
        ("user", None, {"type": "tool_result", "tool_use_id": call, "content": "done"}),
    )
    return b"".join(
        line({"type": role, "message": {"id": id, "role": role, "content": [block]}, "parent_tool_use_id": None})
        for role, id, block in blocks
    )


def greet() -> None:
    """Answer the first request and begin the session when the prompt is there."""
    asked = json.loads(sys.stdin.readline())
    answer = {"subtype": "success", "request_id": asked["request_id"], "response": {}}
    write(line({"type": "control_response", "response": answer}))
    while json.loads(sys.stdin.readline())["type"] != "user":
        pass
    session = f"session-{os.getpid()}"
    init = {"session_id": session, "tools": ["Bash"], "cwd": "/", "model": "m", "permissionMode": "acceptEdits"}
    write(line({"type": "system", "subtype": "init", **init}))


def main(steps: int, size: int, pace: float, gate: str, *, plain: bool) -> None:
    """Play one turn."""
    if not plain:
        greet()
    with open(f"{gate}.{os.getpid()}", "wb"), open(gate, "rb"):  # noqa: PTH123 - pathlib takes half of the start
        pass
    for number in range(steps):
        write(step(number, size))
        if pace:
            time.sleep(pace)
    cost = {"total_cost_usd": 0.01, "duration_ms": 1, "num_turns": 1, "is_error": False, "result": "done"}
    write(line({"type": "result", "subtype": "success", "session_id": f"session-{os.getpid()}", **cost}))
    sys.stdin.read()


if __name__ == "__main__":
    if "--version" in sys.argv:
        print("2.1.330 (Claude Code)")
    else:
        words = os.environ.get("BENCH_AGENT", "").split() or sys.argv[1:]
        main(int(words[0]), int(words[1]), float(words[2]), words[3], plain=words[4] == "plain")
