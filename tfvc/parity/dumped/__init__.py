"""Two processes that compare through files: each writes what it computes, a third call judges.

For frameworks that do not fit one environment. `README.md` beside this file describes the files: anyone can write them.
"""

from tfvc.parity.dumped.header import FORMAT, Header
from tfvc.parity.dumped.judging import judge_dumps
from tfvc.parity.dumped.reading import Dumped, read_dump
from tfvc.parity.dumped.writing import Dump

__all__ = ["FORMAT", "Dump", "Dumped", "Header", "judge_dumps", "read_dump"]
