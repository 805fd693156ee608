"""How many examples hypothesis tries."""

import os


def examples(usual: int) -> int:
    """Return `usual`, or what ``A_PARALLEL_FUZZ`` says if that is more."""
    return max(usual, int(os.environ.get("A_PARALLEL_FUZZ", "0")))
