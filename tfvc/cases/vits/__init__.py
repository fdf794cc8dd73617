"""VITS beside `torch_ref.vits`: each network by itself, both directions where there are two, and the whole."""

from functools import partial

from tfvc.cases.vits.durations import duration_likelihood, duration_predictor
from tfvc.cases.vits.parts import decoder, flow, posterior_encoder, reference_encoder, text_encoder
from tfvc.cases.vits.whole import conversion, speech, tone_conversion
from tfvc.models.vits.config import VITSConfig
from tfvc.models.vits.tone_config import ToneConverterConfig

_PARTS = {
    "text_encoder": text_encoder,
    "durations": duration_predictor,
    "duration_likelihood": duration_likelihood,
    "posterior_encoder": posterior_encoder,
    "flow": flow,
    "decoder": decoder,
    "speech": speech,
    "conversion": conversion,
}


def _named(make, config, name):
    return make(config.from_name(name))


CASES = {
    **{f"vits_vctk_{part}": partial(_named, make, VITSConfig, "vctk") for part, make in _PARTS.items()},
    "vits_nosdp_durations": partial(_named, duration_predictor, VITSConfig, "ljs_nosdp"),
    "vits_piper_medium_decoder": partial(_named, decoder, VITSConfig, "piper_medium"),
    "vits_piper_medium_speech": partial(_named, speech, VITSConfig, "piper_medium"),
    "vits_tone_reference_encoder": partial(_named, reference_encoder, ToneConverterConfig, "openvoice_v2"),
    "vits_tone_conversion": partial(_named, tone_conversion, ToneConverterConfig, "openvoice_v2"),
}

__all__ = [
    "CASES",
    "conversion",
    "decoder",
    "duration_likelihood",
    "duration_predictor",
    "flow",
    "posterior_encoder",
    "reference_encoder",
    "speech",
    "text_encoder",
    "tone_conversion",
]
