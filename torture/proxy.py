"""A bad line between phones and server: it delays, loses requests, and delivers requests whose answers it loses."""

import random
import socket
import threading
import time
from contextlib import suppress

PIECE = 65_536
PATIENCE = 60.0


class Line:
    """Listens on a port of its own and passes on what it wants to."""

    def __init__(self, to: int, dice: random.Random) -> None:
        self.to, self.dice = to, dice
        self.bad = True
        self.lost = {"request": 0, "answer": 0, "half an answer": 0}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self.listener.close()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=[caller], daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        fate = self.dice.choices(("pass", "request", "answer", "half an answer"), (70, 12, 12, 6))[0]
        if not self.bad:
            fate = "pass"
        with suppress(OSError), caller:
            caller.settimeout(PATIENCE)
            if self.bad and self.dice.random() < 0.3:  # noqa: PLR2004
                time.sleep(self.dice.uniform(0.01, 0.8))
            asked = _whole_request(caller)
            if fate == "request":
                self.lost[fate] += 1
                return
            with socket.create_connection(("127.0.0.1", self.to), timeout=PATIENCE) as server:
                server.sendall(asked)
                said = _to_the_end(server)
            if fate == "half an answer":
                self.lost[fate] += 1
                caller.sendall(said[: len(said) // 2])
            elif fate == "answer":
                self.lost[fate] += 1
            else:
                caller.sendall(said)


def _whole_request(caller: socket.socket) -> bytes:
    """Head and body, with the server told to close when it has answered."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = caller.recv(PIECE)
        if not piece:
            raise OSError
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        piece = caller.recv(PIECE)
        if not piece:
            raise OSError
        body += piece
    return head + b"\r\nConnection: close\r\n\r\n" + body


def _to_the_end(server: socket.socket) -> bytes:
    said = b""
    while piece := server.recv(PIECE):
        said += piece
    return said
