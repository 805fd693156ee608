"""Limit of telling many: one prebuilt frame written to every transport, once in each turn of the loop.

``python -m bench.limits.fanout COUNT`` prints ``ready PORT``; a line on standard input starts it.
"""

import asyncio
import json
import sys

from bench.limits.stream import frame, welcome


async def main(count: int) -> None:
    """Serve, wait for the word, tell everybody so many times."""
    transports: list[asyncio.WriteTransport] = []

    async def connected(reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await welcome(reader, client)
        transports.append(client.transport)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=2048)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    for number in range(count):
        data = {"number": number, "text": "x" * 40}
        told = frame(json.dumps({"type": "bench:tick", "threadId": "", "data": data}, separators=(",", ":")).encode())
        for transport in transports:
            transport.write(told)
        await asyncio.sleep(0)
    await loop.run_in_executor(None, sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
