"""Configuration files of others become upstream's form, or are refused in one line."""

import json

import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.models.vits.config import VITSConfig
from tfvc.models.vits.layouts import coqui_config, huggingface_config, piper_config, upstream_config
from tfvc.models.vits.layouts.conftest import COQUI, DECODER, HUGGING_FACE, PIPER, SIZES, UPSTREAM, changed, written
from tfvc.models.vits.layouts.reading import from_torch
from tfvc.text import VITS_SYMBOLS


def test_upstreams_file(tmp_path):
    found = upstream_config.published(written(tmp_path, UPSTREAM), 178)
    assert VITSConfig.from_dict(found.model) == VITSConfig.from_name("vctk")
    assert found.data == {"sampling_rate": 22050, "filter_length": 1024, "hop_length": 256, "win_length": 1024}
    assert found.front_end.encode("a'") == (0, 43, 0, 176, 0)
    assert found.front_end.cleaners == ("english_cleaners2",)
    assert found.speakers == {}


def test_forks_of_upstream_list_symbols_and_speakers(tmp_path):
    def read(content, symbols):
        return upstream_config.published(written(tmp_path, content), symbols)

    content = UPSTREAM | {"symbols": list("_ab"), "speakers": ["x", "y"]}
    found = read(changed(content, "data/add_blank", False), 3)
    assert found.front_end.encode("ba") == (2, 1)
    assert found.speakers == {"x": 0, "y": 1}
    assert read(UPSTREAM | {"speakers": {"x": 7}}, 178).speakers == {"x": 7}
    assert read(UPSTREAM | {"speakers": {"ED\n": 0, " p  1": 1}}, 178).speakers == {"ED": 0, "p 1": 1}
    assert read(content, 4).front_end is None
    found = read(UPSTREAM, len(VITS_SYMBOLS) + 1)
    assert found.front_end is None
    assert "does not tell the network's 179 symbols" in found.notes[0]
    assert found.model["n_vocab"] == 179


def test_mms_lists_its_symbols_in_a_file_beside(tmp_path):
    (tmp_path / "vocab.txt").write_text("_\na\nb\n \n", encoding="utf-8")
    content = changed(UPSTREAM, "data/text_cleaners", ["transliteration_cleaners"])
    found = upstream_config.published(written(tmp_path, content), 4)
    (utterance,) = found.front_end.utterances("A, b!")
    assert (utterance.ids, utterance.left_out) == ((0, 1, 0, 3, 0, 2, 0), (",", "!"))
    assert found.notes == ()
    content["data"]["training_files"] = "train.uroman"
    assert "uroman" in upstream_config.published(written(tmp_path, content), 4).notes[0]
    # What lies there is no more than a guess: it must be as many, and what the file itself lists goes before.
    assert upstream_config.published(written(tmp_path, content), 178).front_end is None
    assert "x" in upstream_config.published(written(tmp_path, content | {"symbols": "xyzw"}), 4).front_end.symbols
    (tmp_path / "vocab.txt").write_bytes(b"\xff")
    with pytest.raises(TfvcError, match=r"vocab\.txt: cannot be read"):
        upstream_config.published(written(tmp_path, content), 4)


def vocabulary(folder, symbols, **settings):
    (folder / "vocab.json").write_text(json.dumps({symbol: i for i, symbol in enumerate(symbols)}))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder / "config.json"


def test_a_repository_of_mms(tmp_path):
    path = vocabulary(tmp_path, "_ţab", phonemize=False, normalize=True, add_blank=True, language="ron")
    found = huggingface_config.published(HUGGING_FACE, path)
    (utterance,) = found.front_end.utterances("AȚ, b!".replace(" ", ""))
    assert utterance.ids == (0, 2, 0, 1, 0, 3, 0)
    assert utterance.left_out == (",", "!")
    assert found.model == SIZES | DECODER | {
        "gin_channels": 0,
        "use_sdp": True,
        "n_vocab": 5,
        "n_speakers": 0,
        "spec_channels": 513,
        "window_size": 4,
        "n_flows": 4,
        "flow_layers": 4,
        "posterior_layers": 16,
        "wavenet_kernel_size": 5,
        "duration_filters": 256,
    }
    assert found.data == {"sampling_rate": 16000, "filter_length": 1024, "hop_length": 256, "win_length": 1024}
    assert found.inference == {"noise_scale": 0.5, "noise_scale_w": 0.7, "length_scale": 1.25}
    assert found.notes == ()


def test_a_repository_with_phonemes_and_speakers(tmp_path):
    path = vocabulary(tmp_path, VITS_SYMBOLS, phonemize=True, language="en")
    content = HUGGING_FACE | {"num_speakers": 109, "speaker_embedding_size": 256}
    found = huggingface_config.published(content, path)
    assert (found.model["n_speakers"], found.model["gin_channels"]) == (109, 256)
    assert found.front_end.cleaners == ("espeak_phonemes",)
    assert found.front_end.language == "en-us"
    assert not found.front_end.without_punctuation
    assert found.front_end.encode("'") == (0, 176, 0)


def test_a_repository_without_or_with_half_of_its_tokenizer(tmp_path):
    found = huggingface_config.published(HUGGING_FACE, tmp_path / "config.json")
    assert found.front_end is None
    assert "vocab.json is not there" in found.notes[0]
    path = vocabulary(tmp_path, "_Aa", phonemize=False, is_uroman=True)
    found = huggingface_config.published(HUGGING_FACE, path)
    assert found.front_end.cleaners == ()
    assert "uroman" in found.notes[0]


@pytest.mark.parametrize(
    ("field", "value"), [("hidden_act", "gelu"), ("layer_norm_eps", 1e-6), ("depth_separable_num_layers", 2)]
)
def test_what_would_be_another_network_is_refused(tmp_path, field, value):
    with pytest.raises(TfvcError, match=rf"{field} of the config.json of a VitsModel is {value!r}"):
        huggingface_config.published(HUGGING_FACE | {field: value}, tmp_path / "config.json")
    with pytest.raises(TfvcError, match=r"use_language_embedding of coqui's config.json is True"):
        coqui_config.published(changed(COQUI, "model_args/use_language_embedding", True), tmp_path / "c.json", 8, 0)


SHAPE_OF = {"resblock": "1", "upsample_rates": [2, 3], "n_speakers": 2}


def test_the_json_of_piper(tmp_path):
    found = piper_config.voice(PIPER, tmp_path, SHAPE_OF)
    assert found.data == {"sampling_rate": 22050, "hop_length": 6, "filter_length": 1024, "win_length": 1024}
    assert found.speakers == {"anna": 0, "ben": 1}
    assert found.inference == {"noise_scale": 0.667, "length_scale": 1.0, "noise_scale_w": 0.8}
    assert found.front_end.encode("ka") == (1, 0, 5, 0, 7, 0, 2)
    # A phoneme that is mapped to others is as these are, with a blank between.
    assert found.front_end.encode("cx") == (1, 0, 5, 0, 5, 0, 6, 0, 2)
    # Each is mapped once, and to what there is.
    chained = piper_config.voice(PIPER | {"phoneme_map": {"a": ["k"], "k": ["s"], "s": ["z"]}}, tmp_path, SHAPE_OF)
    assert chained.front_end.encode("ak") == (1, 0, 5, 0, 6, 0, 2)
    assert "s" not in chained.front_end.symbols
    assert (found.front_end.cleaners, found.front_end.language) == (("piper_phonemes",), "en-us")
    text = piper_config.voice(PIPER | {"phoneme_type": "text"}, tmp_path, SHAPE_OF).front_end
    assert (text.cleaners, text.language) == (("piper_characters",), None)
    other = piper_config.voice(PIPER | {"phoneme_type": "pinyin"}, tmp_path, SHAPE_OF)
    assert "'pinyin', which no cleaner here" in other.notes[0]


def test_the_json_of_another_voice_is_refused(tmp_path):
    for told, has in ((2, 0), (1, 3), (2, 3)):
        with pytest.raises(
            TfvcError, match=rf"num_speakers is {told}, the network has {max(has, 1)}; give the voice's"
        ):
            piper_config.voice(PIPER | {"num_speakers": told}, tmp_path, SHAPE_OF | {"n_speakers": has})
    piper_config.voice(PIPER | {"num_speakers": 1, "speaker_id_map": {}}, tmp_path, SHAPE_OF | {"n_speakers": 0})
    with pytest.raises(TfvcError, match="sample_rate is 22050, the training's was 16000"):
        piper_config.voice(PIPER, tmp_path, SHAPE_OF, {"sample_rate": 16000})


def test_coquis_cleaners_make_small_letters_or_do_not(tmp_path):
    def front_end(**fields):
        return coqui_config.published(COQUI | fields, tmp_path / "config.json", 8, 0)

    for cleaner, small in (("english_cleaners", True), ("phoneme_cleaners", False), ("no_cleaners", False)):
        found = front_end(text_cleaner=cleaner)
        assert found.front_end.cleaners == (("basic_cleaners",) if small else ()) + ("espeak_phonemes",)
        assert any(f"as by coqui's {cleaner}" in note for note in found.notes) == (cleaner != "no_cleaners")
        assert front_end(text_cleaner=cleaner, use_phonemes=False).front_end.cleaners == found.front_end.cleaners[:-1]


def test_coquis_file(tmp_path):
    found = coqui_config.published(COQUI, tmp_path / "config.json", 8, 0)
    # [pad] punctuations characters phonemes [blank]
    assert found.front_end.encode("!ɑa") == (7, 1, 7, 6, 7, 5, 7)
    assert (found.front_end.cleaners, found.front_end.language) == (("espeak_phonemes",), "de")
    assert found.model["n_vocab"] == 8
    assert found.model["gin_channels"] == 0
    assert (found.data["sampling_rate"], found.data["hop_length"]) == (22050, 256)
    assert found.inference["noise_scale_w"] == 1.0


def test_coquis_orders_of_symbols(tmp_path):
    def symbols(size=10, **characters):
        content = {**COQUI, "characters": {**COQUI["characters"], **characters}}
        found = coqui_config.published(content, tmp_path / "config.json", size, 0).front_end
        return found and "".join(s if len(s) == 1 else s[1] for s in found.symbols)

    assert symbols(characters_class="x.Graphemes", characters="bac") == "PEBBabc!. "
    assert symbols(characters_class="x.IPAPhonemes", phonemes="ɒəa") == "PEBBaɒə!. "
    assert symbols(characters_class="x.Graphemes", characters="bac", is_sorted=False) == "PEBBbac!. "
    assert symbols(characters_class="x.Graphemes", characters="bacab", is_unique=True) == "PEBBabc!. "
    assert symbols(characters_class="x.Graphemes", characters="bac", is_unique=True, is_sorted=False) is None
    assert symbols(3, characters_class="x.BaseVocabulary", vocab_dict=["_", "b", "a"]) == "_ba"
    assert symbols(3, characters_class="my.Own") is None


def test_coquis_speakers_lie_beside_the_configuration(tmp_path):
    (tmp_path / "speakers.json").write_text('{"VCTK_p225": 1, "VCTK_p226": 0}')
    content = changed(COQUI, "model_args/speakers_file", "/home/x/run/speakers.json")
    found = coqui_config.published(content, tmp_path / "config.json", 8, 2)
    assert found.speakers == {"VCTK_p225": 1, "VCTK_p226": 0}
    assert (found.model["n_speakers"], found.model["gin_channels"]) == (2, 256)
    assert found.notes == ()
    alone = coqui_config.published(content, tmp_path / "other/config.json", 8, 2)
    assert alone.speakers == {}
    assert "names of the 2 speakers" in alone.notes[0]


@pytest.mark.parametrize(
    ("read", "content", "words"),
    [
        (upstream_config, changed(UPSTREAM, "model/n_heads", None), "'model.n_heads' of upstream's config.json is"),
        (upstream_config, changed(UPSTREAM, "data/hop_length", None), "'data.hop_length' of upstream's"),
        (upstream_config, changed(UPSTREAM, "data", None), "the section 'data' of upstream's config.json is missing"),
        (upstream_config, UPSTREAM | {"speakers": {"x": "1"}}, "speakers must be names with their ids"),
        (upstream_config, UPSTREAM | {"speakers": {"x": 1, "y": 1}}, "two speakers have the same id"),
        (upstream_config, UPSTREAM | {"speakers": {"x": 1, "x ": 2}}, "two speakers have the same name"),
        (upstream_config, UPSTREAM | {"symbols": [1]}, "symbols must be a list of texts"),
        (huggingface_config, changed(HUGGING_FACE, "vocab_size", None), "'vocab_size' of the config.json of a Vits"),
        (piper_config, changed(PIPER, "phoneme_id_map", None), "'phoneme_id_map' of a Piper voice's JSON must be"),
        (piper_config, changed(PIPER, "phoneme_id_map/^", None), "'^' of phoneme_id_map is missing"),
        (piper_config, changed(PIPER, "audio/sample_rate", None), "'sample_rate' of a Piper voice's JSON is missing"),
        (piper_config, changed(PIPER, "phoneme_id_map/k", ["5"]), "symbols"),
        (upstream_config, UPSTREAM | {"symbols": 5}, "symbols must be a list of texts, received 5"),
        (
            huggingface_config,
            HUGGING_FACE | {"speaking_rate": 0},
            "speaking_rate of the config.json of a Vits",
        ),
        (
            huggingface_config,
            HUGGING_FACE | {"num_speakers": "3"},
            "num_speakers of the config.json of a Vits",
        ),
        (huggingface_config, HUGGING_FACE | {"spectrogram_bins": 1}, "must be a whole number from 2 to 1000000"),
        (huggingface_config, HUGGING_FACE | {"upsample_rates": 8}, "upsample_rates of the config.json of a VitsModel"),
        (piper_config, PIPER | {"num_speakers": None}, "num_speakers of a Piper voice's JSON must be a whole number"),
        (piper_config, PIPER | {"inference": [1]}, "'inference' of a Piper voice's JSON must be an object"),
        (piper_config, PIPER | {"espeak": "de"}, "'espeak' of a Piper voice's JSON must be an object"),
        (piper_config, PIPER | {"phoneme_type": ["text"]}, "phoneme_type of a Piper voice's JSON must be a name"),
        (piper_config, PIPER | {"phoneme_map": ["a"]}, "'phoneme_map' of a Piper voice's JSON must be an object"),
        (piper_config, PIPER | {"phoneme_map": {"a": "k"}}, "'a' of phoneme_map must be a list of texts"),
        (coqui_config, changed(COQUI, "characters/pad", 0), "characters.pad of coqui's config.json must be a text"),
        (coqui_config, changed(COQUI, "audio", None), "'audio' of coqui's config.json must be an object"),
    ],
)
def test_damaged_files_are_told_in_one_line(tmp_path, read, content, words):
    path = tmp_path / "config.json"
    calls = {
        upstream_config: lambda: upstream_config.published(written(tmp_path, content), 178),
        huggingface_config: lambda: huggingface_config.published(content, path),
        piper_config: lambda: piper_config.voice(content, path, SHAPE_OF),
        coqui_config: lambda: coqui_config.published(content, path, 8, 0),
    }
    with pytest.raises(TfvcError) as problem:
        calls[read]()
    assert words in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_checkpoint_of_pipers_training(tmp_path):
    settings = {**SIZES, **DECODER, "resblock": 2, "gin_channels": 0, "use_sdp": True, "dataset": ["a"]}
    state = {"model_g.enc_p.emb.weight": np.ones((256, 4)), "model_d.x": np.ones(1)}

    def read(state, settings=settings, speakers=1):
        (tmp_path / "config.json").write_text(json.dumps(PIPER | {"num_speakers": speakers}))
        return from_torch(state, {"hyper_parameters": settings}, tmp_path / "x.ckpt", tmp_path / "config.json")

    found = read(state)
    assert list(found.state) == ["enc_p.emb.weight"]
    assert found.published.model["resblock"] == "2"
    assert (found.published.model["n_vocab"], found.published.model["gin_channels"]) == (256, 0)
    two = read({**state, "model_g.emb_g.weight": np.ones((2, 512))}, speakers=2).published.model
    assert (two["n_speakers"], two["gin_channels"]) == (2, 512)
    with pytest.raises(TfvcError, match=r"x\.ckpt: no hyper_parameters"):
        read(state, None)


def test_a_configuration_of_another_layout_is_refused(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps(UPSTREAM))
    state = {"text_encoder.embed_tokens.weight": np.ones((2, 2))}
    with pytest.raises(TfvcError, match=r"a configuration of upstream, and x\.pt has the layout of Hugging Face"):
        from_torch(state, state, "x.pt", tmp_path / "c.json")
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(TfvcError, match="a configuration of none that is known"):
        from_torch(state, state, "x.pt", tmp_path / "c.json")
