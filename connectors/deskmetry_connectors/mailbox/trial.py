"""Trial: a Maildir in which mails arrive, so that the connector can be graded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from deskmetry.testing import Trial

from ..email.trial import SUPPORT, Letter, Story
from .connector import Mailbox


class SmallPages(Mailbox):
    """Mails in mbox files, Maildirs and folders of .eml files; a few at a time."""

    page_mails = 5


class MaildirWorld:
    """A Maildir with questions and answers."""

    url = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(parents=True)
        self._story = Story()
        self.grow()
        self.grow()

    def grow(self) -> None:
        """Have mails come and go, several in one second."""
        self._put(self._story.grow())

    def edit(self) -> None:
        """Have a mail flagged: its flags are in its name, and its text never changes."""
        newest = max((self.folder / "cur").iterdir())
        newest.rename(newest.with_name(newest.name.partition(":")[0] + ":2,FS"))

    def late(self) -> bool:
        """Have a mail arrive that was sent before all others."""
        self._put([self._story.late()])
        return True

    def delete(self) -> bool:
        """Return that it can't be shown: an expunged mail is no deleted ticket."""
        return False

    def wipe(self) -> bool:
        """Have all mails moved away."""
        shutil.rmtree(self.folder / "cur")
        (self.folder / "cur").mkdir()
        return True

    def advance(self, seconds: float) -> None:
        """Let time pass between mails."""
        self._story.advance(seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the addresses of all who wrote."""
        return self._story.truth()

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return that nothing is deleted."""
        return {}

    def requests(self) -> int:
        """Return that no server is asked."""
        return 0

    def _put(self, letters: Iterable[Letter]) -> None:
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
