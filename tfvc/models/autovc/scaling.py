"""Bringing the mels of a front-end to about [0, 1], where AutoVC works."""

import numpy as np

from tfvc.audio import MelSpec, extract_mel
from tfvc.common.errors import TfvcError


def mel_scaling(spec: MelSpec) -> dict[str, float]:
    """The `mel_offset` and `mel_scale` under which digital silence is 0 and a full-scale tone of 1 kHz is 1.

    A spec that clips its values (`autovc_16k`) has its range already: clip limits become 0 and 1.

    Raises:
        TfvcError: if the spec takes no logarithm; AutoVC's squared error needs one.
    """
    if spec.log == "none":
        raise TfvcError("AutoVC needs log mels; prepare the data with another mel spec, such as hifigan_22k")
    if spec.clip is not None:
        low, high = spec.clip
    else:
        tone = np.sin(2 * np.pi * 1000 / spec.sample_rate * np.arange(spec.sample_rate))
        high = float(extract_mel(tone.astype(np.float32), spec).max())
        silence = float(extract_mel(np.zeros(spec.sample_rate, np.float32), spec).min())
        low = silence if spec.dynamic_range is None else high - spec.dynamic_range
    return {"mel_offset": round(-low, 3) + 0.0, "mel_scale": round(1 / (high - low), 5)}
