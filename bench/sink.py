"""An SMTP server in a process of its own that takes every mail and remembers whom it was for.

    python bench/sink.py FILE --seconds 600 --refuse nobody-

With --refuse it knows nobody whose address begins so.

Prints its port. When its standard input closes, or after so many seconds, it writes the recipient of every message that it
took responsibility for into FILE, one per line in the order of arrival, and ends.
"""

import argparse
import asyncio
import sys
from pathlib import Path

END_OF_DATA = b"\r\n.\r\n"
LONGEST_LINE = 4096  # bytes
LARGEST_MAIL = 10 * 2**20  # bytes
GREETING = b"220 sink\r\n"
CAPABILITIES = b"250-sink\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n"
UNKNOWN = b"550 5.1.1 No such user here\r\n"
REPLIES = {
    b"EHLO": CAPABILITIES,
    b"HELO": b"250 sink\r\n",
    b"MAIL": b"250 2.1.0 Ok\r\n",
    b"RSET": b"250 2.0.0 Ok\r\n",
    b"NOOP": b"250 2.0.0 Ok\r\n",
}


class Session(asyncio.Protocol):
    """One connection; a message counts once its final dot has been read."""

    def __init__(self, accepted: list[str], refused: str) -> None:
        self.accepted = accepted
        self.refused = refused
        self.recipients: list[str] = []
        self.buffer = b""
        self.in_data = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        replies = []
        while (reply := self.next_reply()) is not None:
            replies.append(reply)
        if replies:
            self.transport.write(b"".join(replies))
        if len(self.buffer) > (LARGEST_MAIL if self.in_data else LONGEST_LINE):
            self.transport.abort()

    def next_reply(self) -> bytes | None:
        """Take one command, or one whole message, off the buffer; None where it is not complete yet."""
        end = END_OF_DATA if self.in_data else b"\r\n"
        taken, found, rest = self.buffer.partition(end)
        if not found:
            return None
        self.buffer = rest
        if self.in_data:
            self.in_data = False
            self.accepted += self.recipients
            self.recipients = []
            return b"250 2.0.0 Ok: queued\r\n"
        return self.answer(taken)

    def answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            recipient = line.partition(b"<")[2].partition(b">")[0].decode()
            if self.refused and recipient.startswith(self.refused):
                return UNKNOWN
            self.recipients.append(recipient)
            return b"250 2.1.5 Ok\r\n"
        if verb == b"DATA":
            self.in_data = True
            self.buffer = b"\r\n" + self.buffer  # an empty message is a lone dot
            return b"354 End data with <CR><LF>.<CR><LF>\r\n"
        if verb == b"QUIT":
            self.transport.close()
            return b"221 2.0.0 Bye\r\n"
        if verb in (b"MAIL", b"RSET", b"EHLO", b"HELO"):
            self.recipients = []
        return REPLIES.get(verb, b"500 5.5.2 What?\r\n")


async def serve(file: Path, seconds: float, refused: str) -> None:
    loop = asyncio.get_running_loop()
    accepted: list[str] = []
    server = await loop.create_server(lambda: Session(accepted, refused), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        print(f"The sink ended after {seconds:.0f} seconds.", file=sys.stderr)
    server.close()
    file.write_text("".join(f"{recipient}\n" for recipient in accepted))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take every mail; remember the recipients.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--refuse", default="", help="the beginning of the addresses that nobody has here")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.file, arguments.seconds, arguments.refuse))
