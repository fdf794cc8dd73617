"""The fields of the front-ends of the published models, each as its upstream computes it."""

from typing import Any

PUBLISHED: dict[str, dict[str, Any]] = {
    # HiFi-GAN `meldataset.py: mel_spectrogram`, also Tacotron 2's convention.
    "hifigan_22k": dict(
        sample_rate=22050,
        n_fft=1024,
        win=1024,
        hop=256,
        n_mels=80,
        fmin=0.0,
        fmax=8000.0,
        pad=384,
        power_epsilon=1e-9,
    ),
    # descript MelGAN `mel2wav/modules.py: Audio2Mel`.
    "melgan_22k": dict(
        sample_rate=22050,
        n_fft=1024,
        win=1024,
        hop=256,
        n_mels=80,
        fmin=0.0,
        fmax=11025.0,
        pad=384,
        log="log10",
    ),
    # AutoVC `make_spect.py`: (20 log10(x) - 16 + 100) / 100, clipped.
    "autovc_16k": dict(
        sample_rate=16000,
        n_fft=1024,
        win=1024,
        hop=256,
        n_mels=80,
        fmin=90.0,
        fmax=7600.0,
        pad=512,
        highpass_hz=30.0,
        highpass_order=5,
        gain=0.96,
        dither=1e-6,
        log="log10",
        scale=0.2,
        offset=0.84,
        clip=(0.0, 1.0),
    ),
    # The Keras MelGAN example. `tfio.audio.dbscale` squares the mel power that it is given and floors the
    # square at 1e-10: 20 log10(max(power, 1e-5)). It takes the top of the 80 dB over a whole batch; here it
    # is that of each utterance.
    "keras_22k": dict(
        sample_rate=22050,
        n_fft=1024,
        win=1024,
        hop=256,
        n_mels=80,
        fmin=125.0,
        fmax=7600.0,
        pad=0,
        pad_end=True,
        power=2,
        mel_scale="htk",
        mel_slopes="mel",
        mel_norm="none",
        log="log10",
        scale=20.0,
        dynamic_range=80.0,
    ),
    # Resemblyzer `audio.py: wav_to_mel_spectrogram`, with the mirrored ends of the librosa it was trained on.
    "ge2e_16k": dict(
        sample_rate=16000,
        n_fft=400,
        win=400,
        hop=160,
        n_mels=40,
        fmin=0.0,
        fmax=8000.0,
        pad=200,
        power=2,
        floor=0.0,
        log="none",
    ),
}
