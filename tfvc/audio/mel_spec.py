"""The one description of a mel front-end. A mel travels with its spec."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path

from tfvc.common.atomic import atomic_file
from tfvc.common.errors import TfvcError

_LARGEST_FFT = 1 << 16


@dataclasses.dataclass(frozen=True)
class MelSpec:
    """Every choice between a waveform and its mel, in the order in which they are applied.

    `named_spec` has the specs of the published models; `dataclasses.replace` makes others. Two mels can
    be exchanged only if their specs are equal; `differences` names what is not.

    Attributes:
        sample_rate: Hz, of the waveform.
        highpass_hz: cut-off of a Butterworth high-pass run both ways (`scipy.signal.filtfilt`); 0: none.
        highpass_order: its order.
        gain: factor on the waveform.
        dither: width of the uniform noise added, `(RandomState(seed).rand(samples) - 0.5) * dither`; 0: none.
        dither_seed: its seed.
        pad: samples mirrored at each end before framing. `n_fft / 2` is what others call centred.
        pad_end: zeros at the end, so that a frame starts at every hop (`tf.signal.stft(pad_end=True)`).
        n_fft, win, hop: samples of the transform, of the periodic Hann window in its middle, between frames.
        power_epsilon: added to re^2 + im^2.
        power: 1, magnitudes (root of the above), or 2, powers.
        n_mels, fmin, fmax: number of filters; Hz of the lowest and highest edge.
        mel_scale: "slaney" or "htk"; "none": no filters, the bins of the spectrum as they are (then `n_mels` is
            n_fft / 2 + 1, and `fmin` and `fmax` are 0 and half the sample rate).
        mel_slopes: triangles straight over "hertz" (librosa, torchaudio) or over "mel" (`tf.signal`).
        mel_norm: "slaney", equal areas, or "none", height 1.
        floor: the least value that is compressed.
        log: "ln", "log10" or "none".
        scale, offset: applied to the logarithm, in this order.
        dynamic_range: values further below the utterance's largest are raised to that; None: all kept.
        clip: least and largest value; None: all kept.
    """

    sample_rate: int
    n_fft: int
    win: int
    hop: int
    n_mels: int
    fmin: float
    fmax: float
    pad: int
    pad_end: bool = False
    highpass_hz: float = 0.0
    highpass_order: int = 0
    gain: float = 1.0
    dither: float = 0.0
    dither_seed: int = 0
    power_epsilon: float = 0.0
    power: int = 1
    mel_scale: str = "slaney"
    mel_slopes: str = "hertz"
    mel_norm: str = "slaney"
    floor: float = 1e-5
    log: str = "ln"
    scale: float = 1.0
    offset: float = 0.0
    dynamic_range: float | None = None
    clip: tuple[float, float] | None = None

    def __post_init__(self):
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field.name, field.type, getattr(self, field.name)))
        self._require(1 <= self.sample_rate <= 768_000, "sample_rate", "1..768000")
        self._require(2 <= self.n_fft <= _LARGEST_FFT and self.n_fft % 2 == 0, "n_fft", f"even, at most {_LARGEST_FFT}")
        self._require(1 <= self.win <= self.n_fft, "win", "1..n_fft")
        self._require(1 <= self.hop <= self.win, "hop", "1..win")
        self._require(1 <= self.n_mels <= self.n_fft // 2 + 1, "n_mels", "1..n_fft/2+1")
        self._require(0 <= self.fmin < self.sample_rate / 2, "fmin", "0 to below sample_rate/2")
        self._require(self.fmin < self.fmax <= self.sample_rate / 2, "fmax", "above fmin, at most sample_rate/2")
        self._require(0 <= self.pad <= self.n_fft // 2, "pad", "0..n_fft/2")
        self._require(0 <= self.highpass_hz < self.sample_rate / 2, "highpass_hz", "0 (none) to sample_rate/2")
        orders = range(1, 11) if self.highpass_hz else range(1)
        self._require(self.highpass_order in orders, "highpass_order", "1..10 with a high-pass, 0 without")
        self._require(self.gain > 0, "gain", "above 0")
        self._require(self.dither >= 0, "dither", "at least 0")
        self._require(0 <= self.dither_seed < 2**32, "dither_seed", "0..2^32-1")
        self._require(self.power_epsilon >= 0, "power_epsilon", "at least 0")
        self._require(self.power in (1, 2), "power", "1 or 2")
        self._require(self.mel_scale in ("slaney", "htk", "none"), "mel_scale", "slaney, htk or none")
        if not self.has_filters:
            self._require(self.n_mels == self.n_fft // 2 + 1, "n_mels", "n_fft/2+1 with mel_scale none")
            self._require(self.fmin == 0, "fmin", "0 with mel_scale none")
            self._require(self.fmax == self.sample_rate / 2, "fmax", "sample_rate/2 with mel_scale none")
            self._require(self.mel_slopes == "hertz", "mel_slopes", "hertz with mel_scale none")
            self._require(self.mel_norm == "none", "mel_norm", "none with mel_scale none")
        self._require(self.mel_slopes in ("hertz", "mel"), "mel_slopes", "hertz or mel")
        self._require(self.mel_norm in ("slaney", "none"), "mel_norm", "slaney or none")
        self._require(self.mel_slopes == "hertz" or self.mel_norm == "none", "mel_norm", "none with mel_slopes mel")
        self._require(self.log in ("ln", "log10", "none"), "log", "ln, log10 or none")
        self._require(self.floor > 0 or (self.floor == 0 and self.log == "none"), "floor", "above 0 under a logarithm")
        self._require(self.scale > 0, "scale", "above 0")
        self._require(self.dynamic_range is None or self.dynamic_range > 0, "dynamic_range", "above 0, or none")
        self._require(self.clip is None or self.clip[0] < self.clip[1], "clip", "least, largest")

    def _require(self, holds: bool, field: str, wanted: str) -> None:
        if not holds:
            raise TfvcError(f"mel spec: {field} is {getattr(self, field)!r}, expected {wanted}")

    @property
    def has_filters(self) -> bool:
        """Whether bins are weighed into mels; without, the spectrogram is a linear one."""
        return self.mel_scale != "none"

    @property
    def highpass_edge(self) -> int:
        """Samples that the zero-phase filter mirrors at each end, as `scipy.signal.filtfilt` does by default."""
        return 3 * (self.highpass_order + 1)

    @property
    def minimum_samples(self) -> int:
        """The shortest waveform that has a mel."""
        whole_frame = 1 if self.pad_end else self.n_fft - 2 * self.pad
        filtered = self.highpass_edge + 1 if self.highpass_hz else 1
        return max(whole_frame, self.pad + 1, filtered)

    def frames(self, n_samples: int) -> int:
        """How many frames the mel of a waveform of so many samples has.

        Raises:
            TfvcError: the waveform is too short to have one.
        """
        if n_samples < self.minimum_samples:
            raise TfvcError(f"waveform of {n_samples} samples is too short, its mel needs {self.minimum_samples}")
        padded = n_samples + 2 * self.pad
        return -(-padded // self.hop) if self.pad_end else 1 + (padded - self.n_fft) // self.hop

    def differences(self, other: MelSpec) -> list[str]:
        """The fields that differ, each as "field: ours != theirs"; empty if the mels can be exchanged."""
        pairs = [(f.name, getattr(self, f.name), getattr(other, f.name)) for f in dataclasses.fields(self)]
        return [f"{name}: {ours!r} != {theirs!r}" for name, ours, theirs in pairs if ours != theirs]

    def to_json(self) -> str:
        """The text of a `mel.json`, every field named."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> MelSpec:
        """Reads `to_json`'s text; raises TfvcError naming a field missing, unknown or out of range."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise TfvcError(f"mel spec: not JSON ({error})") from None
        if not isinstance(values, dict):
            raise TfvcError("mel spec: expected a JSON object of fields")
        names = {field.name for field in dataclasses.fields(cls)}
        for problem, found in (("missing", names - values.keys()), ("unknown", values.keys() - names)):
            if found:
                raise TfvcError(f"mel spec: {problem} field {', '.join(sorted(found))}")
        return cls(**values)

    def save(self, path: str | os.PathLike) -> None:
        """Writes `mel.json`, all or nothing."""
        with atomic_file(path) as temporary:
            temporary.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike) -> MelSpec:
        """Reads `mel.json`; raises TfvcError naming the file."""
        try:
            return cls.from_json(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise TfvcError(f"{path}: cannot be read ({error.strerror})") from None
        except (TfvcError, UnicodeDecodeError) as error:
            raise TfvcError(f"{path}: {error}") from None


def _checked(name: str, kind: str, value):
    """`value` as the type its annotation says; JSON has no tuples and writes 8000.0 as it likes."""
    if value is None and kind.endswith("| None"):
        return None
    if kind.startswith("tuple"):
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise TfvcError(f"mel spec: {name} is {value!r}, expected two numbers")
        return tuple(_checked(name, "float", item) for item in value)
    accepted = {"int": int, "bool": bool, "str": str}.get(kind.split()[0], (int, float))
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind != "bool"):
        raise TfvcError(f"mel spec: {name} is {value!r}, expected {kind}")
    if kind.startswith("float"):
        value = float(value)
        if not math.isfinite(value):
            raise TfvcError(f"mel spec: {name} is {value!r}, expected a finite number")
    return value
