"""Where a command may listen: told in one line before it serves, and before anything is entered or made for it."""

from __future__ import annotations

import errno
import socket
from contextlib import closing

from counterseal.errors import CountersealError


def may_listen(host: str, port: int) -> None:
    """Take the address and let it go.

    Raises CountersealError ``address-taken`` where another program listens there, ``address-not-ours`` where this
    machine has no such address, or none may be had by whoever runs this.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
    except (OSError, UnicodeError) as failure:
        if getattr(failure, "errno", None) == errno.EADDRINUSE:
            raise CountersealError(
                "address-taken",
                f"Another program listens on {host}, port {port}.",
                where="--port",
                next_step="End that program, or name another port.",
            ) from None
        raise CountersealError(
            "address-not-ours",
            f"Nothing can listen on {host}, port {port} ({type(failure).__name__}).",
            where="--host",
            next_step="Name an address of this machine; a port below 1024 is for its administrator.",
        ) from None
