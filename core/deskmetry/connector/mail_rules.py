"""MailRules: how the threading stage turns the mails of one source into tickets."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field


class MailRules(BaseModel):
    """The written rules by which a mailbox, that has no tickets, gets them; kept with the source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    solved_after: timedelta = Field(
        timedelta(days=7),
        description="A thread whose last mail is ours counts as solved at that mail once the customer "
        "has been silent for so long",
    )
    subject_window: timedelta = Field(
        timedelta(days=30),
        description="A reply without references joins a thread with the same subject and customer "
        "whose last mail is at most so old",
    )
    own_lists: tuple[str, ...] = Field(
        (), description="List-Ids through which customers write (a Google Group before the inbox)"
    )
