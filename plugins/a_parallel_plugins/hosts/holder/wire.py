"""Frames between a holder and the server: `HEAD` and a payload.

The server sends

- ``h``: hello, as JSON: ``from`` (a byte of the output, null for the first that is there) and ``window``;
- ``w``: write; the number names it in the answer, the payload is the length of a key (one byte), the key, the data;
- ``e``: end of file after that; ``r``: rows and columns; ``f``: which group is in the foreground?
- ``t``: taken up to the byte of the number, which moves the window; ``a``: nobody will ask for what is before it;
- ``k``: end the program, the number being milliseconds of grace; ``b``: the server is done with it.

The holder answers ``H`` (facts as JSON), ``O`` (output from the byte of the number on), ``E`` (standard error), ``D``
and ``B`` (a write was taken, or found nobody), ``F`` (foreground group) and, after all output, ``X`` (exit status).
"""

import socket
import struct
from collections.abc import Iterator

HEAD = struct.Struct(">cQI")
"""Kind, number, length of the payload that follows."""

SIZE = struct.Struct(">HH")
"""Rows and columns."""

Frame = tuple[bytes, int, bytes]


def frame(kind: bytes, number: int = 0, payload: bytes = b"") -> bytes:
    """Return a frame."""
    return HEAD.pack(kind, number, len(payload)) + payload


def frames(received: bytearray) -> Iterator[Frame]:
    """Take the frames that have come as a whole; half a frame of a server that died is as good as none."""
    while len(received) >= HEAD.size:
        kind, number, length = HEAD.unpack_from(received)
        if len(received) < HEAD.size + length:
            return
        payload = bytes(received[HEAD.size : HEAD.size + length])
        del received[: HEAD.size + length]
        yield kind, number, payload


class Server:
    """The connection of a server.

    Attributes:
        hello: it has said which output it wants.
        sent, taken: bytes of the output that were sent, and that the server's own reader has.
        window: bytes that may be under way.
        told: it knows the exit status.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection
        self.received = bytearray()
        self.sending = bytearray()
        self.hello = self.told = False
        self.sent = self.taken = self.window = 0

    def tell(self, kind: bytes, number: int = 0, payload: bytes = b"") -> None:
        """Queue a frame."""
        self.sending += frame(kind, number, payload)

    def send(self) -> bool:
        """Send what is queued; False if not all of it goes now.

        Raises:
            OSError: it is gone.
        """
        try:
            while self.sending:
                del self.sending[: self.socket.send(self.sending)]
        except (BlockingIOError, InterruptedError):
            return False
        return True
