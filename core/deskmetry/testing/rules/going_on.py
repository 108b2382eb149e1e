"""Going on: a run that stops anywhere is taken up by the next one, and no clock of ours decides where."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ...connector import Page
from ..bench import Bench, Scene, require_ok
from ..dump import differences
from ..rule import Broken, Grade, NotApplicable, rule

_STOPS = 40  # runs after which the rest is read in one go
_APART = timedelta(hours=1)  # clocks that differ by more can be told apart


@rule(
    Grade.GOLD,
    "A run that was stopped after any page is taken up without loss",
    after=("first_read_is_whole", "watermarks_are_the_sources", "new_things_arrive"),
)
def stopped_runs_go_on(bench: Bench) -> None:
    """Rows and cursor of a page are committed together, so a kill anywhere is a stop after some page."""
    with bench.scene() as scene:
        pages, marks = 1, None
        for _ in range(_STOPS):
            report = scene.sync(pages=pages)
            if report.sources[0].outcome != "interrupted":
                require_ok(report)
                break
            now = scene.dump().marks
            # A stream without an order keeps its cursor until its last page: it is given a longer run.
            pages, marks = (1 if now != marks else pages * 2), now
        found = scene.synced()
    if told := differences(bench.undisturbed.dump, found):
        raise Broken(
            f"A first read that was stopped after each page ended otherwise than an undisturbed one: {told}",
            "A page's cursor must stand for the records up to and with this page, not for those to come; a "
            "stream whose pages aren't in order is declared with sorted=False.",
        )


@rule(Grade.SILVER, "No clock of ours decides where the next run begins", after=("reads",))
def watermarks_are_the_sources(bench: Bench) -> None:
    """Our clock is wrong now and then, and their data always a little late."""
    marks = [
        (name, page.cursor.watermark, _newest(pages[: number + 1]))
        for name, pages in bench.reading.pages.items()
        for number, page in enumerate(pages)
        if page.cursor is not None and page.cursor.watermark is not None
    ]
    with bench.scene() as scene:
        clock = _clock(scene)
    if abs(clock - datetime.now(UTC)) < _APART:
        raise NotApplicable("the world's clock shows the same time as ours")
    for name, mark, newest in marks:
        if mark > max(clock, newest):
            raise Broken(
                f"Stream {name!r} set its watermark to {mark.isoformat()}, when the source's clock showed "
                f"{clock.isoformat()}",
                "Take it from the records (`self.page(…, watermark=…)`) or from what the source says.",
            )


def _newest(pages: list[Page]) -> datetime:
    found = [
        value
        for page in pages
        for record in page.records
        for field in type(record).model_fields
        if isinstance(value := getattr(record, field), datetime) and value.tzinfo is not None
    ]
    return max(found, default=datetime.min.replace(tzinfo=UTC))


def _clock(scene: Scene) -> datetime:
    """Return what the world's clock shows, as its answers say."""
    if not scene.url:
        return datetime.min.replace(tzinfo=UTC)
    try:
        with urllib.request.urlopen(scene.url) as answer:  # noqa: S310 - a loopback address of the trial
            said = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        said = error.headers.get("Date")
        error.close()
    return parsedate_to_datetime(said).astimezone(UTC) if said else datetime.now(UTC)


EARLY = (watermarks_are_the_sources,)
LATE = (stopped_runs_go_on,)
