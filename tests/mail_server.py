"""A real SMTP server on loopback, in any mood."""

import asyncio
import email
import email.policy
import ssl
import threading
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

PATIENCE = 30


class MailServer:
    """Keeps what it has taken. Moods: fine; hang, dribble and away, instead of greeting; unknown (no such address);
    later (this address not now); full (no mail today); hold (answers DATA when `released`); drop (takes the mail and
    breaks the line instead of saying so). With a context it speaks TLS from the first word."""

    def __init__(self, safe: ssl.SSLContext | None = None) -> None:
        self.mood, self.safe = "fine", safe
        self.taken: list[EmailMessage] = []
        self.guests: list[SMTP] = []
        self.holding = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self.released = asyncio.Event()
        server = await self._loop.create_server(lambda: Moody(self), "127.0.0.1", 0, ssl=self.safe)
        self.port: int = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        for one in self.guests:
            if one.transport:
                one.transport.abort()
        await asyncio.sleep(0.01)

    def release(self) -> None:
        """Let those go on that are held, and whoever comes now."""
        self._loop.call_soon_threadsafe(self.released.set)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    @property
    def calls(self) -> int:
        """How many came."""
        return len(self.guests)

    @property
    def ids(self) -> list[str]:
        """The Message-IDs of all that was taken."""
        return [str(mail["Message-ID"]) for mail in self.taken]

    def settings(self, **more: Any) -> dict[str, Any]:
        """MAILERS for this server."""
        options = {"host": "127.0.0.1", "port": self.port, "timeout": 20, **more}
        return {"default": {"BACKEND": "lpg.mail.Smtp", "OPTIONS": options}}

    # --- what the protocol asks for

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.mood == "unknown":
            return "550 5.1.1 No such user here"
        if self.mood == "later":
            return "450 4.2.0 Greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.mood == "full":
            return "552 5.2.2 Mailbox full"
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        if self.mood == "hold":
            self.holding.set()
            await self.released.wait()
        if self.mood == "drop":
            server.transport.abort()
        return "250 OK"


class Moody(SMTP):
    def __init__(self, house: MailServer) -> None:
        self.house = house
        super().__init__(house, hostname="mail.test", enable_SMTPUTF8=False)

    async def _handle_client(self) -> None:
        self.house.guests.append(self)
        if self.house.mood == "hang":
            await asyncio.sleep(3600)
        if self.house.mood == "away":
            self.transport.write(b"421 4.3.2 Try later\r\n")
            self.transport.close()
            return
        while self.house.mood == "dribble":
            self.transport.write(b"2")
            await asyncio.sleep(0.1)
        await super()._handle_client()
