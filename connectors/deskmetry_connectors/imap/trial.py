"""Trial: a mail server in this process in which mails arrive, so that the connector can be graded."""

from __future__ import annotations

import asyncio
import contextvars
import imaplib
import logging
import threading
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from deskmetry.testing import CANARY, NoTrial, Trial

from ..email.trial import SUPPORT, Letter, MailWorld
from .connector import Imap

_USER = "demouser"
_PATIENCE = 30.0  # seconds until the server must listen


class MailServer:
    """A pymap with an empty mailbox in memory, while the `with` lasts."""

    port = 0

    def __enter__(self) -> MailServer:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=contextvars.copy_context().run, args=(self._loop.run_until_complete, self._serve())
        )
        self._thread.start()
        if not self._ready.wait(_PATIENCE):
            raise NoTrial(Imap.name, "its mail server doesn't start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        """Listen until it is ended, and let the connections that are left end too."""
        from proxyprotocol.reader import ProxyProtocolReader  # pymap's own, which takes connections for it
        from pymap.backend.dict import DictBackend
        from pymap.imap import IMAPServer
        from pysasl.hashing import Cleartext

        self._ended = asyncio.Event()
        # What the server itself logs is no business of the connector's.
        logging.getLogger("pymap").setLevel(logging.CRITICAL)
        backend, config = await DictBackend.init(_arguments(), hash_context=Cleartext(), invalid_user_sleep=0)
        config.apply_context()
        reader: Any = ProxyProtocolReader(config.proxy_protocol)
        connected: Any = reader.get_callback(IMAPServer(backend.login, config))
        server = await asyncio.start_server(connected, host="127.0.0.1", port=0)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._ended.wait()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _arguments() -> Namespace:
    """Return what pymap's command line would: no TLS on a loopback address, one user, no mails."""
    return Namespace(
        debug=False, host=["127.0.0.1"], port="0", cert=None, key=None, tls=False, inherited_sockets=None,
        proxy_protocol=None, passlib_cfg=None, demo_data=False, demo_user=_USER, demo_password=CANARY,
        skip_services=[],
    )  # fmt: skip


class ServedWorld(MailWorld):
    """A mailbox on that server with questions and answers."""

    def __init__(self, port: int) -> None:
        self._client = imaplib.IMAP4("127.0.0.1", port)
        self._client.login(_USER, CANARY)
        self._client.create("Sent")
        super().__init__()

    def close(self) -> None:
        """End the session."""
        self._client.logout()

    def edit(self) -> None:
        """Have a mail answered: a flag, since its text never changes."""
        self._client.select("INBOX")
        self._client.store("1", "+FLAGS", r"(\Answered)")
        self._client.close()

    def wipe(self) -> bool:
        """Have all mails expunged."""
        for folder in ("INBOX", "Sent"):
            self._client.select(folder)
            self._client.store("1:*", "+FLAGS", r"(\Deleted)")
            self._client.expunge()
            self._client.close()
        return True

    def put(self, letters: Iterable[Letter]) -> None:
        """Have mails arrive."""
        for letter in letters:
            folder = "Sent" if letter.name.endswith("r") else "INBOX"
            when = imaplib.Time2Internaldate(letter.sent)
            self._client.append(folder, r"(\Seen)", when, letter.content)


@contextmanager
def trial() -> Iterator[Trial]:
    """Yield the connector before a mail server of its own."""
    try:
        import pymap  # noqa: F401
    except ImportError:
        raise NoTrial(Imap.name, "its mail server isn't installed (`pip install pymap`)") from None

    with MailServer() as server:
        world = ServedWorld(server.port)

        def connector(_url: str, password: str = CANARY) -> Imap:
            settings = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": _USER}
            return Imap.model_validate({**settings, "password": password, "addresses": [SUPPORT]})

        try:
            # Each folder is asked for its state, its new mails and their flags.
            yield Trial(
                world=world,
                connector=connector,
                refused=lambda url: connector(url, "wrong"),
                budget={"mails": 15},
            )
        finally:
            world.close()
