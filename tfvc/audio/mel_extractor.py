"""Waveform to mel inside a graph."""

import keras
import numpy as np
import tensorflow as tf

from tfvc.audio import filterbank
from tfvc.audio.mel_spec import MelSpec
from tfvc.common.errors import TfvcError


@keras.saving.register_keras_serializable("tfvc")
class MelExtractor(keras.layers.Layer):
    """The computation of `MelSpec.extract` as a layer without weights: `[batch, samples]` -> `[batch, frames, n_mels]`.

    Works eagerly, in a `tf.function` and with an unknown number of samples, and has finite gradients everywhere,
    silence included. It computes in float32, or float64 under that policy; under a half-precision policy in
    float32, since a log-mel in half precision is no mel. The high-pass always runs in float64: its long response
    would spread the rounding of loud samples over quiet ones.

    Args:
        spec: the front-end.

    Raises:
        TfvcError: the waveform is not `[batch, samples]` or, where its length is known, too short for a frame.
    """

    def __init__(self, spec: MelSpec, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.spec = spec
        # Half-precision policies keep float32 variables, except the pure ones.
        self.precision = "float64" if self.variable_dtype == "float64" else "float32"
        self._window = filterbank.hann_window(spec)
        self._matrix = filterbank.mel_matrix(spec)
        self._response = filterbank.highpass_impulse_response(spec) if spec.highpass_hz else None

    def call(self, wave):
        wave = tf.cast(wave, self.precision)
        if wave.shape.rank != 2:
            raise TfvcError(f"MelExtractor: expected a waveform [batch, samples], got {wave.shape}")
        if wave.shape[1] is not None:
            self.spec.frames(wave.shape[1])
        return self._compress(self._mel_energies(self._pad(self._prefilter(wave))))

    def compute_output_shape(self, input_shape):
        batch, samples = input_shape
        return batch, None if samples is None else self.spec.frames(samples), self.spec.n_mels

    def get_config(self):
        return {**super().get_config(), "spec": self.spec.to_json()}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "spec": MelSpec.from_json(config["spec"])})

    def _prefilter(self, wave):
        spec = self.spec
        if spec.highpass_hz:
            wave = tf.cast(self._highpass(tf.cast(wave, "float64")), self.precision)
        if spec.gain != 1.0:
            wave *= spec.gain
        if spec.dither:
            wave += self._dither(wave)
        return wave

    def _highpass(self, wave):
        """`scipy.signal.filtfilt`: forwards and backwards over the waveform continued by point reflection."""
        edge = self.spec.highpass_edge
        before = 2.0 * wave[:, :1] - wave[:, edge:0:-1]
        after = 2.0 * wave[:, -1:] - wave[:, -2 : -edge - 2 : -1]
        wave = tf.concat([before, wave, after], axis=1)
        backwards = tf.reverse(self._filter(wave), [1])
        return tf.reverse(self._filter(backwards), [1])[:, edge:-edge]

    def _filter(self, wave):
        """One pass, as a convolution. scipy starts in the state of an input that has always had its first value;
        a high-pass answers a constant with nothing, so taking that value off gives the same."""
        samples = wave.shape[1] if wave.shape[1] is not None else tf.shape(wave)[1]
        length = _fft_length(samples + len(self._response))
        spectrum = tf.signal.rfft(wave - wave[:, :1], [length])
        response = tf.signal.rfft(tf.constant(self._response, "float64")[None], [length])
        return tf.signal.irfft(spectrum * response, [length])[:, :samples]

    def _dither(self, wave):
        samples = wave.shape[1]
        if samples is not None:
            return tf.constant(filterbank.dither(self.spec, samples), self.precision)
        period = filterbank.DITHER_PERIOD
        table = tf.constant(filterbank.dither(self.spec, period), self.precision)
        samples = tf.shape(wave)[1]
        return tf.tile(table, [-(-samples // period)])[:samples]

    def _pad(self, wave):
        spec = self.spec
        if spec.pad:
            wave = tf.pad(wave, [[0, 0], [spec.pad, spec.pad]], "REFLECT")
        if spec.pad_end:
            # Frames start at every hop below the length, and the last one reaches this far.
            samples = tf.shape(wave)[1]
            needed = (samples - 1) // spec.hop * spec.hop + spec.n_fft
            wave = tf.pad(wave, [[0, 0], [0, tf.maximum(0, needed - samples)]])
        return wave

    def _mel_energies(self, padded):
        spec = self.spec
        frames = tf.signal.frame(padded, spec.n_fft, spec.hop)  # [batch, frames, n_fft]
        spectrum = tf.signal.rfft(frames * tf.constant(self._window, self.precision))
        if spec.power == 1 and spec.power_epsilon == 0.0:
            # Its gradient at 0 is 0; that of a square root would be infinite.
            strength = tf.abs(spectrum)
        else:
            strength = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum)) + spec.power_epsilon
            strength = tf.sqrt(strength) if spec.power == 1 else strength
        return tf.matmul(strength, tf.constant(self._matrix, self.precision)) if spec.has_filters else strength

    def _compress(self, energies):
        spec = self.spec
        mel = tf.maximum(energies, tf.constant(spec.floor, self.precision))
        if spec.log != "none":
            base = {"ln": 1.0, "log10": np.log(10.0)}[spec.log]
            mel = tf.math.log(mel) * (spec.scale / base)
        else:
            mel *= spec.scale
        mel += spec.offset
        if spec.dynamic_range is not None:
            mel = tf.maximum(mel, tf.reduce_max(mel, axis=[1, 2], keepdims=True) - spec.dynamic_range)
        if spec.clip:
            mel = tf.clip_by_value(mel, *spec.clip)
        return mel


def _fft_length(samples):
    """The next power of two, of a number or of a scalar tensor."""
    if isinstance(samples, int):
        return 1 << (samples - 1).bit_length()
    powers = tf.constant([1 << exponent for exponent in range(31)])
    return powers[tf.searchsorted(powers, samples[None])[0]]
