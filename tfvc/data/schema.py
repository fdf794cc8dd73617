"""What the arrays of a feature set are: the content of `features.json`.

```
{"version": 2, "features": {
  "waveform":  {"dtype": "int16", "shape": ["samples"], "hop": 1, "full_scale": 32768, "maker": {"sample_rate": 22050}},
  "mel":       {"dtype": "float32", "shape": ["frames", 80], "hop": 256, "full_scale": null, "maker": {a MelSpec}},
  "embedding": {"dtype": "float32", "shape": [256], "hop": null, "full_scale": null, "maker": {a Maker}}}}
```

Other features (a linear spectrogram, phoneme ids, codes) are other names with other makers; what reads and cuts
features knows no more of them than this.
"""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np

from tfvc.audio import MelSpec
from tfvc.common.maker import Maker

VERSION = 2
WAVEFORM, MEL, EMBEDDING = "waveform", "mel", "embedding"
FULL_SCALE = 32768


@dataclass(frozen=True)
class Feature:
    """One named array of every utterance.

    Attributes:
        dtype: NumPy's name of the stored type; bytes are little-endian.
        shape: the axes; the first has a name where its length differs from utterance to utterance.
        hop: samples of the waveform for each index of the first axis, so that features can be cut at the same time;
            None if that axis does not run with the samples.
        full_scale: the integer that stands for 1.0; None for values as they are.
        maker: what made it, in JSON values: the fields of a `MelSpec`, those of a `Maker`, a sample rate.
    """

    dtype: str
    shape: tuple[str | int, ...]
    hop: int | None
    full_scale: int | None
    maker: dict[str, Any]

    @property
    def stored_type(self) -> np.dtype:
        """Of the bytes in a shard."""
        return np.dtype(self.dtype).newbyteorder("<")

    @property
    def read_type(self) -> np.dtype:
        """Of what a reader gets."""
        return np.dtype(np.float32 if self.full_scale else self.dtype)

    @property
    def is_open(self) -> bool:
        """Whether the length differs from utterance to utterance."""
        return isinstance(self.shape[0], str)

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Of one index of the first axis."""
        return self.shape[1:]

    def decode(self, stored: np.ndarray) -> np.ndarray:
        """Stored values as a reader gets them."""
        return stored.astype(np.float32) / np.float32(self.full_scale) if self.full_scale else stored

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape is such a feature."""
        pairs = zip(self.shape, shape, strict=False)
        return len(shape) == len(self.shape) and all(isinstance(a, str) or a == b for a, b in pairs) and min(shape) > 0


def waveform_feature(sample_rate: int) -> Feature:
    """int16 `[samples]`."""
    return Feature("int16", ("samples",), 1, FULL_SCALE, {"sample_rate": sample_rate})


def mel_feature(spec: MelSpec) -> Feature:
    """float32 `[frames, n_mels]`."""
    return Feature("float32", ("frames", spec.n_mels), spec.hop, None, json.loads(spec.to_json()))


def embedding_feature(maker: Maker, size: int) -> Feature:
    """float32 `[size]`."""
    return Feature("float32", (size,), None, None, maker.to_dict())


class Schema(dict[str, Feature]):
    """The features of a set by name."""

    @property
    def sample_rate(self) -> int:
        """Hz of the waveform."""
        return self[WAVEFORM].maker["sample_rate"]

    @property
    def mel_spec(self) -> MelSpec | None:
        """The front-end of the mels, if there are mels."""
        return MelSpec.from_json(json.dumps(self[MEL].maker)) if MEL in self else None

    @property
    def speaker_encoder(self) -> Maker | None:
        """Whose the speaker embeddings are, if there are any."""
        return Maker.from_dict(self[EMBEDDING].maker, EMBEDDING) if EMBEDDING in self else None

    def differences(self, other: Self) -> list[str]:
        """What differs, each as "what: ours != theirs"; empty if both describe the same features."""
        found = []
        for name in sorted(self.keys() | other.keys()):
            ours, theirs = (schema[name].maker if name in schema else None for schema in (self, other))
            if None in (ours, theirs):
                found.append(f"{name}: {_words(ours)} != {_words(theirs)}")
            elif ours.keys() == theirs.keys() and "name" not in ours:
                found += [f"{name} {key}: {ours[key]!r} != {theirs[key]!r}" for key in ours if ours[key] != theirs[key]]
            elif ours != theirs:
                found.append(f"{name}: {_words(ours)} != {_words(theirs)}")
            elif self[name] != other[name]:
                found.append(f"{name}: {list(self[name].shape)} != {list(other[name].shape)}")
        return found

    def to_json(self) -> str:
        """The text of `features.json`."""
        return (
            json.dumps({"version": VERSION, "features": {name: asdict(self[name]) for name in self}}, indent=2) + "\n"
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads `to_json`'s text. Raises ValueError or TfvcError, saying what is wrong."""
        content = json.loads(text)
        if not isinstance(content, dict) or content.keys() != {"version", "features"}:
            raise ValueError("it is no list of features")
        if content["version"] != VERSION:
            raise ValueError(f"its format is {content['version']!r}, this version of tfvc reads {VERSION}")
        if not isinstance(content["features"], dict) or WAVEFORM not in content["features"]:
            raise ValueError("it has no waveform")
        schema = cls({name: _feature(name, values) for name, values in content["features"].items()})
        rate = schema[WAVEFORM].maker.get("sample_rate")
        if not isinstance(rate, int) or rate < 1:
            raise ValueError(f"its sample rate is {rate!r}")
        _ = schema.mel_spec, schema.speaker_encoder  # refuse what is none
        return schema


def _words(maker: dict | None) -> str:
    """A maker in a message."""
    if maker is None:
        return "none"
    if maker.keys() == Maker.__dataclass_fields__.keys():
        return str(Maker.from_dict(maker, "maker"))
    return json.dumps(maker)


def _feature(name: str, values: Any) -> Feature:
    if not isinstance(values, dict) or values.keys() != {field.name for field in fields(Feature)}:
        raise ValueError(f"{name} is not described by {', '.join(field.name for field in fields(Feature))}")
    shape = values["shape"]
    try:
        kind = np.dtype(values["dtype"]).kind
    except TypeError:
        kind = None
    counts = [count for count in (values["hop"], values["full_scale"]) if count is not None]
    if kind not in tuple("iuf"):
        raise ValueError(f"the dtype of {name} is {values['dtype']!r}")
    if not isinstance(shape, list) or not shape or not all(_is_count(n) for n in shape[isinstance(shape[0], str) :]):
        raise ValueError(f"the shape of {name} is {shape!r}")
    if not all(_is_count(count) for count in counts) or not isinstance(values["maker"], dict):
        raise ValueError(f"hop, full_scale or maker of {name} is none")
    if values["hop"] is not None and not isinstance(shape[0], str):
        raise ValueError(f"{name} has a hop and no open axis")
    return Feature(**{**values, "shape": tuple(shape)})


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0
