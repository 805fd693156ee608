"""``make bench``: measure, print the table, and fail if a goal is missed."""

import sys
from collections.abc import Callable

from bench import analytics, fanout, git, pests, pipes, reads, routes, starting, stream, terminal
from bench.report import Figure, table, write

SUITES: dict[str, Callable[[], list[Figure]]] = {
    "stream": stream.figures,
    "pipes": pipes.figures,
    "fanout": fanout.figures,
    "routes": routes.figures,
    "reads": reads.figures,
    "starting": starting.figures,
    "analytics": analytics.figures,
    "git": git.figures,
    "terminal": terminal.figures,
    "pests": pests.figures,
}


def main(names: list[str]) -> int:
    """Run the named suites, all by default; 1 if a goal is missed, 2 for an unknown name."""
    unknown = set(names) - SUITES.keys()
    if unknown:
        print(f"there is no suite {unknown.pop()}; there are {', '.join(SUITES)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in names or SUITES:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        figures += SUITES[name]()
    write(figures)
    print(table(figures))
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
