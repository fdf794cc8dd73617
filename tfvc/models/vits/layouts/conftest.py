"""Configuration files of others, written here as they write them."""

import copy
import json

DECODER = {
    "resblock": "1",
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
    "upsample_rates": [8, 8, 2, 2],
    "upsample_initial_channel": 512,
    "upsample_kernel_sizes": [16, 16, 4, 4],
}
SIZES = {
    "inter_channels": 192,
    "hidden_channels": 192,
    "filter_channels": 768,
    "n_heads": 2,
    "n_layers": 6,
    "kernel_size": 3,
    "p_dropout": 0.1,
}
UPSTREAM = {
    "train": {"epochs": 10},
    "data": {
        "text_cleaners": ["english_cleaners2"],
        "max_wav_value": 32768.0,
        "sampling_rate": 22050,
        "filter_length": 1024,
        "hop_length": 256,
        "win_length": 1024,
        "add_blank": True,
        "n_speakers": 109,
    },
    "model": {**SIZES, **DECODER, "n_layers_q": 3, "use_spectral_norm": False, "gin_channels": 256},
}
HUGGING_FACE = {
    "model_type": "vits",
    "vocab_size": 5,
    "hidden_size": 192,
    "num_hidden_layers": 6,
    "num_attention_heads": 2,
    "window_size": 4,
    "use_bias": True,
    "ffn_dim": 768,
    "ffn_kernel_size": 3,
    "flow_size": 192,
    "spectrogram_bins": 513,
    "hidden_act": "relu",
    "hidden_dropout": 0.1,
    "layer_norm_eps": 1e-5,
    "use_stochastic_duration_prediction": True,
    "num_speakers": 1,
    "speaker_embedding_size": 0,
    **{name: DECODER[name] for name in DECODER if name != "resblock"},
    "leaky_relu_slope": 0.1,
    "depth_separable_num_layers": 3,
    "duration_predictor_flow_bins": 10,
    "duration_predictor_tail_bound": 5.0,
    "duration_predictor_kernel_size": 3,
    "duration_predictor_num_flows": 4,
    "duration_predictor_filter_channels": 256,
    "prior_encoder_num_flows": 4,
    "prior_encoder_num_wavenet_layers": 4,
    "posterior_encoder_num_wavenet_layers": 16,
    "wavenet_kernel_size": 5,
    "wavenet_dilation_rate": 1,
    "speaking_rate": 0.8,
    "noise_scale": 0.5,
    "noise_scale_duration": 0.7,
    "sampling_rate": 16000,
}
PIPER = {
    "audio": {"sample_rate": 22050, "quality": "medium"},
    "espeak": {"voice": "en-us"},
    "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
    "phoneme_type": "espeak",
    "phoneme_map": {"c": ["k"], "x": ["k", "s"]},
    "phoneme_id_map": {"_": [0], "^": [1], "$": [2], "k": [5], "s": [6], "a": [7]},
    "num_symbols": 256,
    "num_speakers": 2,
    "speaker_id_map": {"anna": 0, "ben": 1},
}
COQUI = {
    "model": "vits",
    "model_args": {"num_chars": 8, "use_sdp": True},
    "audio": {"sample_rate": 22050, "fft_size": 1024, "win_length": 1024, "hop_length": 256},
    "use_phonemes": True,
    "phonemizer": "espeak",
    "phoneme_language": "de",
    "add_blank": True,
    "characters": {
        "characters_class": "TTS.tts.models.vits.VitsCharacters",
        "pad": "<PAD>",
        "eos": "<EOS>",
        "bos": "<BOS>",
        "blank": "<BLNK>",
        "characters": "ba",
        "punctuations": "!. ",
        "phonemes": "ɑ",
    },
}


def written(folder, content):
    (folder / "config.json").write_text(json.dumps(content))
    return folder / "config.json"


def changed(content, path, value):
    content = copy.deepcopy(content)
    place = content
    *above, last = path.split("/")
    for name in above:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content
