import zlib
from pathlib import Path

import pytest

from tfvc.data.corpus import Source
from tfvc.data.manifest import Refusal, Utterance
from tfvc.data.record import FRAME_FOOTER, FRAME_HEADER, Place
from tfvc.data.staging import Staging

SHARD_BYTES = 100
ARRAYS = {"waveform": Place(0, (1,))}


def source(number: int) -> Source:
    return Source(f"s/{number}.wav", number, number)


def payload(number: int) -> bytes:
    # Two of these, framed, fill a shard.
    return bytes([number]) * 40


def add(staging: Staging, number: int, good: bool = True) -> None:
    place = staging.place
    if not good:
        staging.add(Refusal(f"s/{number}.wav", "bad", True, number, number), None)
        return
    length = len(payload(number)) + FRAME_HEADER + FRAME_FOOTER
    crc32 = zlib.crc32(payload(number))
    staging.add(
        Utterance(f"s/{number}", "s", f"s/{number}.wav", 1.0, *place, length, crc32, ARRAYS, number, number),
        payload(number),
    )


def staged(folder: Path, count: int, bad: tuple[int, ...] = (), close: bool = False) -> Staging:
    staging = Staging(folder, SHARD_BYTES)
    assert staging.resume([source(number) for number in range(count)]) == 0
    for number in range(count):
        add(staging, number, number not in bad)
    if close:
        staging.close()
    return staging


def resumed(folder: Path, count: int) -> int:
    return Staging(folder, SHARD_BYTES).resume([source(number) for number in range(count)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_only_closed_shards_are_taken_over(tmp_path):
    staged(tmp_path, 5)
    assert names(tmp_path) == [
        "shard-00000.tfrecord",
        "shard-00000.tfrecord.jsonl",
        "shard-00001.tfrecord",
        "shard-00001.tfrecord.jsonl",
    ]
    assert resumed(tmp_path, 5) == 4


def test_a_continued_set_is_the_uninterrupted_one(tmp_path):
    whole = staged(tmp_path / "whole", 7, bad=(1, 4), close=True)
    staged(tmp_path / "parts", 4, bad=(1,))
    staging = Staging(tmp_path / "parts", SHARD_BYTES)
    done = staging.resume([source(number) for number in range(7)])
    assert done == 3
    for number in range(done, 7):
        add(staging, number, number not in (1, 4))
    staging.close()
    assert staging.outcomes == whole.outcomes
    assert names(tmp_path / "parts") == names(tmp_path / "whole")
    for name in names(tmp_path / "whole"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_last_short_shard_counts_only_while_nothing_follows_it(tmp_path):
    staged(tmp_path, 5, close=True)
    assert resumed(tmp_path, 5) == 5
    assert resumed(tmp_path, 6) == 4


def test_a_shard_of_another_size_does_not_count(tmp_path):
    staged(tmp_path, 4)
    sources = [source(number) for number in range(4)]
    assert Staging(tmp_path, 150).resume(sources) == 0
    staged(tmp_path, 4)
    assert Staging(tmp_path, 50).resume(sources) == 0


def test_what_differs_from_the_corpus_does_not_count(tmp_path):
    staged(tmp_path, 6)
    sources = [source(number) for number in range(6)]
    sources[2] = Source("s/2.wav", 2, 99)
    assert Staging(tmp_path, SHARD_BYTES).resume(sources) == 2
    assert names(tmp_path) == ["shard-00000.tfrecord", "shard-00000.tfrecord.jsonl"]


@pytest.mark.parametrize("name", ["shard-00001.tfrecord", "shard-00001.tfrecord.jsonl"])
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "altered"])
def test_what_is_damaged_does_not_count(tmp_path, name, damage):
    staged(tmp_path, 6)
    content = (tmp_path / name).read_bytes()
    if damage == "missing":
        (tmp_path / name).unlink()
    else:
        middle = len(content) // 4
        altered = content[:middle] + b"\xff" + content[middle + 1 :]
        (tmp_path / name).write_bytes({"empty": b"", "truncated": content[:middle], "altered": altered}[damage])
    assert resumed(tmp_path, 6) == 2
