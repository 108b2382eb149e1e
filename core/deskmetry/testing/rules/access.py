"""Access: credentials that are wrong, end or aren't enough, and where they may go."""

from __future__ import annotations

from ...connector import Connector
from ...errors import AuthenticationFailed, DeskmetryError, PermissionMissing, StreamSkipped
from ...sync import Outcome
from ..bench import Bench, error_of, reason
from ..dump import differences, listed
from ..rule import Broken, Grade, NotApplicable, rule

_WHOLE = ("first_read_is_whole",)


@rule(Grade.BRONZE, "`check` reaches the source, and tells refused credentials from other troubles")
def check_tells_bad_credentials(bench: Bench) -> None:
    """Who reads "unreachable" checks the network; who reads "refused" makes a new token."""
    from ..faults import ServerError, TokenExpired

    with bench.scene() as scene:
        said = _checked(scene.connector())
        if isinstance(said, Exception) or not said.strip() or "\n" in said:
            raise Broken(f"`check` of a healthy source gave {said!r}", "Return one line on what was found.")
        if (refused := scene.trial.refused) is not None:
            _must_refuse(_checked(scene.attached(refused(scene.url))))
    with bench.scene() as scene:
        scene.play().play(TokenExpired(forever=True))
        _must_refuse(_checked(scene.connector()))
    with bench.scene() as scene:
        scene.play().play(ServerError(503), times=None)
        said = _checked(scene.connector())
        if not isinstance(said, DeskmetryError) or isinstance(said, AuthenticationFailed):
            raise Broken(
                f"`check` of a source that answers 503 gave {said!r}",
                "Let the errors of `self.http` pass; AuthenticationFailed is for refused credentials only.",
            )


def _must_refuse(said: str | Exception) -> None:
    if not isinstance(said, AuthenticationFailed):
        raise Broken(
            f"`check` with refused credentials gave {said!r}",
            "Let the AuthenticationFailed of `self.http` pass, or raise it.",
        )


def _checked(connector: Connector) -> str | Exception:
    try:
        return connector.check()
    except Exception as error:  # whatever it is, the rule says what it should have been
        return error
    finally:
        connector.close()


@rule(Grade.BRONZE, "Credentials go to the configured address and nowhere else", after=("reads",), http=True)
def credentials_stay_at_home(bench: Bench) -> None:
    """Whoever can write a link into an answer could otherwise have the token sent to themselves."""
    from ..faults import ForeignLink, ForeignRedirect

    for fault, what in ((ForeignLink(), "next link"), (ForeignRedirect(), "redirect")):
        with bench.scene() as scene:
            scene.play().play(fault, times=None)
            scene.sync()
            stolen = [secret for secret in scene.trial.secrets if scene.other.saw(secret)]
            if stolen or scene.other.requests:
                also = ", and sent the credentials along" if stolen else ""
                raise Broken(
                    f"The connector followed a {what} to another host{also}",
                    "Ask through `self.http` only: it refuses every address but the configured one.",
                )


@rule(
    Grade.GOLD,
    "Credentials that end in the middle are renewed, or told, without loss",
    after=(*_WHOLE, "failures_are_told", "stopped_runs_go_on"),
    http=True,
)
def ended_credentials_are_told(bench: Bench) -> None:
    """OAuth tokens live for hours, first reads for longer."""
    from ..faults import TokenExpired

    with bench.scene() as scene:
        renews = scene.trial.renews
        middle = max(sum(bench.undisturbed.paths.values()) // 2, 2)
        scene.play().play(TokenExpired(forever=True), on=middle, times=None)
        report = scene.sync()
        if not isinstance(error_of(report), AuthenticationFailed):
            raise Broken(
                f"Credentials that were refused from request {middle} on ended the sync as "
                f"{report.sources[0].outcome}: {reason(report.sources[0])}",
                "Let the AuthenticationFailed of `self.http` pass: the user must renew them.",
            )
        scene.play().clear()
        if told := differences(bench.undisturbed.dump, scene.synced()):
            raise Broken(f"After new credentials something is lost: {told}", "Go on at the cursor.")
    if renews:
        _renewed(bench)


def _renewed(bench: Bench) -> None:
    from ..faults import TokenExpired

    with bench.scene() as scene:
        scene.play().play(TokenExpired(), on=2)
        if told := differences(bench.undisturbed.dump, scene.synced()):
            raise Broken(f"A token that was renewed lost something: {told}", "Repeat the refused request.")


@rule(
    Grade.GOLD,
    "A part that plan or permissions don't have is skipped with a reason",
    after=("reads",),
    http=True,
)
def missing_permissions_skip(bench: Bench) -> None:
    """Skipped is seen by the user; empty looks as if there were none, and failed stops everything."""
    from ..faults import Forbidden

    optional = [name for name, info in bench.connector.streams().items() if info.optional]
    with bench.scene() as scene:
        player = scene.play()
        for path in bench.undisturbed.paths:
            player.play(Forbidden(), path=path)
        connector = scene.connector()
        try:
            infos = bench.connector.streams().items()
            silent = [name for name, info in infos if not _told(connector, name, optional=info.optional)]
        finally:
            connector.close()
        report = scene.sync()
    if silent:
        raise Broken(
            f"Streams that may not be read (403) ended as if nothing were there: {listed(silent)}",
            "Let the PermissionMissing of `self.http` pass; with `optional=True` it ends as skipped.",
        )
    if report.sources[0].outcome is Outcome.OK and len(optional) < len(bench.connector.streams()):
        raise Broken("A sync that may read nothing says ok", "Let the PermissionMissing of `self.http` pass.")
    if not optional:
        raise NotApplicable("none of its streams is optional")


def _told(connector: Connector, name: str, *, optional: bool) -> bool:
    """Tell whether a stream says that it may not be read; one that asks nothing can't know."""
    before = connector.context.requests
    try:
        for _page in connector.read(name, None):
            break
    except (PermissionMissing, StreamSkipped):
        return True
    except DeskmetryError:
        return not optional
    return connector.context.requests == before


EARLY = (check_tells_bad_credentials, credentials_stay_at_home)
LATE = (ended_credentials_are_told, missing_permissions_skip)
