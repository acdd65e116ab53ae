"""Where the server is and what opens it: the address and the key, checked and kept out of sight."""

import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

import msgspec

from fractal_agent.engines.base import EngineUnavailable

HOSTED = "https://api.openai.com/v1"
"""The hosted service, which is asked where no address is given."""

NO_KEY = "none"
"""Sent to a server of one's own where no key is set."""

HIDDEN = "***"

_ENDPOINTS = re.compile(r"/(?:chat/completions|completions|chat|models|responses)/*$")
_SECRET_NAMES = re.compile(r"key|token|secret|passw|sig|auth|credential", re.IGNORECASE)
_QUOTES = "\"'`"
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What the client is given, and what of it may be shown."""

    url: str
    shown: str
    """The address as messages and logs give it."""
    key: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    secrets: tuple[str, ...] = ()

    def mask(self, text: str) -> str:
        """The text without the key and the passwords, however they got into it."""
        for secret in self.secrets:
            long = len(secret) >= 8
            form = re.escape(secret) if long else rf"(?<!\w){re.escape(secret)}(?!\w)"
            text = re.sub(form, HIDDEN, text)
        return text


def access_to(base_url: str | None, api_key: str | None, environ: Mapping[str, str]) -> Access:
    """The address and the key, from what was given or else from the environment.

    Raises:
        EngineUnavailable: one of them cannot be right, or an address that is recorded holds a secret.
    """
    address, source = _address(base_url, environ)
    parts = _checked(address, source)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    hidden = {name for name in query if _SECRET_NAMES.search(name)}
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if base_url and (user or password or hidden):
        raise EngineUnavailable(
            f"{source} holds a password or a key, and a run records its address. "
            "Set OPENAI_BASE_URL to this address instead, which is not recorded, and leave --base-url out."
        )
    host = parts.netloc.rpartition("@")[2]
    path = _ENDPOINTS.sub("", parts.path.rstrip("/")).rstrip("/")
    url = f"{parts.scheme.lower()}://{host}{path}"
    key = _key(api_key, environ, needed=address == HOSTED)
    headers, secrets = {}, [key if key != NO_KEY else "", password, *(query[name] for name in hidden)]
    if user or password:
        basic = b64encode(f"{user}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {basic}"
        secrets.append(basic)
    shown = "&".join(f"{name}={HIDDEN if name in hidden else value}" for name, value in query.items())
    return Access(
        url=url,
        shown=f"{url}/" + (f"?{shown}" if shown else ""),
        key=key,
        query=query,
        headers=headers,
        secrets=tuple(
            sorted(
                {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}, key=len
            )[::-1]
        ),
    )


def _address(base_url: str | None, environ: Mapping[str, str]) -> tuple[str, str]:
    """The address, and how it was given."""
    for value, source in ((base_url, "--base-url"), (environ.get("OPENAI_BASE_URL"), "OPENAI_BASE_URL")):
        given = (value or "").strip().strip(_QUOTES + _INVISIBLE).strip()
        if given:
            return given, source
    if base_url is not None:
        raise EngineUnavailable("--base-url is empty. Give an address like http://localhost:8000/v1.")
    return HOSTED, "the default"


def _checked(address: str, source: str) -> SplitResult:
    bare = _without_secrets(address)

    def wrong(problem: str) -> EngineUnavailable:
        return EngineUnavailable(
            f"{source} {problem} ({bare}). Give an address like http://localhost:8000/v1."
        )

    if re.search(r"[\s\x00-\x1f\x7f]", address):
        raise wrong("has a space or a control character in it")
    if "://" not in address:
        raise wrong("does not begin with http:// or https://")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        hint = "; an IPv6 address stands in brackets" if address.count(":") > 3 else ""
        raise wrong(f"is not an address: {error}{hint}") from None
    if parts.scheme.lower() not in {"http", "https"}:
        raise wrong(f"begins with {parts.scheme}://, not with http:// or https://")
    if not parts.hostname:
        raise wrong("names no host")
    if port == 0:
        raise wrong("has port 0")
    return parts


def _without_secrets(address: str) -> str:
    """An address that may be malformed, in a form that can be shown."""
    front, _, query = address.partition("?")
    shown = (
        re.sub(r"(?<=//)[^/]*@", f"{HIDDEN}@", front)
        if "//" in front
        else re.sub(r"^.*@", f"{HIDDEN}@", front)
    )
    named = re.sub(r"=[^&]*", f"={HIDDEN}", query)
    return f"{shown}?{named}" if query else shown


def _key(api_key: str | None, environ: Mapping[str, str], *, needed: bool) -> str:
    given = environ.get("OPENAI_API_KEY", "") if api_key is None else api_key
    key = given.strip().strip(_INVISIBLE).strip(_QUOTES).strip()
    if not key and needed:
        raise EngineUnavailable(
            "No key for the hosted service. Set OPENAI_API_KEY, or name a server of your own with --base-url."
        )
    if not key.isascii():
        raise EngineUnavailable(
            "OPENAI_API_KEY holds a character that no key has, such as a curly quote. Copy the key again."
        )
    if not key.isprintable() or " " in key:
        raise EngineUnavailable("OPENAI_API_KEY holds a space or a line break. Set it to the key alone.")
    return key or NO_KEY
