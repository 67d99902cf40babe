"""What a user says of an image (`env`, `user`, `entrypoint`…), checked and put on top of a base.

Every fault names the attribute and says what it takes.  `${VAR}` and `$VAR` in `env` are replaced by
what the base, or an entry before it, sets; `$$` is a dollar sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from attrs import evolve, field, frozen

from rulesengine.errors import AttributeValueError, did_you_mean
from rulesengine.oci.config import Execution, check_time
from rulesengine.oci.platform import Platform

EPOCH = "1970-01-01T00:00:00Z"
"""The creation time of an image for which none is given: reproducible, and no wrong claim."""

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*\$?"
_ID = r"[0-9]{1,10}"
_USER = re.compile(rf"(?P<user>{_NAME}|{_ID})(:(?P<group>{_NAME}|{_ID}))?")
_PORT = re.compile(r"([0-9]{1,5})(?:/([A-Za-z]+))?")
_PROTOCOLS = ("tcp", "udp", "sctp")
_VARIABLE = re.compile(r"\$(?:\$|\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_SNAPSHOT = re.compile(r"\d{8}T\d{6}Z")
_SIGNALS = frozenset({
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
})  # fmt: skip
_REAL_TIME = re.compile(r"(RTMIN\+|RTMAX-)([0-9]{1,2})")
_MAX_ID = (1 << 32) - 2


def _refuse(attribute: str, message: str, hint: str | None = None) -> NoReturn:
    raise AttributeValueError(f"attribute {attribute!r}: {message}", hint=hint)


def _text(attribute: str, value: object) -> str:
    if not isinstance(value, str):
        _refuse(attribute, f"{value!r} is not a string")
    if "\0" in value:
        _refuse(attribute, f"{value!r} holds a NUL character")
    if not value.isprintable() and any(0xD800 <= ord(one) <= 0xDFFF for one in value):
        _refuse(attribute, f"{value!r} is not Unicode text")
    return value


def _texts(attribute: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        _refuse(attribute, f"{value!r} is not a list of strings")
    return tuple(_text(attribute, one) for one in value)


def _mapping(attribute: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        _refuse(attribute, f"{value!r} is not a dictionary of strings")
    out = {}
    for name, one in value.items():
        if not _text(attribute, name):
            _refuse(attribute, "a key is empty")
        if not isinstance(one, str):
            _refuse(attribute, f"the value of {name!r} is {one!r}, not a string", hint=f'write "{one}" in quotes')
        out[name] = _text(attribute, one)
    return out


def _environment(value: object) -> tuple[tuple[str, str], ...]:
    if isinstance(value, Mapping):
        pairs = list(_mapping("env", value).items())
    else:
        pairs = []
        for text in _texts("env", value):
            name, equals, setting = text.partition("=")
            if not equals:
                _refuse("env", f"{text!r} has no '='", hint="write NAME=VALUE")
            pairs.append((name, setting))
    seen: set[str] = set()
    for name, _ in pairs:
        if not name or "=" in name:
            _refuse("env", f"{name!r} is not a variable's name")
        if name in seen:
            _refuse("env", f"variable {name!r} is given twice")
        seen.add(name)
    return tuple(pairs)


def _user(value: object) -> str:
    text = _text("user", value)
    match = _USER.fullmatch(text)
    if match is None:
        _refuse("user", f"{text!r} is not a user", hint="write USER, UID, USER:GROUP or UID:GID, such as 65532:65532")
    for part in match.group("user", "group"):
        if part is not None and part.isdigit() and int(part) > _MAX_ID:
            _refuse("user", f"{part} is larger than any user or group number ({_MAX_ID})")
    return text


def _absolute(attribute: str, text: str) -> str:
    if not text.startswith("/"):
        _refuse(attribute, f"{text!r} is not an absolute path", hint="begin it with /")
    return text


def _port(text: str) -> str:
    match = _PORT.fullmatch(text)
    if match is None:
        _refuse("exposed_ports", f"{text!r} is not a port", hint="write PORT or PORT/PROTOCOL, such as 8080/tcp")
    number, protocol = int(match[1]), (match[2] or "tcp").lower()
    if not 1 <= number <= 65535:
        _refuse("exposed_ports", f"{text!r}: a port is a number from 1 to 65535")
    if protocol not in _PROTOCOLS:
        _refuse("exposed_ports", f"{text!r}: the protocol is tcp, udp or sctp")
    return f"{number}/{protocol}"


def _signal(value: object) -> str:
    text = _text("stop_signal", value)
    if text.isascii() and text.isdigit():
        if not 1 <= int(text) <= 64:
            _refuse("stop_signal", f"{text} is not a signal's number (1 to 64)")
        return str(int(text))
    name = text.upper().removeprefix("SIG")
    real_time = _REAL_TIME.fullmatch(name)
    if name not in _SIGNALS and not (real_time and int(real_time[2]) <= 30):
        _refuse(
            "stop_signal",
            f"{text!r} is not a signal",
            hint=did_you_mean("SIG" + name, sorted("SIG" + one for one in _SIGNALS))
            or "write a name such as SIGTERM or SIGRTMIN+3",
        )
    return "SIG" + name


def _unique(attribute: str, values: Sequence[str]) -> tuple[str, ...]:
    for number, one in enumerate(values):
        if one in values[:number]:
            _refuse(attribute, f"{one!r} is given twice")
    return tuple(sorted(values))


def check_created(value: object) -> str:
    """A creation time in RFC 3339, from that, from an archive snapshot's stamp (`20250809T000000Z`) or from
    seconds since the epoch.  Raises AttributeValueError."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = _text("created", value)
        if _SNAPSHOT.fullmatch(text):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        _refuse("created", f"{value!r} is not a time")
    fault = check_time(text)
    if fault is not None:
        _refuse("created", fault)
    return text


def _platform(value: object) -> Platform:
    if isinstance(value, str):
        return Platform.parse(_text("platform", value))
    parts = _mapping("platform", value)
    unknown = sorted(set(parts) - {"os", "architecture", "variant"})
    if unknown or not parts.get("os") or not parts.get("architecture"):
        _refuse("platform", f"{value!r} is not os, architecture and variant")
    return Platform(parts["os"], parts["architecture"], parts.get("variant", "")).normalise()


@frozen
class ImageSettings:
    """The attributes of an image, checked; None where one is not given."""

    platform: Platform | None = None
    env: tuple[tuple[str, str], ...] = ()
    user: str | None = None
    workdir: str | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    labels: Mapping[str, str] = field(factory=dict)
    annotations: Mapping[str, str] = field(factory=dict)
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str | None = None
    created: str | None = None
    author: str | None = None

    @staticmethod
    def of(values: Mapping[str, Any]) -> ImageSettings:
        """Check attributes as they come from a rule; None and (for texts) "" mean "not given".

        Raises AttributeValueError that names the attribute.
        """
        readers: dict[str, Callable[[object], Any]] = {
            "platform": _platform,
            "env": _environment,
            "user": _user,
            "workdir": lambda value: _absolute("workdir", _text("workdir", value)),
            "entrypoint": lambda value: _texts("entrypoint", value),
            "cmd": lambda value: _texts("cmd", value),
            "labels": lambda value: _mapping("labels", value),
            "annotations": lambda value: _mapping("annotations", value),
            "exposed_ports": lambda value: _unique(
                "exposed_ports", [_port(one) for one in _texts("exposed_ports", value)]
            ),
            "volumes": lambda value: _unique(
                "volumes", [_absolute("volumes", one) for one in _texts("volumes", value)]
            ),
            "stop_signal": _signal,
            "created": check_created,
            "author": lambda value: _text("author", value),
        }
        taken: dict[str, Any] = {}
        for name, value in values.items():
            if name not in readers:
                _refuse(name, "an image has no such attribute", hint=did_you_mean(name, readers))
            if value is not None and value != "":
                taken[name] = readers[name](value)
        return ImageSettings(**taken)

    def execution(self, base: Execution) -> Execution:
        """The base's execution parameters with these on top.

        Variables, labels, ports and volumes are added to the base's; an entrypoint without a cmd drops the
        base's cmd, which were arguments for another program (as a Dockerfile's ENTRYPOINT does).
        """
        cmd = base.cmd if self.entrypoint is None else ()
        return evolve(
            base,
            env=self._merged_env(base.env),
            user=base.user if self.user is None else self.user,
            working_dir=base.working_dir if self.workdir is None else self.workdir,
            entrypoint=base.entrypoint if self.entrypoint is None else self.entrypoint,
            cmd=cmd if self.cmd is None else self.cmd,
            labels={**base.labels, **self.labels},
            exposed_ports=tuple(sorted({*base.exposed_ports, *self.exposed_ports})),
            volumes=tuple(sorted({*base.volumes, *self.volumes})),
            stop_signal=base.stop_signal if self.stop_signal is None else self.stop_signal,
        )

    def _merged_env(self, base: tuple[str, ...]) -> tuple[str, ...]:
        known: dict[str, str] = {}
        for text in base:
            name, _, value = text.partition("=")
            known[name] = value
        for name, value in self.env:
            known[name] = _expand(name, value, known)
        return tuple(f"{name}={value}" for name, value in known.items())


def _expand(variable: str, value: str, known: Mapping[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match[1] if match[1] is not None else match[2]
        if name not in known:
            _refuse(
                "env",
                f"{variable!r} refers to {match[0]}, which neither the base nor an entry before it sets",
                hint=did_you_mean(name, known) or "a dollar sign that is meant as such is written $$",
            )
        return known[name]

    return _VARIABLE.sub(one, value)
