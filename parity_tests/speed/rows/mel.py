"""Mels of ten seconds of sound."""

import keras

from parity_tests.speed.row import Row
from parity_tests.speed.works import draw, keras_work, torch_work
from tfvc.audio import MelExtractor, named_spec
from torch_ref.hifigan import mel_spectrogram

SECONDS = 10


def rows():
    yield f"mel extraction, {SECONDS} s at 22.05 kHz", _row


def _row():
    spec = named_spec("hifigan_22k")
    wave = 0.1 * draw(1, SECONDS * spec.sample_rate)
    stock = keras.layers.MelSpectrogram(
        fft_length=spec.n_fft,
        sequence_stride=spec.hop,
        sampling_rate=spec.sample_rate,
        num_mel_bins=spec.n_mels,
        max_freq=8000.0,
    )
    return Row(
        keras_work(MelExtractor(spec), wave),
        torch_work(lambda x: mel_spectrogram(x[:, None], fmax=8000.0), wave),
        keras_work(stock, wave),
        audio_s=SECONDS,
        note="stock Keras's own mel: other filters and decibels, the same amount of work",
    )
