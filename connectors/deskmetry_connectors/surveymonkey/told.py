"""Told: what of an account isn't mapped, printed as settings that can be copied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from .plan import QuestionPlan, SurveyPlan
from .scoring import Scale, Unusable, scale_of
from .structure import Question

_CHOICES = 12
_TEXT = 60
_KEY = re.compile(r"[^a-z0-9]+")


def key_of(title: str, survey: str) -> str:
    """Return a name for a survey that can stand in a table's head."""
    return _KEY.sub("-", title.casefold()).strip("-")[:40].strip("-") or f"survey-{survey}"


HOW = "# Take away the # before the questions that count, and choose what each measures."


def survey_lines(source: str, name: str, survey: str, title: str, *, known: bool) -> Iterator[str]:
    """Yield the head of a survey's settings; of one that has settings, which table the questions go into."""
    table = f"[sources.{_bare(source)}.surveys.{_bare(name)}"
    if known:
        yield f"# {_short(title)}: add to {table}.questions]"
        return
    yield f"{table}]    # {_short(title)}"
    yield f'id = "{survey}"'
    yield ""
    yield f"{table}.questions]"


def question_lines(questions: Mapping[str, Question], plan: SurveyPlan | None) -> Iterator[str]:
    """Yield each question that isn't mapped, with its rows and choices, as lines that are comments."""
    comments = {one.comment for one in plan.questions.values()} if plan is not None else set()
    for question in questions.values():
        mapped = plan is not None and (question.id in plan.questions or question.id in comments)
        if mapped or question.family == "presentation":
            continue
        yield f"# {_short(question.heading) or '(no heading)'}    ({_kind(question)})"
        yield f"# {_proposal(question)}"
        for key, text in islice(question.rows.items(), _CHOICES if len(question.rows) > 1 else 0):
            yield f"#     row {key}: {_short(text)}"
        for choice in question.choices[:_CHOICES]:
            weight = "" if choice.weight is None else f", weight {choice.weight:g}"
            yield f"#     choice {choice.id}: {_short(choice.text) or '(no words)'}{weight}"
        if len(question.choices) > _CHOICES:
            yield f"#     and {len(question.choices) - _CHOICES} more"


def faults(plan: SurveyPlan, questions: Mapping[str, Question]) -> dict[str, str]:
    """Return why questions of a plan can't be used, by their ids."""
    found: dict[str, str] = {}
    for key, question in plan.questions.items():
        try:
            usable(plan, key, questions)
        except Unusable as error:
            found[key] = str(error)
        if question.comment is not None and question.comment not in questions:
            found.setdefault(key, f"its comment {question.comment} isn't a question of the survey")
    return found


def usable(plan: SurveyPlan, key: str, questions: Mapping[str, Question]) -> Scale:
    """Return the scale of a question of a plan; Unusable says why there is none."""
    if key not in questions:
        raise Unusable("the survey has no such question")
    wanted, question = plan.questions[key], questions[key]
    known = {name.casefold() for pair in question.rows.items() for name in pair}
    strange = [name for name in wanted.rows if name.strip().casefold() not in known]
    if strange:
        raise Unusable(f"it has no row {strange[0]!r}")
    return scale_of(wanted, question)


def _proposal(question: Question) -> str:
    """Return settings that would work for a question; what it measures only its author knows."""
    tries: tuple[tuple[str, Mapping[str, object]], ...] = (
        ('"nps"', {"kind": "nps"}),
        ('"csat"', {"kind": "csat"}),
        ('{ kind = "csat", score = "first_best" }', {"kind": "csat", "score": "first_best"}),
    )
    if question.family == "open_ended" and question.display != "slider" and question.subtype != "numerical":
        return f'comment = "{question.id}"'
    for written, settings in tries:
        try:
            scale_of(QuestionPlan.model_validate(settings), question)
        except Unusable:
            continue
        return f"{question.id} = {written}"
    if question.typed:
        return f'{question.id} = {{ kind = "csat", scale = [1, 5] }}'
    return f"{question.id} can't be scored"


def _kind(question: Question) -> str:
    return "/".join(filter(None, (question.family, question.subtype, question.display)))


def _bare(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _short(text: str) -> str:
    text = "".join(letter for letter in text if letter.isprintable())
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"
