"""SurveyMonkey: surveys of an account, mapped by the settings to what their questions measure."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, ClassVar, cast

from pydantic import PrivateAttr

from deskmetry.connector import Capabilities, Context, Cursor, Page, stream
from deskmetry.errors import PermissionMissing, SourceError, StreamSkipped
from deskmetry.records import Customer, RawRecord, Record, SurveyAnswer, SurveyOffer
from deskmetry.records.base import to_id
from deskmetry.records.kinds import SurveyKind

from . import invitations
from .answers import Asked, ResponseMapping
from .invitations import Mailing
from .plan import SurveyPlan
from .progress import Place
from .reading import SECOND, changed, instant, latest, listing
from .scoring import Unusable
from .settings import SurveyMonkeySettings
from .structure import Question, questions_of, words
from .told import HOW, faults, key_of, question_lines, survey_lines, usable
from .trouble import explained

log = logging.getLogger(__name__)
_LIST = 1000  # the most that a plain list gives at once
_MARGIN = timedelta(seconds=5)
_EARLIEST = datetime(1999, 1, 1, tzinfo=UTC)  # there was no SurveyMonkey before it
_SHOWN = 20  # unmapped surveys whose questions `check` asks for, a request each
_MAP = "`deskmetry check` prints what there is, to be copied into the settings."


class _Settled:
    """What an account can give: scores for the NPS only if a question is mapped to them."""

    def __get__(self, account: SurveyMonkey | None, owner: type[SurveyMonkey]) -> Capabilities:
        kinds = {kind for survey in account.surveys.values() for kind in survey.kinds()} if account else set()
        nps = account is None or SurveyKind.NPS in kinds
        return Capabilities(ratings=True, nps=nps, survey_offers=True, tickets=False)


class SurveyMonkey(SurveyMonkeySettings):
    """Answers to SurveyMonkey surveys: CSAT, NPS, CES, quality; and who was invited to give them."""

    name: ClassVar[str] = "surveymonkey"
    trial: ClassVar[str | None] = "deskmetry_connectors.surveymonkey.trial:trial"
    capabilities: ClassVar[Capabilities] = cast("Capabilities", _Settled())
    _mappings: dict[str, ResponseMapping] = PrivateAttr(default_factory=dict)

    def attach(self, context: Context) -> None:
        """Lend the engine's context for a run, which asks for the surveys' questions anew."""
        super().attach(context)
        self._mappings = {}

    def explain(self, error: SourceError) -> SourceError:
        """Return a refusal in words that say what to do."""
        return explained(error, self.url)

    # --- streams ---------------------------------------------------------------------------------------

    @stream(SurveyAnswer, Customer, overlap=timedelta(minutes=30), idle_requests=1)
    def responses(self, since: Cursor | None) -> Iterator[Page]:
        """Read the responses of each mapped survey, oldest change first; a request each if nothing is new."""
        if not self.surveys:
            raise SourceError("No survey is mapped, so nothing counts.", _MAP)
        saved = since.token if since is not None and isinstance(since.token, Mapping) else {}
        start = since.watermark if since is not None and not saved else self._start
        places = {
            survey.id: Place.load(saved.get(survey.id), self.mark_of(name), start)
            for name, survey in self.surveys.items()
        }
        gone: SourceError | None = None
        for name, survey in self.surveys.items():
            try:
                yield from self._responses(survey, places)
            except SourceError as error:
                if error.data.get("status") != 404:
                    raise
                self.note(f"the account has no survey {survey.id} ({name})")
                gone = error
                del places[survey.id]
        if gone is not None and not places:
            raise gone

    @stream(RawRecord, optional=True, idle_requests=0)
    def account_surveys(self, since: Cursor | None) -> Iterator[Page]:
        """Read the list of surveys, once a day, to tell which aren't mapped."""
        if not self._due(since):
            return
        rows = [row for batch in self._surveys() for row in batch]
        self._tell(rows)
        page = self.page(rows, self.account_survey)
        yield replace(page, cursor=Cursor({"read": self.now().isoformat()}))

    @stream(SurveyOffer, Customer, optional=True, idle_requests=0, gives="survey_offers")
    def sent_invitations(self, since: Cursor | None) -> Iterator[Page]:
        """Read who was invited by e-mail or text message, once a day: a request a message sent since."""
        if not self.invitations:
            raise StreamSkipped("`invitations` is false.", "Set it to true to know response rates.")
        if not self._due(since):
            return
        try:
            yield from self._invitations(since)
        except PermissionMissing as error:
            words_said = error.data.get("words")
            raise StreamSkipped(
                f"This app may not read collectors{f' ({words_said})' if words_said else ''}.",
                "Give it the scope View Collectors to know response rates, or set `invitations = false`.",
                status=error.data.get("status"),
            ) from None

    # --- mappers ---------------------------------------------------------------------------------------

    def response(self, row: Mapping[str, Any]) -> Iterable[Record]:
        """Map a response of a mapped survey."""
        name, survey = self.plan_of(row["survey_id"])
        return self._mapping(name, survey).records(row)

    def recipient(self, row: Mapping[str, Any]) -> Iterable[Record]:
        """Map a recipient of a message that was sent."""
        survey = self.surveys[row["mailing"]["survey"]]
        return invitations.offers(row, survey, self.places(survey), self.invited)

    def account_survey(self, row: Mapping[str, Any]) -> RawRecord:
        """Map a survey of the list: its id and names."""
        kept = {"title": row.get("title"), "nickname": row.get("nickname")}
        return RawRecord(
            id=f"survey:{to_id(row['id'])}",
            stream="account_surveys",
            kind="survey",
            raw={"id": row["id"], **kept},
        )

    # --- how -------------------------------------------------------------------------------------------

    @property
    def _start(self) -> datetime | None:
        return datetime.combine(self.start, datetime.min.time(), UTC) if self.start else None

    def _responses(self, survey: SurveyPlan, places: Mapping[str, Place]) -> Iterator[Page]:
        place = places[survey.id]
        since = None if place.at is None else max(place.at - self.overlap - SECOND, _EARLIEST)
        path = f"/v3/surveys/{survey.id}/responses/bulk"
        for rows in changed(self.http, path, since, self.page_size, self.now()):
            fresh = place.fresh(rows)
            if not fresh:
                continue
            now = self.now()
            page = self.page(fresh, self.response)
            top = latest(rows, now)
            place.note(fresh, min(top, now - _MARGIN) if top else None, self.overlap)
            known = [one.at for one in places.values()]
            mark = None if None in known else min(at for at in known if at is not None)
            token = {key: one.dump() for key, one in places.items()}
            late = sum(1 for row in fresh if (at := _changed(row)) is not None and at > now)
            yield replace(page, cursor=Cursor(token, mark), future=late)

    def _mapping(self, name: str, survey: SurveyPlan) -> ResponseMapping:
        """Return how responses of a survey are mapped; its questions are asked for once a run, if needed."""
        if name not in self._mappings:
            questions = self._questions(survey.id)
            asked: dict[str, Asked] = {}
            for key, plan in survey.questions.items():
                try:
                    asked[key] = Asked(plan, questions.get(key, _NONE), usable(survey, key, questions))
                except Unusable as error:
                    self.note(f"question {key} of {name} is left out: {error}")
            self._mappings[name] = ResponseMapping(name, survey, self.places(survey), asked, self.partial)
        return self._mappings[name]

    def _questions(self, survey: str) -> dict[str, Question]:
        details = self.http.get_json(f"/v3/surveys/{survey}/details", items="pages")
        return questions_of(details.at(""))

    def _surveys(self) -> Iterator[list[Any]]:
        return listing(self.http, "/v3/surveys", _LIST)

    def _due(self, since: Cursor | None) -> bool:
        """Tell whether a stream that is read now and then is to be read now."""
        token = since.token if since is not None else None
        read = instant(token.get("read")) if isinstance(token, Mapping) else None
        return read is None or self.now() - read >= self.invitations_every

    def _tell(self, rows: Iterable[Any]) -> None:
        known = {survey.id for survey in self.surveys.values()} | set(self.leave_out)
        unmapped = [row for row in rows if isinstance(row, Mapping) and str(row.get("id")) not in known]
        if unmapped:
            named = ", ".join(f"{row.get('id')} ({words(row.get('title'))})" for row in islice(unmapped, 5))
            more = ", …" if len(unmapped) > 5 else ""
            self.note(f"surveys that aren't mapped and are left out: {named}{more}. {_MAP[:-1]}")

    def _invitations(self, since: Cursor | None) -> Iterator[Page]:
        """Read what was sent since the last reading, oldest first, within the budget of a run."""
        token = since.token if since is not None and isinstance(since.token, Mapping) else {}
        mark, known, now = instant(token.get("from")) or self._start, set(token.get("plan") or ()), self.now()
        sent = []
        for name in self.surveys:
            since_then = mark if self.mark_of(name) in known else self._start
            sent += self._mailings(name, since_then, now)
        sent.sort(key=lambda one: (one.sent_at, one.id))
        taken = sent[: self.invitation_requests]
        for mailing in taken:
            for rows in invitations.recipients(self.http, mailing, _LIST):
                yield self.page(rows, self.recipient)
        goes_on, read = now - self.invitations_overlap, now
        if len(sent) > len(taken):
            rest = len(sent) - len(taken)
            self.note("invitations that wait for the next run (`invitation_requests`): {count}", rest)
            goes_on, read = taken[-1].sent_at, now - self.invitations_every
        plans = sorted(self.mark_of(name) for name in self.surveys)
        stands = {"from": goes_on.isoformat(), "plan": plans, "read": read.isoformat()}
        yield Page([], Cursor(stands, goes_on))

    def _mailings(self, name: str, mark: datetime | None, now: datetime) -> list[Mailing]:
        """Return what was sent for a survey; nothing for one that was deleted there."""
        try:
            return list(invitations.mailings(self.http, name, self.surveys[name], mark, now, _LIST))
        except SourceError as error:
            if error.data.get("status") != 404:
                raise
            return []

    # --- check -----------------------------------------------------------------------------------------

    def check(self) -> str:
        """Reach the account, and print what isn't mapped yet as settings that can be copied."""
        try:
            return self._checked()
        except SourceError as error:
            raise self.explain(error) from error.__cause__

    def _free(self, name: str, survey: str, shared: bool) -> str:
        """Return a name that no other survey has."""
        return f"{name}-{survey}" if shared or name in self.surveys else name

    def _checked(self) -> str:
        rows = [row for batch in self._surveys() for row in batch if isinstance(row, Mapping)]
        by_id = {str(row.get("id")): words(row.get("title")) for row in rows}
        wrong, lines = [], []
        for name, survey in self.surveys.items():
            if survey.id not in by_id:
                wrong.append(f"{name}: the account has no survey {survey.id}")
                continue
            questions = self._questions(survey.id)
            wrong += [f"{name}: question {key}: {why}" for key, why in faults(survey, questions).items()]
            if more := list(question_lines(questions, survey)):
                head = survey_lines(self.context.source, name, survey.id, by_id[survey.id], known=True)
                lines += ["", *head, *more]
            # The scope for answers is another one than that for surveys.
            path = f"/v3/surveys/{survey.id}/responses/bulk"
            self.http.get_json(path, {"per_page": 1}, items="data")
        known = {survey.id for survey in self.surveys.values()} | set(self.leave_out)
        unmapped = {key: title for key, title in by_id.items() if key not in known}
        titles = list(unmapped.values())
        for key, title in islice(unmapped.items(), _SHOWN):
            head = survey_lines(
                self.context.source,
                self._free(key_of(title, key), key, titles.count(title) > 1),
                key,
                title,
                known=False,
            )
            lines += ["", *head]
            lines += question_lines(self._questions(key), None)
        if wrong:
            raise SourceError(f"The settings don't fit the surveys: {'; '.join(wrong)}.", _MAP)
        said = f"{self.url}: {len(self.surveys)} of {len(by_id)} surveys mapped"
        if unmapped:
            said += f", {len(unmapped)} not: what they ask is printed on stderr"
        if lines:
            log.warning("What isn't mapped, to be copied into the settings:\n%s", "\n".join([HOW, *lines]))
        return said


_NONE = Question("", "", "", "", "")


def _changed(row: Any) -> datetime | None:
    return instant(row.get("date_modified")) if isinstance(row, Mapping) else None
