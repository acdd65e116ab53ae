"""The address and the key: what is taken, what is told, what is never shown."""

from base64 import b64encode

import pytest

from fractal_agent.engines import EngineUnavailable
from fractal_agent.engines.openai.settings import HOSTED, NO_KEY, Access, access_to


def access(base_url: str | None = None, key: str | None = "sk-SECRET-1", **environ: str) -> Access:
    return access_to(base_url, key, environ)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        (" 'http://localhost:8000/v1/' ", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/chat/completions", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/chat/completions/", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/models", "http://localhost:8000/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("HTTPS://example.org", "https://example.org"),
    ],
)
def test_address(given: str, url: str) -> None:
    """An address is taken with what people paste around it, and without the endpoint behind it."""
    assert access(given).url == url


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("localhost:8000/v1", "does not begin with http:// or https://"),
        ("http://localhost:80800/v1", "is not an address: Port out of range 0-65535"),
        ("http://localhost:port/v1", "is not an address: Port could not be cast"),
        ("http://::1:8000/v1", "an IPv6 address stands in brackets"),
        ("http://[::1:8000/v1", "is not an address"),
        ("http://", "names no host"),
        ("http:///v1", "names no host"),
        ("ws://localhost:8000/v1", "begins with ws://"),
        ("http://local host/v1", "has a space"),
        ("http://localhost:8000/v1\nhttp://b", "has a space or a control character"),
        ("  ", "is empty"),
    ],
)
def test_malformed_address(given: str, problem: str) -> None:
    """An address that is none is told with what is wrong and an example, by the setting that gave it."""
    with pytest.raises(EngineUnavailable, match=f"--base-url .*{problem}.*http://localhost:8000/v1"):
        access(given)
    if given.strip():
        with pytest.raises(EngineUnavailable, match=f"OPENAI_BASE_URL .*{problem}"):
            access(OPENAI_BASE_URL=given)


def test_empty_variable() -> None:
    """An OPENAI_BASE_URL that is empty is as none."""
    assert access(OPENAI_BASE_URL=" ").url == HOSTED


@pytest.mark.parametrize(
    "given",
    [
        "sk-SECRET-1\r",
        "sk-SECRET-1\n",
        " sk-SECRET-1 ",
        "\ufeffsk-SECRET-1",
        '"sk-SECRET-1"',
        "\u00a0sk-SECRET-1",
    ],
)
def test_key(given: str) -> None:
    """What people paste around a key is no part of it."""
    assert access("http://localhost/v1", given).key == "sk-SECRET-1"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("\u201csk-SECRET-1\u201d", "OPENAI_API_KEY holds a character that no key has"),
        ("sk-SECRET-1\u20ac", "OPENAI_API_KEY holds a character that no key has"),
        ("sk-SECRET-1\nsk-SECRET-2", "OPENAI_API_KEY holds a space or a line break"),
        ("Bearer sk-SECRET-1", "OPENAI_API_KEY holds a space or a line break"),
        ("sk-\x00SECRET-1", "OPENAI_API_KEY holds a space or a line break"),
    ],
)
def test_malformed_key(given: str, problem: str) -> None:
    """A key that is none is told without showing it."""
    with pytest.raises(EngineUnavailable, match=problem) as failure:
        access("http://localhost/v1", given)
    assert "SECRET" not in str(failure.value)


@pytest.mark.parametrize("given", ["", "  ", '""', None])
def test_no_key(given: str | None) -> None:
    """A server of one's own is asked without a key, and the hosted service is not."""
    assert access("http://localhost/v1", given).key == NO_KEY
    with pytest.raises(EngineUnavailable, match="Set OPENAI_API_KEY"):
        access(None, given)


SECRET_URLS = [
    "http://me:hunter22@localhost:8000/v1",
    "http://localhost:8000/v1?api_key=hunter22",
    "http://localhost:8000/v1?api-version=1&subscription-key=hunter22",
]


@pytest.mark.parametrize("url", SECRET_URLS)
def test_secret_in_the_address(url: str) -> None:
    """A password in OPENAI_BASE_URL, which is not recorded, is used and not shown."""
    found = access(OPENAI_BASE_URL=url)

    assert found.url == "http://localhost:8000/v1"
    assert "hunter22" not in found.shown
    assert found.mask(f"no: {url}") == f"no: {url.replace('hunter22', '***')}"
    assert "hunter22" in str(found.query) or found.headers == {
        "Authorization": f"Basic {b64encode(b'me:hunter22').decode()}"
    }


@pytest.mark.parametrize(
    "url", [*SECRET_URLS, "http://me:hunter22@local host/v1", "me:hunter22@localhost:8000/v1"]
)
def test_secret_in_an_address_that_is_recorded(url: str) -> None:
    """A password in --base-url is refused, because a run records that; the message does not show it."""
    with pytest.raises(EngineUnavailable) as failure:
        access(url)
    assert "hunter22" not in str(failure.value)


def test_version_in_the_address() -> None:
    """A query that is no secret is sent and shown."""
    found = access("https://x.openai.azure.com/openai/deployments/d?api-version=2024-06-01")

    assert found.query == {"api-version": "2024-06-01"}
    assert found.shown == "https://x.openai.azure.com/openai/deployments/d/?api-version=2024-06-01"


def test_mask() -> None:
    """A key is masked wherever it stands; a short one only where it stands alone."""
    assert access("http://x/v1", "sk-SECRET-1").mask("(sk-SECRET-1) xsk-SECRET-1x") == "(***) x***x"
    assert access("http://x/v1", "abc").mask("abc abcd") == "*** abcd"
    assert access("http://x/v1", "").mask("none") == "none"
