"""Lines of `manifest.jsonl` and `errors.jsonl`: what became of each source file."""

import json
from dataclasses import asdict, dataclass, fields

from tfvc.data.corpus import Source
from tfvc.data.record import FRAME_FOOTER, FRAME_HEADER, Place


@dataclass(frozen=True)
class Utterance:
    """One prepared utterance: a line of `manifest.jsonl`.

    Attributes:
        id: path relative to the corpus without the suffix.
        speaker: name of the speaker's folder.
        file: path relative to the corpus.
        seconds: length of the waveform.
        shard: name of the file below `shards/`.
        offset, length: the TFRecord frame in the shard, bytes (frame = header 12, payload, footer 4).
        crc32: `zlib.crc32` of the payload.
        arrays: name of a feature -> where it begins, bytes from `offset`, and its shape.
        source_bytes, source_mtime_ns: size and time of modification of the file it was made from.
    """

    id: str
    speaker: str
    file: str
    seconds: float
    shard: str
    offset: int
    length: int
    crc32: int
    arrays: dict[str, Place]
    source_bytes: int
    source_mtime_ns: int

    @property
    def payload_offset(self) -> int:
        """Where the serialised Example begins in the shard."""
        return self.offset + FRAME_HEADER

    @property
    def payload_length(self) -> int:
        """Bytes of the serialised Example."""
        return self.length - FRAME_HEADER - FRAME_FOOTER

    def steps(self, name: str) -> int:
        """Length of the first axis of a feature: samples of `waveform`, frames of `mel`."""
        return self.arrays[name].shape[0]


@dataclass(frozen=True)
class Refusal:
    """One file that could not be taken: a line of `errors.jsonl`.

    Attributes:
        file: path relative to the corpus.
        reason: one line.
        examined: the file was read and found unusable; else its place or name is at fault.
        source_bytes, source_mtime_ns: size and time of modification of the file.
    """

    file: str
    reason: str
    examined: bool
    source_bytes: int
    source_mtime_ns: int


Outcome = Utterance | Refusal


def to_line(outcome: Outcome) -> dict:
    """The JSON object of a manifest or errors line."""
    return asdict(outcome)


def from_line(text: str) -> Outcome:
    """Reads a line back. Raises ValueError, naming what is wrong, where it is neither kind of line."""
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    if content.keys() == {field.name for field in fields(Refusal)}:
        return Refusal(**_checked(content, Refusal))
    if content.keys() == {field.name for field in fields(Utterance)}:
        arrays = content["arrays"]
        if not isinstance(arrays, dict):
            raise ValueError(f"arrays is {arrays!r}")
        places = {name: _place(name, place) for name, place in arrays.items()}
        return Utterance(**_checked({**content, "arrays": places}, Utterance))
    raise ValueError(f"has the keys {sorted(content)}")


def _checked(content: dict, kind: type) -> dict:
    for field in fields(kind):
        expected = dict if field.name == "arrays" else field.type
        if not isinstance(content[field.name], expected):
            raise ValueError(f"{field.name} is {content[field.name]!r}")
    return content


def _place(name: str, place) -> Place:
    match place:
        case [int(offset), [*shape]] if shape and all(type(length) is int for length in shape):
            return Place(offset, tuple(shape))
    raise ValueError(f"the place of {name} is {place!r}")


def stems_from(outcome: Outcome, source: Source) -> bool:
    """Whether `outcome` is still that of `source`: the same unchanged file, in an equally good or bad place."""
    if (outcome.file, outcome.source_bytes, outcome.source_mtime_ns) != (
        source.file,
        source.bytes,
        source.mtime_ns,
    ):
        return False
    # Another file's coming or going can change whether this one is refused for its name.
    misplaced = outcome.reason if isinstance(outcome, Refusal) and not outcome.examined else None
    return misplaced == source.refusal
