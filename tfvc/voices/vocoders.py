"""Vocoders: a log-mel `[frames, n_mels]` to a waveform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tfvc.audio import MelSpec, griffin_lim
from tfvc.common.defaults import GRIFFIN_LIM
from tfvc.common.errors import TfvcError
from tfvc.voices.windows import WINDOW_FRAMES, in_windows

if TYPE_CHECKING:
    from tfvc.models.vocoder import VocoderModel


class Vocoder(Protocol):
    """What the converter asks of a vocoder.

    Attributes:
        mel_spec: the mels it takes.
    """

    mel_spec: MelSpec

    def vocode(self, mel: np.ndarray) -> np.ndarray:
        """The waveform, float32 `[frames * hop]`, of a mel `[frames, n_mels]`."""


class GriffinLim:
    """The vocoder that needs no training and takes the mels of any spec.

    Args:
        mel_spec: the mels it takes.
        iterations: of the phase search.
    """

    def __init__(self, mel_spec: MelSpec, iterations: int = 60):
        self.mel_spec = mel_spec
        self.iterations = iterations

    def vocode(self, mel: np.ndarray) -> np.ndarray:
        """The waveform, float32 `[frames * hop]`, of a mel `[frames, n_mels]`; the same mel gives the same samples."""
        return griffin_lim(mel, self.mel_spec, iterations=self.iterations, seed=0)


class NeuralVocoder:
    """A trained generator as a vocoder: sound of any length in bounded memory.

    The mel goes through in windows: see `in_windows`.

    Args:
        generator: its weights are fused once, here; later changes to them are not heard.
        chunk_frames: frames that are computed at once, beside their context.

    Raises:
        TfvcError: if the generator has no mel spec.
    """

    def __init__(self, generator: VocoderModel, chunk_frames: int = WINDOW_FRAMES):
        import tensorflow as tf  # Griffin-Lim does without

        if generator.mel_spec is None:
            raise TfvcError(f"{generator.name_in_presets}: the generator has no mel spec; give it that of its training")
        self.mel_spec: MelSpec = generator.mel_spec
        self.chunk_frames = chunk_frames
        self.generator = generator.fuse()
        mels = tf.TensorSpec([1, None, self.mel_spec.n_mels], self.generator.variable_dtype)
        # With the length left open, one trace serves all chunks.
        self._generate = tf.function(lambda mel: self.generator(mel, training=False)[0, :, 0], input_signature=[mels])

    def vocode(self, mel: np.ndarray) -> np.ndarray:
        """The waveform, float32 `[frames * hop]`, of a mel `[frames, n_mels]`.

        Raises:
            TfvcError: if the mel does not fit the spec, or holds NaN or infinite values.
        """
        mel = np.asarray(mel)
        if mel.ndim != 2 or mel.shape[1] != self.mel_spec.n_mels or len(mel) == 0:
            raise TfvcError(f"vocoder: expected a mel [frames, {self.mel_spec.n_mels}], got {list(mel.shape)}")
        if not np.isfinite(mel).all():
            raise TfvcError("vocoder: the mel holds NaN or infinite values")
        wave = np.empty(len(mel) * self.generator.hop, np.float32)
        done = 0
        for piece in self.pieces(mel):
            wave[done : done + len(piece)] = piece
            done += len(piece)
        return wave

    def pieces(self, mel: np.ndarray) -> Iterator[np.ndarray]:
        """The waveform of a mel `[frames, n_mels]` piece by piece, `[samples]` in the generator's own precision.

        A mel that is shorter than the network's reflected padding (a few frames) is continued by its last frame.
        """
        frames, hop, reach = len(mel), self.generator.hop, self.generator.reach
        lacking = max(0, self.generator.least_frames - frames)
        mel = np.pad(mel, ((0, lacking), (0, 0)), mode="edge").astype(self.generator.variable_dtype, copy=False)

        def generate(first: int, last: int) -> np.ndarray:
            # Behind the last frame there may be those that lacked.
            return self._generate(mel[None, first : last if last < frames else None]).numpy()

        yield from in_windows(generate, frames, reach, hop, self.chunk_frames)


def load_vocoder(name: str, mel_spec: MelSpec) -> Vocoder:
    """The vocoder of that name.

    Args:
        name: "griffin-lim", or name or folder of a preset that holds a vocoder.
        mel_spec: of the mels it is to take. Griffin-Lim takes any; a preset has its own, to be held against this one
            by `check_same_mels`.

    Raises:
        TfvcError: if there is no such vocoder, the preset holds another kind of model, or is damaged.
    """
    if name == GRIFFIN_LIM:
        return GriffinLim(mel_spec)
    from tfvc.models.family import networks
    from tfvc.models.locations import find_preset
    from tfvc.models.preset import read_config

    try:
        folder = find_preset(name)
    except TfvcError as problem:
        raise TfvcError(f"no such vocoder: {problem}; {GRIFFIN_LIM} needs no preset") from None
    kind, _, _ = read_config(folder)
    known = {name: network for name, network in networks().items() if network.vocoder}
    if kind not in known:
        raise TfvcError(
            f"{folder}: holds {kind}, which is no vocoder; take {GRIFFIN_LIM} or a preset of {', '.join(known)}"
        )
    return NeuralVocoder(known[kind].model_class.from_preset(folder))


def check_same_mels(model: str, mel_spec: MelSpec, vocoder: Vocoder) -> None:
    """Refuses a model and a vocoder that do not mean the same by a mel: what comes out would be noise.

    Raises:
        TfvcError: naming the fields that differ.
    """
    if differences := mel_spec.differences(vocoder.mel_spec):
        raise TfvcError(
            f"{model} and the vocoder take different mels ({'; '.join(differences)}); choose ones that agree"
        )


def speak(vocoder: Vocoder, mel: np.ndarray, samples: int) -> np.ndarray:
    """The waveform, float32 `[samples]`, of the mel `[frames, n_mels]` of a recording of so many samples.

    A mel's frames cover a recording but for a fraction of a hop; that is silence, or cut.
    """
    wave = vocoder.vocode(mel)[:samples]
    return np.pad(wave, (0, samples - len(wave)))
