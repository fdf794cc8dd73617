"""The table of speakers: `speakers.json`."""

from pathlib import Path

import numpy as np

from tfvc.data.manifest import Utterance
from tfvc.data.schema import EMBEDDING, Schema


def speaker_table(shards: Path, utterances: list[Utterance], schema: Schema) -> dict:
    """Amount of speech and, if there are embeddings, their mean for each speaker, in the order of the names."""
    by_speaker: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        by_speaker.setdefault(utterance.speaker, []).append(utterance)
    table = {}
    for speaker, spoken in sorted(by_speaker.items()):
        table[speaker] = {"utterances": len(spoken), "seconds": sum(utterance.seconds for utterance in spoken)}
        if EMBEDDING in schema:
            table[speaker]["embedding"] = _mean_embedding(shards, spoken, schema).tolist()
    return table


def _mean_embedding(shards: Path, utterances: list[Utterance], schema: Schema) -> np.ndarray:
    rows = []
    for utterance in utterances:
        offset, shape = utterance.arrays[EMBEDDING]
        with open(shards / utterance.shard, "rb") as stream:
            stream.seek(utterance.offset + offset)
            rows.append(np.fromfile(stream, schema[EMBEDDING].stored_type, shape[0]))
    return np.mean(rows, axis=0, dtype=np.float64).astype(np.float32)
