"""The part of a file in which pickles lie."""

from typing import BinaryIO


class Section:
    """The bytes of a file from `start` to `end`, and no memory for more than these: what pickletools reads from."""

    def __init__(self, file: BinaryIO, start: int, end: int):
        file.seek(start)
        self._file = file
        self.left = end - start

    def read(self, count: int) -> bytes:
        data = self._file.read(min(count, self.left))
        self.left -= len(data)
        return data

    def readline(self) -> bytes:
        data = self._file.readline(self.left)
        self.left -= len(data)
        return data
