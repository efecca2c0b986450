"""``witness``: watch a ledger for somebody else. Serves C2SP tlog-witness, or with ``--mirror`` tlog-mirror.

Run it in other hands and on another machine than the ledger. A witness that the ledger's operator runs
proves nothing.
"""

from __future__ import annotations

import re
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path  # typer reads it
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from counterseal.cli.listening import may_listen
from counterseal.ledger.mirror import Mirror
from counterseal.ledger.witness import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.ledger.witness import Witness

LARGEST_BODY = 32 << 20
IDLE = 30
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


def mount(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command(epilog="Example: counterseal witness inspector --name witness.example/ig --log office/ledger/log.vkey")(
        witness
    )


def witness(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The witness's own folder: keys and memory.")],
    name: Annotated[str, typer.Option("--name", help="Its name for good, such as witness.example/ig.")],
    log: Annotated[list[str], typer.Option("--log", help="A log's verifier key, or a file of them.")],
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="On which port; 0 takes a free one.")] = 7380,
    mirror: Annotated[bool, typer.Option("--mirror", help="Hold the entries, and cosign only what is held.")] = False,
) -> None:
    """Cosign a ledger's checkpoints as long as each continues the last."""
    from counterseal.ledger_wiring import open_witness  # loads the ciphers

    may_listen(host, port)
    served, vkeys = open_witness(folder, name, log, mirror=mirror)
    server = make_server(served, host, port)
    for vkey in vkeys:
        typer.echo(vkey)
    typer.echo(f"listening on http://{host}:{server.server_port}/")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def make_server(served: Witness | Mirror, host: str, port: int) -> ThreadingHTTPServer:
    """Make the HTTP server of a witness or mirror; it serves when told to."""

    class Handler(_Handler):
        witness = served

    return _Server((host, port), Handler)


class _Server(ThreadingHTTPServer):
    """Lets callers wait their turn where the library would send the sixth away."""

    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    """Reads a request whole, asks the witness, writes the answer. Nothing is logged."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE
    witness: ClassVar[Witness | Mirror]

    def do_POST(self) -> None:  # the name that the library calls
        body = self._body()
        if isinstance(body, Reply):
            self.close_connection = True
            self._answer(body)
        elif self.path.endswith("/add-checkpoint"):
            self._try(self.witness.add_checkpoint, body)
        elif self.path.endswith("/add-entries") and isinstance(self.witness, Mirror):
            self._try(self.witness.add_entries, body)
        else:
            self._answer(Reply(404))

    def _try(self, ask: Callable[[bytes], Reply], body: bytes) -> None:
        """Answer 500 and no signature when something failed: what was not kept is not cosigned."""
        try:
            reply = ask(body)
        except Exception:  # noqa: BLE001 - whatever it was, nobody gets a traceback or a cosignature
            reply, self.close_connection = Reply(500), True
        self._answer(reply)

    def do_GET(self) -> None:  # the name that the library calls
        origin, _, name = self.path.lstrip("/").partition("/")
        if name == "checkpoint":
            self._answer(self.witness.checkpoint(origin))
        elif isinstance(self.witness, Mirror):
            self._answer(self.witness.tile(origin, name))
        else:
            self._answer(Reply(404))

    def _body(self) -> bytes | Reply:
        body = self._sent()
        if isinstance(body, Reply) or self.headers.get("Content-Encoding", "identity") == "identity":
            return body
        if self.headers["Content-Encoding"] != "gzip":
            return Reply(415)
        try:
            unpacker = zlib.decompressobj(wbits=31)
            body = unpacker.decompress(body, LARGEST_BODY)
        except zlib.error:
            return Reply(400)
        return Reply(413) if unpacker.unconsumed_tail else body

    def _sent(self) -> bytes | Reply:
        """Read what was sent: of a length that was told, or in chunks, as of a sender that does not know it yet."""
        length, coding = self.headers.get("Content-Length", ""), self.headers.get("Transfer-Encoding")
        if coding is not None:
            return self._chunks() if coding.lower() == "chunked" and not length else Reply(400)
        if not (length.isascii() and length.isdigit()):
            return Reply(411)
        return Reply(413) if int(length) > LARGEST_BODY else self.rfile.read(int(length))

    def _chunks(self) -> bytes | Reply:
        """Read a body in chunks (RFC 9112, 7.1)."""
        body = bytearray()
        while head := _CHUNK.fullmatch(self.rfile.readline(1024)):
            length = int(head[1], 16)
            if not length:
                return bytes(body) if self.rfile.readline(1024) == b"\r\n" else Reply(400)  # no trailers are read
            if len(body) + length > LARGEST_BODY:
                return Reply(413)
            body += self.rfile.read(length)
            if self.rfile.readline(3) != b"\r\n":
                break
        return Reply(400)

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Accept-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: a request line is not to be kept."""
