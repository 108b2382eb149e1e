"""Secret: read from the place that the configuration names, and only when a source is built."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..errors import BadSetting, SecretMissing

if TYPE_CHECKING:
    from pydantic import SecretStr

PLACES = ("env", "keyring", "file", "command")
COMMAND_SECONDS = 30.0
_WAYS = '{ env = "NAME" }, { keyring = "SERVICE/NAME" }, { file = "PATH" } or { command = "…" }'


def is_secret(annotation: object) -> bool:
    """Say whether a field of this type holds a secret: SecretStr, also as one of several."""
    from pydantic import SecretStr

    return annotation is SecretStr or any(is_secret(argument) for argument in get_args(annotation))


def is_place(value: object) -> bool:
    """Say whether a value of the configuration names a place rather than being the value itself."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in PLACES


def place_name(value: Mapping[str, Any]) -> str:
    """Return the place in words, without what could be a secret: of a command only the program."""
    ((kind, where),) = value.items()
    match kind:
        case "env":
            return f"the environment variable {where}"
        case "keyring":
            return f"the keyring entry {where}"
        case "file":
            return f"the file {where}"
        case _:
            program, *_ = str(where).split(maxsplit=1) or [""]
            return f"the command {program}"


def resolve(file: object, key: str, value: object, folder: Path, environ: Mapping[str, str]) -> SecretStr:
    """Return the secret behind a setting. Errors name the setting and the place, never the value.

    file and key say where the setting stands; relative paths start at folder.
    Raises BadSetting for a secret written into the file itself, SecretMissing for one that can't be had.
    """
    from pydantic import SecretStr

    if not isinstance(value, Mapping):
        raise BadSetting(file, key, "a secret must not stand in the file", f"Say where it is: {_WAYS}.")
    if not is_place(value):
        raise BadSetting(file, key, "this isn't a place that a secret is read from", f"Write one of {_WAYS}.")
    ((kind, where),) = value.items()
    if not isinstance(where, str) or not where.strip() or "\0" in where:
        raise BadSetting(file, key, f"{kind} must be a text", f"Write one of {_WAYS}.")
    place = place_name(value)
    match kind:
        case "env":
            secret = _from_environment(key, place, where, environ)
        case "keyring":
            secret = _from_keyring(file, key, place, where)
        case "file":
            secret = _from_file(key, place, folder / Path(where).expanduser())
        case _:
            secret = _from_command(key, place, where, folder)
    return SecretStr(secret)


def _from_environment(key: str, place: str, name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name)
    if not value:
        raise SecretMissing(key, place, f"It is {'empty' if value == '' else 'not set'}; `export {name}=…`.")
    return value


def _from_keyring(file: object, key: str, place: str, where: str) -> str:
    service, slash, name = where.partition("/")
    if not (service and slash and name):
        raise BadSetting(
            file, key, "a keyring entry is named by service and name", 'Write { keyring = "service/name" }.'
        )
    import keyring
    from keyring.errors import KeyringError

    try:
        value = keyring.get_password(service, name)
    except KeyringError:
        raise SecretMissing(key, place, "No keyring works here; use { env = … } or { file = … }.") from None
    if not value:
        raise SecretMissing(
            key, place, f"There is no such entry; `keyring set {shlex.join([service, name])}`."
        )
    return value


def _from_file(key: str, place: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            if os.fstat(stream.fileno()).st_mode & 0o007:
                raise SecretMissing(key, place, f"Everybody on this machine can read it; `chmod 600 {path}`.")
            value = stream.readline().rstrip("\r\n")
    except OSError as error:
        raise SecretMissing(key, place, f"{error.strerror}: {path}.") from None
    except UnicodeDecodeError:
        raise SecretMissing(key, place, "Its first line isn't text.") from None
    if not value:
        raise SecretMissing(key, place, "Its first line is empty.")
    return value


def _from_command(key: str, place: str, command: str, folder: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the user's own file names the program
            shlex.split(command),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # stderr stays the user's: a password manager says there what it wants
            timeout=COMMAND_SECONDS,
            check=False,
            text=True,
            encoding="utf-8",
        )
    except subprocess.TimeoutExpired:
        raise SecretMissing(key, place, f"It didn't end within {COMMAND_SECONDS:.0f} seconds.") from None
    except OSError as error:
        raise SecretMissing(key, place, f"It can't be run: {error.strerror}.") from None
    except ValueError:  # a quote without its other half, or output that isn't text
        raise SecretMissing(key, place, "Check its quotes, and that it prints text.") from None
    value = done.stdout.split("\n", 1)[0].rstrip("\r")
    if done.returncode or not value:
        what = f"ended with exit code {done.returncode}" if done.returncode else "printed nothing"
        raise SecretMissing(key, place, f"It {what}; run it by hand to see why.")
    return value
