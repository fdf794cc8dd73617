"""Feature sets of the first format: a `mel.json` in place of `features.json`, and a manifest with three arrays.

They are read as they lie. Their speaker embeddings are by the `ge2e` encoder, the only one there was; the hash of its
weights was not kept. `prepare` does not go on in them, since the records in their shards name the arrays otherwise.
"""

import json

from tfvc.audio import MelSpec
from tfvc.common.maker import Maker
from tfvc.data.manifest import Utterance
from tfvc.data.record import Place
from tfvc.data.schema import EMBEDDING, MEL, WAVEFORM, Schema, embedding_feature, mel_feature, waveform_feature

SPEC = "mel.json"
_ENCODER = Maker("ge2e")
_KEPT = ("id", "speaker", "file", "seconds", "shard", "offset", "length", "crc32", "source_bytes", "source_mtime_ns")
_COUNTS = ("samples", "frames", "wave_offset", "mel_offset", "embedding_offset", "embedding_size")


def schema_of(spec: MelSpec, utterances: list[Utterance]) -> Schema:
    """What the set holds."""
    (size,) = utterances[0].arrays[EMBEDDING].shape
    return Schema(
        {
            WAVEFORM: waveform_feature(spec.sample_rate),
            MEL: mel_feature(spec),
            EMBEDDING: embedding_feature(_ENCODER, size),
        }
    )


def utterance(text: str, spec: MelSpec) -> Utterance:
    """Reads a line of the manifest. Raises ValueError where it is none."""
    content = json.loads(text)
    if not isinstance(content, dict) or content.keys() != {*_KEPT, *_COUNTS}:
        raise ValueError("a line is none of the first format")
    if not all(type(content[name]) is int for name in (*_COUNTS, "offset", "length", "crc32")):
        raise ValueError("a place is no whole number")
    arrays = {
        WAVEFORM: Place(content["wave_offset"], (content["samples"],)),
        MEL: Place(content["mel_offset"], (content["frames"], spec.n_mels)),
        EMBEDDING: Place(content["embedding_offset"], (content["embedding_size"],)),
    }
    return Utterance(**{name: content[name] for name in _KEPT}, arrays=arrays)
