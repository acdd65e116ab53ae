"""A stream takes what is written, and says later what became of it."""

import errno
import io
import os
import threading

import pytest

from fractal_agent.streams import ESCAPING, Outlet, failure_of, text_on


def test_full_device_is_noted_once() -> None:
    """What a device refuses is dropped, later text too, and the stream says why."""
    with text_on(Outlet(os.open("/dev/full", os.O_WRONLY), closefd=True), None) as stream:
        for _ in range(3):
            stream.write("text\n")
            stream.flush()

        assert failure_of(stream) == os.strerror(errno.ENOSPC)


def test_pipe_without_a_reader_is_no_failure() -> None:
    """When the reader of a pipe has left, nothing is raised and nothing has failed."""
    reading, writing = os.pipe()
    os.close(reading)
    with text_on(Outlet(writing, closefd=True), None) as stream:
        stream.write("text\n" * 10_000)

        assert failure_of(stream) == ""


def test_pipe_that_does_not_block() -> None:
    """A pipe that another process has made non-blocking gets all of a long text."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    stream = text_on(Outlet(writing, closefd=True), None)
    received = bytearray()

    def read() -> None:
        while chunk := os.read(reading, 1 << 16):
            received.extend(chunk)

    thread = threading.Thread(target=read)
    thread.start()
    stream.write("x" * 1_000_000)
    stream.close()
    thread.join()

    assert len(received) == 1_000_000
    os.close(reading)


def test_read_only_descriptor_is_a_failure() -> None:
    """A descriptor that is open for reading alone takes nothing, and that is told."""
    with text_on(Outlet(os.open(os.devnull, os.O_RDONLY), closefd=True), None) as stream:
        stream.write("text\n")

        assert failure_of(stream) == os.strerror(errno.EBADF)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_an_encoding_lacks(encoding: str) -> None:
    """Every text can be written in every encoding: what it lacks is escaped, and nothing else."""
    text = "é ☃ \U0001f600 \udce9"
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding, errors=ESCAPING)

    stream.write(text)
    stream.flush()

    assert rb"\udce9" in written.getvalue()
    assert (rb"\u00e9" in written.getvalue()) == (encoding == "ascii")
