"""``python -m a_parallel_kernel`` is ``a-parallel``."""

import sys

from a_parallel_kernel.cli import main

sys.exit(main())
