"""Waveforms in and out, and the mel front-ends between them and the models."""

import lazy_loader

# Imported when asked for: `MelExtractor` needs TensorFlow, which takes seconds, and the rest does not.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "errors": ["AudioError"],
        "griffinlim": ["griffin_lim"],
        "io": ["read", "resample", "write", "write_pieces"],
        "loudness": ["normalize_volume"],
        "mel_extractor": ["MelExtractor"],
        "mel_spec": ["MelSpec"],
        "named_specs": ["find_spec", "named_spec"],
        "numpy_path": ["MelInPieces", "extract_mel"],
        "recording": ["Recording"],
    },
)
