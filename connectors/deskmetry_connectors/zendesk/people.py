"""People: users, groups, organizations and brands as records, and who ever was an agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deskmetry.records import Agent, Brand, Customer, Organization, Record, Team
from deskmetry.records.kinds import AgentRole

Row = Mapping[str, Any]
END_USER = "end-user"
_STAFF = frozenset({"agent", "admin"})
_LIGHT = 1  # role_type of a light agent


class Roles:
    """Everybody who was ever seen as an agent, with their last role as one; a departed agent stays one."""

    def __init__(self) -> None:
        self._roles: dict[int, str] = {}

    def load(self, saved: object) -> None:
        """Take what an earlier run saved; anything else counts as nothing."""
        if isinstance(saved, Mapping):
            for role, ids in saved.items():
                if role in _STAFF and isinstance(ids, list):
                    self._roles.update((one, str(role)) for one in ids if isinstance(one, int))

    def dump(self) -> dict[str, list[int]]:
        """Return them as a JSON value, ids by role."""
        found: dict[str, list[int]] = {}
        for user, role in sorted(self._roles.items()):
            found.setdefault(role, []).append(user)
        return found

    def see(self, user: Any, role: Any = "agent") -> None:
        """Note that somebody was seen in a role; an end user is not noted, nor does it take anything back."""
        if isinstance(user, int) and user > 0 and role in _STAFF:
            self._roles[user] = role

    def assigned(self, user: Any) -> None:
        """Note an assignee: only agents get tickets, so somebody unknown was one."""
        if user not in self:
            self.see(user)

    def of(self, user: Any) -> str:
        """Return somebody's last role as an agent, else `end-user`."""
        return self._roles.get(user, END_USER)

    def __contains__(self, user: object) -> bool:
        return user in self._roles


class PeopleMapping:
    """Users as customers and agents."""

    def __init__(self, roles: Roles, bots: frozenset[str]) -> None:
        self._roles = roles
        self._bots = bots

    def user(self, row: Row) -> Iterator[Record]:
        """Map a user; a former agent is both, a customer now and an agent who left."""
        self._roles.see(row["id"], row.get("role"))
        if row["id"] in self._roles:
            yield self.agent(row)
        if row.get("role") not in _STAFF:
            yield self._customer(row)

    def agent(self, row: Row) -> Agent:
        """Map a user who is or was an agent."""
        role = AgentRole.ADMIN if row.get("role") == "admin" else AgentRole.AGENT
        if row.get("role_type") == _LIGHT:
            role = AgentRole.LIGHT_AGENT
        if str(row["id"]) in self._bots:
            role = AgentRole.BOT
        return Agent(
            id=row["id"],
            name=row.get("name"),
            email=row.get("email"),
            role=role,
            active=bool(row.get("active", True)) and row.get("role") in _STAFF,
            team_id=row.get("default_group_id"),
            created_at=row.get("created_at"),
            updated_at=row.get("updated_at"),
        )

    def _customer(self, row: Row) -> Customer:
        gone = row.get("active") is False
        return Customer(
            id=row["id"],
            name=row.get("name"),
            email=row.get("email"),
            phone=row.get("phone"),
            language=row.get("locale"),
            organization_id=row.get("organization_id"),
            created_at=row.get("created_at"),
            updated_at=row.get("updated_at"),
            deleted_at=row.get("updated_at") if gone else None,
        )


def team(row: Row) -> Team:
    """Map a group; a deleted one comes too."""
    return Team(
        id=row["id"], name=row["name"], deleted_at=row.get("updated_at") if row.get("deleted") else None
    )


def brand(row: Row) -> Brand:
    """Map a brand."""
    gone = row.get("is_deleted")
    return Brand(id=row["id"], name=row["name"], deleted_at=row.get("updated_at") if gone else None)


def organization(row: Row) -> Organization:
    """Map an organization."""
    return Organization(
        id=row["id"],
        name=row["name"],
        created_at=row.get("created_at"),
        deleted_at=row.get("deleted_at"),
    )
