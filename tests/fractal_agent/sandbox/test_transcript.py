"""Frames are told from noise, and ends of processes are named."""

import pytest

from fractal_agent.sandbox.transcript import Ended, Ready, frames_in, name_of_end


def line(nonce: str, **fields: str) -> bytes:
    return " ".join([nonce, *(f"{name}={text.encode().hex()}" for name, text in fields.items())]).encode()


def test_frames_among_noise() -> None:
    """Only whole lines behind the nonce that hold a frame count."""
    lines = (
        b"noise",
        line("n1", type="Ready"),
        line("n2", type="Loaded"),
        line("n1", type="Gone"),
        line("n1", type="Ended", outcome="won", error=""),
        b"n1",
        b"n1 nonsense",
        b"n1 type=zz",
        b"n1 \xff\xfe=00",
        line("n1", type="Ended", outcome="passed", error="a b=c\nd"),
        line("n1", type="Ready")[:-1],
    )

    assert list(frames_in(b"\n".join(lines), b"n1")) == [Ready(), Ended(outcome="passed", error="a b=c\nd")]


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0, "exited with status 0"),
        (3, "exited with status 3"),
        (-9, "died of SIGKILL"),
        (139, "died of SIGSEGV"),
        (255, "exited with status 255"),
        (None, "still running"),
    ],
)
def test_name_of_end(status: int | None, name: str) -> None:
    """A signal is named whether it reached the process itself or the child of its jail."""
    assert name_of_end(status) == name
