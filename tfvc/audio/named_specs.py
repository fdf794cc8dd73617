"""The front-ends of the published models, each as its upstream computes it, and those that other packages add."""

from tfvc.audio.mel_spec import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import plugins

GROUP = "tfvc.mel_specs"

NAMED_SPECS: dict[str, MelSpec] = {
    # HiFi-GAN `meldataset.py: mel_spectrogram`, also Tacotron 2's convention.
    "hifigan_22k": MelSpec(
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
    "melgan_22k": MelSpec(
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
    "autovc_16k": MelSpec(
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
    "keras_22k": MelSpec(
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
    # VITS `mel_processing.py: spectrogram_torch`: the linear spectrogram that its posterior encoder reads.
    "vits_22k": MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win=1024,
        hop=256,
        n_mels=513,
        fmin=0.0,
        fmax=11025.0,
        pad=384,
        power_epsilon=1e-6,
        mel_scale="none",
        mel_norm="none",
        floor=0.0,
        log="none",
    ),
    # Resemblyzer `audio.py: wav_to_mel_spectrogram`, with the mirrored ends of the librosa it was trained on.
    "ge2e_16k": MelSpec(
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


def named_specs() -> dict[str, MelSpec]:
    """The published front-ends, and those that installed packages register as entry points in `tfvc.mel_specs`.

    Raises:
        TfvcError: if an entry point is no `MelSpec`, or has the name of a published one.
    """
    added = plugins(GROUP)
    for name, spec in added.items():
        if not isinstance(spec, MelSpec):
            raise TfvcError(f"the entry point {name!r} in {GROUP} is a {type(spec).__name__}, not a MelSpec")
        if name in NAMED_SPECS:
            raise TfvcError(f"the entry point {name!r} in {GROUP} has the name of a mel spec of tfvc; rename it")
    return NAMED_SPECS | added


def named_spec(name: str) -> MelSpec:
    """A front-end that has a name, such as `hifigan_22k`: the published ones and those of other packages.

    Raises:
        TfvcError: if none is called so, listing those that there are.
    """
    known = named_specs()
    if name not in known:
        raise TfvcError(f"no mel spec is called {name!r}, there are {', '.join(known)}")
    return known[name]


def find_spec(name_or_path: str) -> MelSpec:
    """A front-end by its name, or one of your own in a `.json`."""
    return MelSpec.load(name_or_path) if name_or_path.endswith(".json") else named_spec(name_or_path)
