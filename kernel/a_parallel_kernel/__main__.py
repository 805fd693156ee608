"""``a-parallel``, and ``python -m a_parallel_kernel``."""

import gc
import sys


def main() -> int:
    """Run the command line and return the exit status."""
    gc.disable()  # what is loaded now stays; looking through it again and again takes a tenth of the start
    from a_parallel_kernel import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
