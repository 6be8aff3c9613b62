"""Finds TOPICS_* environment variables that are not settings, such as misspelt ones."""

import re
from collections.abc import Iterator, Mapping

from app.errors import MAX_QUOTE
from app.near_names import near_names
from app.settings.fields import PREFIX, Settings, variable_name

_COMMAND_KEY = "TOPICS_API_KEY"
"""Read by `python -m app classify --url`, which sends it to a service; the service itself does not use it."""
_ADDRESS = {
    f"{PREFIX}{option}": f"the option --{option.lower()}, or {option} with make serve" for option in ("HOST", "PORT")
}
"""What to use instead of variables that look like settings."""
_SERVICE_LINK = re.compile(
    r"TOPICS_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)=.*"
    r"|TOPICS_(\w+_)?PORT=(tcp|udp|sctp)://.*"
)
_TLS = re.compile("TLS|SSL|HTTPS|CERT")
NO_TLS = "leave it out and put a proxy with TLS in front, as docs/authentication.md describes"
"""What to do instead of giving the service a certificate."""


def unknown_variables(environment: Mapping[str, str], serving: bool) -> Iterator[str]:
    """A sentence for each TOPICS_ variable that is not a setting.

    `serving`: False for a command, which also accepts TOPICS_API_KEY.
    """
    known = [*map(variable_name, Settings.model_fields), *([] if serving else [_COMMAND_KEY])]
    for given, value in sorted(environment.items()):
        name = given.upper()
        # Kubernetes sets TOPICS_PORT and others in every pod of a namespace that has a Service named topics.
        if not name.startswith(PREFIX) or name in known or _SERVICE_LINK.fullmatch(f"{name}={value}"):
            continue
        if name == _COMMAND_KEY:
            yield f"{given}: is only for `python -m app classify`; a service reads TOPICS_API_KEYS."
            continue
        if _TLS.search(name):
            yield f"{given[:MAX_QUOTE]}: the service has no TLS; {NO_TLS}."
            continue
        if name in _ADDRESS:
            yield f"{given}: is not a setting; use {_ADDRESS[name]}."
            continue
        near = near_names(name.removeprefix(PREFIX), [variable.removeprefix(PREFIX) for variable in known])
        suggestions = " or ".join([PREFIX + near_name for near_name in near])
        hint = f"did you mean {suggestions}?" if near else "docs/configuration.md lists all settings."
        yield f"{given[:MAX_QUOTE]}: unknown setting; {hint}"
