"""AutoVC: zero-shot voice conversion by an autoencoder whose bottleneck lets content through, not the voice."""

import lazy_loader

# Imported when asked for: whoever reads the family's record does not wait for TensorFlow.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["AutoVCConfig"],
        "losses": ["autovc_losses"],
        "model": ["AutoVC"],
        "network": ["Decoder", "Encoder", "Postnet"],
        "scaling": ["mel_scaling"],
    },
)
