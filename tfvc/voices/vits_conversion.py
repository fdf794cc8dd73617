"""What every VITS converts by: the spectrogram of a recording through its flow, in bounded memory."""

import numpy as np
import tensorflow as tf

from tfvc.audio import Recording
from tfvc.common.errors import TfvcError
from tfvc.models.vits.conversion import ConversionModel
from tfvc.voices.windows import in_windows

# A sample depends on 109 frames to either side, so that smaller windows compute most of it twice.
_WINDOW_FRAMES = 512
_FRAMES_DRAWN_AT_ONCE = 256


class Conversion:
    """A recording of one speaker as another.

    Args:
        model: fused, with its front-end.
        signature: what the model takes for a speaker.
        noise_scale: deviation of the noise on the posterior.

    Raises:
        TfvcError: if the model has no front-end.
    """

    def __init__(self, model: ConversionModel, signature: tuple[tf.TensorSpec, ...], noise_scale: float):
        if model.mel_spec is None:
            raise TfvcError(f"{model.name_in_presets}: the model has no mel spec; give it that of its training")
        self._model, self._noise_scale = model, noise_scale
        spectrogram = tf.TensorSpec([1, None, model.config.spec_channels], model.variable_dtype)
        noise = tf.TensorSpec([1, None, model.config.inter_channels], model.variable_dtype)
        # With the length left open, one trace serves all windows.
        self._convert = tf.function(self._network, input_signature=[spectrogram, noise, *signature, *signature])

    def __call__(
        self, source: Recording, said_by: tuple[tf.Tensor, ...], target: tuple[tf.Tensor, ...], seed: int = 0
    ) -> Recording:
        """What is said in `source` as `target` says it, at the model's rate and as long as the source.

        Args:
            source: the recording.
            said_by, target: what the network takes for either speaker.
            seed: of the noise on the posterior.
        """
        spec, dtype = self._model.mel_spec, self._model.variable_dtype
        spectrogram = source.mel_in_pieces(spec)

        def convert(first: int, last: int) -> np.ndarray:
            noise = self._noise_scale * self._noise(seed, first, last)
            frames = spectrogram.frames(first, last).astype(dtype, copy=False)
            return self._convert(frames[None], noise[None].astype(dtype), *said_by, *target).numpy()

        pieces = in_windows(convert, len(spectrogram), self._model.conversion_reach, self._model.hop, _WINDOW_FRAMES)
        samples = len(source.at(spec.sample_rate))
        wave = np.zeros(samples, np.float32)  # a fraction of a hop at the end is in no frame
        done = 0
        for piece in pieces:
            piece = piece[: samples - done]
            wave[done : done + len(piece)] = piece
            done += len(piece)
        return Recording(wave, spec.sample_rate, f"{source.name}, converted")

    def _network(self, spectrogram, noise, *speakers):
        source, target = (speakers[0], speakers[1]) if speakers else (None, None)
        lengths = tf.shape(spectrogram)[1:2]
        return self._model.convert(spectrogram, lengths, source, target, noise)["waveform"][0, :, 0]

    def _noise(self, seed: int, first: int, last: int) -> np.ndarray:
        """Of these frames, whichever window they are asked for in: `[last - first, channels]`."""
        channels, size = self._model.config.inter_channels, _FRAMES_DRAWN_AT_ONCE
        blocks = range(first // size, -(-last // size))
        drawn = [np.random.default_rng([seed, block]).standard_normal((size, channels)) for block in blocks]
        start = first - blocks[0] * size
        return np.concatenate(drawn)[start : start + last - first]
