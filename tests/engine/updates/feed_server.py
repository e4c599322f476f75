"""A real server on loopback that tells of a version, or of what a test wants."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.updates.adapters.simulated import NEWEST

WAIT_S = 20.0


def answer(body=NEWEST, status="200 OK", *headers):
    """Return an answer as it goes over the wire."""
    length = f"Content-Length: {len(body)}"
    head = "\r\n".join([f"HTTP/1.1 {status}", length, "Connection: close", *headers])
    return f"{head}\r\n\r\n".encode() + body


class Server:
    """A real server on loopback, in a thread; `pages` are its answers, `asked` what came."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.is_asked, self.hangs = threading.Event(), threading.Event()
        self.has_hung_up = False
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self.has_hung_up = True
        self.hangs.set()
        with socket.create_connection(self._socket.getsockname()):
            pass  # so that accept() returns
        self._thread.join(WAIT_S)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                if self.has_hung_up:
                    return
                connection.settimeout(WAIT_S)
                with suppress(OSError):  # whoever asked has gone
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                part = connection.recv(65_536)
                if not part:
                    return
                request += part
            self.asked.append(request.decode())
            self.is_asked.set()
            page = self.pages[request.split()[1].decode()]
            connection.sendall(page)
            if page == b"" or page.endswith(b"..."):
                self.hangs.wait(WAIT_S)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(context)
    server.start()
    try:
        yield server
    finally:
        server.close()
