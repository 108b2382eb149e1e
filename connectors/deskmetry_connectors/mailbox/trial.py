"""Trial: a Maildir in which mails arrive, so that the connector can be graded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from deskmetry.testing import Trial

from ..email.trial import SUPPORT, Letter, MailWorld
from .connector import Mailbox


class SmallPages(Mailbox):
    """Mails in mbox files, Maildirs and folders of .eml files; a few at a time."""

    page_mails = 5


class MaildirWorld(MailWorld):
    """A Maildir with questions and answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(parents=True)
        super().__init__()

    def edit(self) -> None:
        """Have a mail flagged: its flags are in its name, and its text never changes."""
        newest = max((self.folder / "cur").iterdir())
        newest.rename(newest.with_name(newest.name.partition(":")[0] + ":2,FS"))

    def wipe(self) -> bool:
        """Have all mails moved away."""
        shutil.rmtree(self.folder / "cur")
        (self.folder / "cur").mkdir()
        return True

    def put(self, letters: Iterable[Letter]) -> None:
        """Have mails arrive."""
        for letter in letters:
            path = self.folder / "cur" / f"{letter.name}.example:2,S"
            path.write_bytes(letter.content)
            os.utime(path, (letter.sent.timestamp(), letter.sent.timestamp()))


@contextmanager
def trial() -> Iterator[Trial]:
    """Yield the connector before a Maildir of its own."""
    with TemporaryDirectory(prefix="deskmetry-maildir-") as folder:
        world = MaildirWorld(Path(folder) / "support")
        yield Trial(
            world=world,
            connector=lambda _url: SmallPages.model_validate({"path": world.folder, "addresses": [SUPPORT]}),
        )
