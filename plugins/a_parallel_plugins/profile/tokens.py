"""What a token may consist of."""

import re

_TOKEN = re.compile(r"[\x21-\x7e]+")


def transmittable(token: str) -> bool:
    """Tell whether a token fits into a header, and into the lines of git's credential protocol."""
    return _TOKEN.fullmatch(token) is not None
