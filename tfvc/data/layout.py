"""Names of the files of a prepared feature set, and how its text files are written.

```
OUT/
  mel.json          the MelSpec
  speakers.json     {speaker: {"utterances": n, "seconds": s, "embedding": [mean over its utterances]}}
  manifest.jsonl    one line an utterance: see `tfvc.data.manifest.Utterance`
  errors.jsonl      one line a file that could not be taken: file, reason, source_bytes, source_mtime_ns
  shards/shard-00000.tfrecord ...    `tf.train.Example`s: see `tfvc.data.record`
  .next/            while `prepare` runs: the set that will take this one's place
```

A speaker's embedding is the plain mean of its utterances' embeddings; it is not scaled back to unit length (upstream
AutoVC does not either).
"""

import json
from collections.abc import Iterable
from pathlib import Path

from tfvc.common.atomic import atomic_file

MEL = "mel.json"
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
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")
