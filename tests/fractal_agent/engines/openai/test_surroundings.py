"""What is said of proxies and certificates that the environment sets."""

import re
from pathlib import Path

import pytest

from fractal_agent.engines.openai.surroundings import proxy_in_the_way, unusable


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"ALL_PROXY": "socks5://127.0.0.1:9"}, "ALL_PROXY is socks5://127.0.0.1:9, a SOCKS proxy.*socksio"),
        ({"http_proxy": "ftp://h:1"}, "http_proxy is ftp://h:1, an unknown kind of proxy"),
        ({"HTTPS_PROXY": "http://h:port"}, "HTTPS_PROXY is http://h:port, which is no address of a proxy"),
        ({"HTTP_PROXY": "http://"}, "HTTP_PROXY is http://, which is no address"),
        (
            {"HTTP_PROXY": "http://me:hunter22@h:99999"},
            r"HTTP_PROXY is http://\*\*\*@h:99999, which is no address",
        ),
        ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "SSL_CERT_FILE is /nowhere/ca.pem, which is no file"),
        ({"SSL_CERT_DIR": "/nowhere/certs"}, "SSL_CERT_DIR is /nowhere/certs, which is no folder"),
    ],
)
def test_unusable(environ: dict[str, str], told: str) -> None:
    """A variable that keeps the client from starting is named with its value and what to set it to."""
    assert re.match(told, unusable(environ))


def test_file_without_certificates(tmp_path: Path) -> None:
    """A file that holds no certificate is told as that."""
    file = tmp_path / "ca.pem"
    file.write_text("not a certificate")

    assert "holds no certificate" in unusable({"SSL_CERT_FILE": str(file)})


def test_usable() -> None:
    """Variables that are in order, or empty, are nothing to tell of."""
    assert (
        unusable(
            {"HTTP_PROXY": "http://h:3128", "https_proxy": "h:3128", "ALL_PROXY": "", "SSL_CERT_FILE": ""}
        )
        == ""
    )


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/v1", "http://127.0.0.1/v1", "http://[::1]:1/v1", "http://box/v1"]
)
def test_proxy_that_catches_this_machine(url: str) -> None:
    """A proxy that is asked for this machine or its network is named, and how to go around it."""
    assert "HTTP_PROXY sends requests for" in proxy_in_the_way(url, {"HTTP_PROXY": "http://p:3128"})
    assert "set NO_PROXY=" in proxy_in_the_way(url, {"ALL_PROXY": "http://p:3128"})


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTPS_PROXY": "http://p:3128"},
        {"HTTP_PROXY": "http://p:3128", "NO_PROXY": "localhost,127.0.0.1"},
        {"HTTP_PROXY": "http://p:3128", "no_proxy": "*"},
    ],
)
def test_no_proxy_in_the_way(environ: dict[str, str]) -> None:
    """Nothing is said where no proxy is asked."""
    assert proxy_in_the_way("http://localhost:8000/v1", environ) == ""


def test_proxy_to_the_world() -> None:
    """For a host elsewhere the proxy is named, and nobody is told to go around it."""
    assert proxy_in_the_way("https://example.org/v1", {"HTTPS_PROXY": "http://u:hunter22@p:1"}) == (
        " HTTPS_PROXY sends requests for example.org to the proxy http://***@p:1."
    )
