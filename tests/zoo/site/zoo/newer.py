"""Was written for a later API, and imports what only that has."""

from a_parallel_contracts import Manifest, Plugin, Wormhole  # type: ignore[attr-defined]


class Newer(Plugin):
    """Needs what is not there yet."""

    manifest = Manifest(api="2.0", requires=(Wormhole,))
