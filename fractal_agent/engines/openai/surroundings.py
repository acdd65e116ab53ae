"""What the environment does to connections: proxies and certificates, told by the variable that sets them."""

import ipaddress
import itertools
import ssl
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

PROXIES = ("http", "https", "all")
SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})


def unusable(environ: Mapping[str, str], url: str = "https://") -> str:
    """What in the environment keeps a client from reaching that address; empty if nothing does."""
    found = itertools.chain(
        _bad_proxies(environ), _bad_certificates(environ, secure=url.startswith("https://"))
    )
    return next(found, "")


def proxy_in_the_way(url: str, environ: Mapping[str, str]) -> str:
    """A hint at the proxy that requests for this address go to; empty if they go there directly."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = next((found for name in (parts.scheme, "all") if (found := _proxy(name, environ))), None)
    if proxy is None or _excepted(host, environ):
        return ""
    variable, address = proxy
    hint = f" {variable} sends requests for {host} to the proxy {_shown(address)}"
    return f"{hint}; set NO_PROXY={host} to ask it directly." if _is_near(host) else f"{hint}."


def _bad_proxies(environ: Mapping[str, str]) -> Iterator[str]:
    for name in PROXIES:
        proxy = _proxy(name, environ)
        if proxy is None:
            continue
        variable, address = proxy
        found = f"{variable} is {_shown(address)}"
        try:
            parts = _split(address)
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            yield f"{found}, which is no address of a proxy. Set it to http://HOST:PORT, or unset it."
        elif _split(address).scheme.lower() not in SCHEMES:
            yield f"{found}, an unknown kind of proxy. Set it to http://HOST:PORT, or unset it."
        elif _split(address).scheme.lower().startswith("socks") and find_spec("socksio") is None:
            yield (
                f"{found}, a SOCKS proxy, for which the client needs the package socksio. "
                f"Install it (pip install socksio), or unset {variable}."
            )


def _bad_certificates(environ: Mapping[str, str], *, secure: bool) -> Iterator[str]:
    if file := environ.get("SSL_CERT_FILE"):
        if not Path(file).is_file():
            yield f"SSL_CERT_FILE is {file}, which is no file. Set it to a file of certificates, or unset it."
        try:
            ssl.create_default_context(cafile=file)
        except OSError as error:  # ssl.SSLError is one
            yield f"SSL_CERT_FILE is {file}, which holds no certificate that can be read ({_reason(error)})."
    folder = environ.get("SSL_CERT_DIR", "") if secure else ""  # without TLS nobody looks there
    for part in filter(None, folder.split(":")):
        if not Path(part).is_dir():
            yield f"SSL_CERT_DIR is {folder}, which is no folder. Set it to one of certificates, or unset it."


def certificates_named(environ: Mapping[str, str]) -> str:
    """Which variable says what certificates are trusted, for a connection that trusts none."""
    named = [f"{name} is {environ[name]}" for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)]
    return (
        f" {'; '.join(named)}." if named else " SSL_CERT_FILE can name a file with the server's certificate."
    )


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _proxy(name: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The variable that sets the proxy for a scheme, and its value; that in small letters goes first."""
    for variable in (f"{name}_proxy", f"{name.upper()}_PROXY"):
        if environ.get(variable):
            return variable, environ[variable]
    return None


def _split(address: str) -> SplitResult:
    return urlsplit(address if "://" in address else f"http://{address}")


def _shown(address: str) -> str:
    """Without the user and the password that a proxy's address may hold."""
    scheme, separator, rest = address.rpartition("://")
    front, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{'***@' if at else ''}{host}" if front or at else address


def _excepted(host: str, environ: Mapping[str, str]) -> bool:
    listed = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    names = [name.strip().lstrip("*").lstrip(".").lower() for name in listed.split(",") if name.strip()]
    return any(not name or host == name.strip("[]") or host.endswith(f".{name}") for name in names)


def _is_near(host: str) -> bool:
    """True for this machine and its network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".local", ".localhost"))
    return address.is_private or address.is_loopback
