"""`operator.toml` in FUSION_HOME: how an operator is started where no option says otherwise."""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusion.errors import BadInput

FILE = "operator.toml"

KEYS: Mapping[str, tuple[type, str]] = {
    "account": (str, "signs its transactions; see `fusion account list`"),
    "network": (str, "which deployment it serves, as FUSION_NETWORK"),
    "rpc": (str, "JSON-RPC endpoint of the chain, as FUSION_RPC"),
    "signer": (str, "URL of an external signer, as FUSION_SIGNER"),
    "password_file": (str, "holds the keystore's password, as FUSION_PASSWORD_FILE"),
    "gateways": (list, "where content is fetched from, as FUSION_GATEWAYS"),
    "stake": (str, "stake to hold, in tokens"),
    "claim_at": (str, "claims when at least this is owed, in tokens"),
    "host": (str, "address its gateway listens on"),
    "port": (int, "port of its gateway; 0 is any free one"),
    "endpoint": (str, "the gateway's URL as others reach it"),
    "workers": (int, "modules run at once"),
    "memory": (str, "memory that runs may use together"),
    "max_fuel": (int, "largest fuel limit of a job that it runs"),
    "metrics_host": (str, "address that metrics are served at"),
    "metrics_port": (int, "port that metrics are served at; 0 is nowhere"),
    "keep": (str, "how long ended jobs and their results are kept"),
    "cache": (str, "most that is kept of bundles and inputs"),
    "watch_share": (str, "share of the others' jobs that it runs again"),
    "max_bond": (str, "most that its challenges may hold together, in tokens; none without"),
    "log_format": (str, "json or console"),
}
OF_SETTINGS = ("network", "rpc", "signer", "password_file", "gateways")

Values = dict[str, Any]
"""Of the types that `KEYS` names."""


def load(home: Path) -> Values:
    """What the file says; nothing where there is none.

    Raises:
        BadInput: it is no TOML, or has a key or a value that it cannot have.
    """
    path = home / FILE
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no TOML: {error}; mend it, or write it anew with `fusion operator init`") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    for name, value in values.items():
        if name not in KEYS:
            raise BadInput(f"{path} names {name!r}; known are {', '.join(KEYS)}")
        kind = KEYS[name][0]
        if type(value) is not kind or (isinstance(value, list) and not all(isinstance(each, str) for each in value)):
            wanted = {str: "a text", int: "a whole number", list: "a list of texts"}[kind]
            raise BadInput(f"{name} in {path} is {value!r}: make it {wanted}")
    return values


def write(home: Path, values: Mapping[str, Any]) -> Path:
    """Writes the file whole, with a word on each key; those without a value are left out."""
    path, fresh = home / FILE, home / f".{FILE}.new"
    lines = ["# How `fusion operator start` starts this operator. Options override it, and FUSION_* variables too."]
    for name, (_, told) in KEYS.items():
        if values.get(name) not in (None, "", []):
            lines.append(f"{name} = {_toml(values[name])}  # {told}")
    home.mkdir(parents=True, exist_ok=True)
    fresh.write_text("\n".join(lines) + "\n")
    fresh.replace(path)
    return path


def stand_in(values: Mapping[str, Any]) -> None:
    """Has the file's settings stand in for the variables that are not set."""
    for name in OF_SETTINGS:
        if name in values:
            value = values[name]
            os.environ.setdefault(f"FUSION_{name.upper()}", value if isinstance(value, str) else json.dumps(value))


def _toml(value: object) -> str:
    """A TOML value; basic strings and arrays of them are written as in JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
