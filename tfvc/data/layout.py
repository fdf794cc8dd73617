"""Names of the files of a prepared feature set, and how its text files are written.

```
OUT/
  features.json     what is held of every utterance, by name, and what made it: see `tfvc.data.schema`
  speakers.json     {speaker: {"utterances": n, "seconds": s, "embedding": [mean over its utterances]}}
  manifest.jsonl    one line an utterance: see `tfvc.data.manifest.Utterance`
  errors.jsonl      one line a file that could not be taken: file, reason, source_bytes, source_mtime_ns
  shards/shard-00000.tfrecord ...    `tf.train.Example`s: see `tfvc.data.record`
  .next/            while `prepare` runs: the set that will take this one's place
```

The features are `waveform`, `mel` and, where the set was prepared with a speaker encoder, `embedding`. A speaker's
embedding is the plain mean of its utterances' embeddings; it is not scaled back to unit length (upstream AutoVC does
not either).

Sets of the first format have a `mel.json` in place of `features.json`: see `tfvc.data.format1`.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from tfvc.common.atomic import atomic_file

FEATURES = "features.json"
SPEAKERS = "speakers.json"
MANIFEST = "manifest.jsonl"
ERRORS = "errors.jsonl"
SHARDS = "shards"
NEXT = ".next"


def shard_name(number: int) -> str:
    """`shard-00007.tfrecord`."""
    return f"shard-{number:05d}.tfrecord"


def write_lines(path: Path, lines: Iterable[dict]) -> None:
    """Writes a JSON-lines file atomically."""
    with atomic_file(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)


def write_json(path: Path, content: dict) -> None:
    """Writes a JSON file atomically."""
    write_text(path, json.dumps(content) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
