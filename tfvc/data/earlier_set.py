"""What an earlier run of `prepare` left: which of its outcomes still hold."""

from pathlib import Path

from tfvc.common.errors import TfvcError
from tfvc.data import format1, layout
from tfvc.data.corpus import Source
from tfvc.data.manifest import Outcome, Refusal, Utterance, from_line, stems_from
from tfvc.data.schema import Schema
from tfvc.data.staging import read_payload


class Published:
    """The complete set in a folder, if there is one."""

    def __init__(self, out: Path):
        self.out = out
        self.outcomes: dict[str, Outcome] = {}
        for name in (layout.MANIFEST, layout.ERRORS):
            for outcome in _read(out / name):
                self.outcomes[outcome.file] = outcome

    def is_result_of(self, sources: list[Source]) -> bool:
        """Whether the set is exactly what these sources give, with all its files in place."""
        if not (self.out / layout.MANIFEST).exists() or not (self.out / layout.SPEAKERS).exists():
            return False
        if self.outcomes.keys() != {source.file for source in sources}:
            return False
        return all(self._still_holds(source) for source in sources) and self._shards_are_whole()

    def outcome_of(self, source: Source) -> tuple[Outcome, bytes | None] | None:
        """The outcome of an unchanged source with its payload; None where it must be worked out again."""
        if not self._still_holds(source):
            return None
        outcome = self.outcomes[source.file]
        if isinstance(outcome, Refusal):
            return outcome, None
        try:
            payload = read_payload(self.out / layout.SHARDS / outcome.shard, outcome)
        except OSError:
            return None
        return None if payload is None else (outcome, payload)

    def _still_holds(self, source: Source) -> bool:
        outcome = self.outcomes.get(source.file)
        return outcome is not None and stems_from(outcome, source)

    def _shards_are_whole(self) -> bool:
        ends: dict[str, int] = {}
        for outcome in self.outcomes.values():
            if isinstance(outcome, Utterance):
                ends[outcome.shard] = max(ends.get(outcome.shard, 0), outcome.offset + outcome.length)
        shards = self.out / layout.SHARDS
        return all((shards / name).is_file() and (shards / name).stat().st_size == end for name, end in ends.items())


def check_schema(folder: Path, schema: Schema) -> None:
    """Raises TfvcError where `folder` has a set of other features, or of other makers, naming what differs."""
    if (folder / format1.SPEC).exists():
        raise TfvcError(
            f"{folder} was prepared by an earlier version of tfvc, in a format that can be trained on and not gone on "
            "with; choose another output folder or delete this one"
        )
    path = folder / layout.FEATURES
    if not path.exists():
        return
    try:
        present = Schema.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TfvcError) as error:
        raise TfvcError(f"{path} is damaged: {error}; delete {folder} and prepare it again") from error
    differences = present.differences(schema)
    if differences:
        raise TfvcError(
            f"{folder} was prepared with other features ({'; '.join(differences)}); "
            "choose another output folder or delete this one"
        )


def _read(path: Path) -> list[Outcome]:
    if not path.exists():
        return []
    try:
        return [from_line(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        # A damaged list vouches for nothing: its files are worked out again.
        return []
