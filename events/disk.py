"""All that a log asks of the disk, in one place, so that a test can be a disk that fails or forgets."""

import os
from io import FileIO
from pathlib import Path
from typing import Literal


class Disk:
    """Files and folders as the system has them. Whatever is refused raises OSError.

    What was written survives a power cut once `sync` has returned, and the names in a folder once
    `sync_folder` has: until then any part of it may be lost.
    """

    def make_folder(self, folder: Path) -> None:
        """Makes one folder, unless it is there; the folder around it must be."""
        folder.mkdir(exist_ok=True)

    def sync_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def open(self, path: Path, mode: Literal["ab", "a+b", "xb"]) -> FileIO:
        return FileIO(path, mode)

    def write(self, file: FileIO, data: memoryview) -> int:
        """How many bytes were taken; it may be fewer than were given."""
        return os.write(file.fileno(), data)

    def sync(self, file: FileIO) -> None:
        os.fdatasync(file.fileno())

    def cut(self, file: FileIO, size: int) -> None:
        os.ftruncate(file.fileno(), size)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def remove_folder(self, folder: Path) -> None:
        """Removes an empty folder."""
        folder.rmdir()


DISK = Disk()
