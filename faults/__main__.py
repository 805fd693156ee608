"""``make faults``: break a server in every way there is, print the table, and fail if anything was lost.

``FAULTS=short`` plays everything a few times, for continuous integration; ``SEED=N`` plays another game.
"""

import asyncio
import os
import sys
import time
import traceback

from faults import plan
from faults.report import OUTPUT, Outcome, table, write


async def play(names: list[str], *, short: bool, seed: int) -> list[Outcome]:
    """Play the named scenarios, all by default, one after another."""
    outcomes: list[Outcome] = []
    for name, scenario in plan.scenarios(short=short, seed=seed).items():
        if names and not any(name.startswith(chosen) for chosen in names):
            continue
        began = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            async with asyncio.timeout(plan.LIMIT_SHORT if short else plan.LIMIT):
                outcome = await scenario()
        except Exception as error:  # noqa: BLE001 - the others are played all the same
            traceback.print_exc()
            outcome = Outcome(name, problem=f"{type(error).__name__}: {error}"[:2000])
        outcomes.append(outcome)
        print(f"{name}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return outcomes


def main(names: list[str]) -> int:
    """Return 0 if nothing was lost, 1 otherwise, 2 for an unknown name."""
    short, seed = os.environ.get("FAULTS") == "short", int(os.environ.get("SEED", "1"))
    known = plan.scenarios(short=short, seed=seed)
    unknown = [name for name in names if not any(one.startswith(name) for one in known)]
    if unknown:
        print(f"there is no scenario {unknown[0]}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    outcomes = asyncio.run(play(names, short=short, seed=seed))
    write(outcomes, seed)
    print(table(outcomes))
    print(f"\nwritten to {OUTPUT}/", file=sys.stderr)
    return 0 if outcomes and all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
