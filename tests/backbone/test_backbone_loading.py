"""Loading: a folder gives back the model that was saved; what cannot be loaded or carry a prefix says why and leaves no trace."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers as hf
from safetensors.torch import load_file, save_file
from tests.tiny_models import FAMILIES, GROUPED, IDS, close, pair, text, tiny_backbone, tokenizer

from foreword.backbone import Backbone, load_backbone
from foreword.backbone.wording import end_ids
from foreword.catalogue import about, embedded_backbones, locate
from foreword.errors import UnknownName, UnsupportedBackbone

TEXTS = text([7, 61, 4, 12], [None, 5, 9, 2])


def logits(backbone):
    return backbone.logits(pair(TEXTS, TEXTS) if backbone.kind == "encoder-decoder" else TEXTS)


def saved(backbone, path):
    backbone.model.save_pretrained(path)
    backbone.tokenizer.save_pretrained(path)
    return path


@pytest.fixture
def folder(tmp_path):
    return saved(tiny_backbone("llama"), tmp_path / "tiny")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_gives_back_the_model(tmp_path, family):
    backbone = tiny_backbone(family)
    loaded = load_backbone(str(saved(backbone, tmp_path / "tiny")))
    close(logits(loaded), logits(backbone))
    assert (loaded.kind, loaded.sites) == (backbone.kind, backbone.sites)
    assert loaded.fingerprint == backbone.fingerprint
    if family != "qwen2":  # whose tokenizer transformers takes for its own, whatever the folder says
        assert loaded.tokenizer_hash == backbone.tokenizer_hash
    assert not any(p.requires_grad for p in loaded.model.parameters())
    assert not any(m.training for m in loaded.model.modules())


COMMIT = "0123456789abcdef0123456789abcdef01234567"
LOAD = """
import sys
from foreword.backbone import load_backbone
from foreword.errors import ForewordError
try:
    backbone = load_backbone("someone/tiny", sys.argv[1])
    print(backbone.name, backbone.revision, backbone.fingerprint)
except ForewordError as error:
    print(error)
"""


def test_a_hub_name_is_read_at_its_commit_from_the_hubs_own_cache(tmp_path):
    """The hub keeps what it has downloaded as models--OWNER--NAME/snapshots/COMMIT; without a network it reads from there."""
    backbone = tiny_backbone("llama")
    saved(backbone, tmp_path / "models--someone--tiny" / "snapshots" / COMMIT)
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}

    def loaded(commit: str) -> str:
        command = [sys.executable, "-W", "ignore", "-c", LOAD, commit]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    assert loaded(COMMIT) == f"someone/tiny {COMMIT} {backbone.fingerprint}"
    assert loaded("f" * 40).startswith("backbone 'someone/tiny' cannot be loaded: ")


def test_a_revision_of_a_folder_is_refused(folder):
    """The bug: it was passed over, so a pinned revision pinned nothing."""
    for name in (str(folder), "scribe"):
        with pytest.raises(
            UnsupportedBackbone, match=r"backbone\.revision pins a hub name, but .* Leave the revision out"
        ):
            load_backbone(name, COMMIT)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_the_precision_is_the_one_asked_for(folder, dtype):
    assert load_backbone(str(folder), dtype=dtype).dtype == getattr(torch, dtype)


def test_an_embedded_backbone_is_found_by_its_name():
    path, revision = locate("scribe", None)
    assert (Path(path) / "config.json").is_file()
    assert revision == ""


@pytest.mark.parametrize(
    ("name", "revision", "message"),
    [
        (
            "gpt2",
            None,
            r"'gpt2' is a hub name and needs a pinned revision.*40 hex digits.*Embedded: editor, reader, scribe",
        ),
        ("openai-community/gpt2", "", r"needs a pinned revision"),
        ("gpt2", "main", r"must be a full commit \(40 hex digits\), because branches move; got 'main'"),
        ("gpt2", "607a30d", r"must be a full commit .* got '607a30d'"),
        ("", None, r"neither a folder here nor a name on the hub"),
        ("a/b/c", None, r"'a/b/c' is neither a folder here nor a name on the hub\. Embedded: editor, reader, scribe"),
        ("no such model", None, r"neither a folder"),
        ("../../etc", None, r"neither a folder"),
        (".", None, r"folder \. holds no config\.json"),
        ("https://example.org/x", None, r"neither a folder"),
    ],
)
def test_a_name_that_means_no_model_says_what_to_do(tmp_path, monkeypatch, name, revision, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnsupportedBackbone, match=message):
        load_backbone(name, revision)


def test_an_unknown_precision_is_told():
    with pytest.raises(UnknownName, match="unknown dtype 'float23'. Did you mean 'float32'"):
        load_backbone("gpt2", dtype="float23")


def without_config(folder):
    (folder / "config.json").unlink()


def config_is_no_json(folder):
    (folder / "config.json").write_text("{", encoding="utf-8")


def unknown_type(folder):
    (folder / "config.json").write_text(json.dumps({"model_type": "unheard-of"}), encoding="utf-8")


def code_in_folder(folder):
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.Model"}}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "mine.py").write_text("raise SystemExit('code of the folder was run')", encoding="utf-8")


def without_weights(folder):
    (folder / "model.safetensors").unlink()


def weights_are_pickled(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def weights_are_noise(folder):
    (folder / "model.safetensors").write_bytes(b"\x07" * 500)


def weights_are_cut(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


def a_layer_is_missing(folder):
    weights = load_file(folder / "model.safetensors")
    kept = {name: w for name, w in weights.items() if "layers.1." not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def a_weight_has_another_shape(folder):
    weights = load_file(folder / "model.safetensors")
    save_file(weights | {"model.norm.weight": torch.ones(7)}, folder / "model.safetensors", metadata={"format": "pt"})


def without_tokenizer(folder):
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (folder / name).unlink(missing_ok=True)


def tokenizer_is_no_json(folder):
    (folder / "tokenizer.json").write_text("{", encoding="utf-8")


def tokenizer_of_another(folder):
    large = tokenizer()
    large.add_tokens([f"word{n}" for n in range(40)])
    large.save_pretrained(folder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_config, r"folder .* holds no config\.json\. Expected a model folder as transformers' save_pretrained"),
        (config_is_no_json, r"cannot be loaded: its config: .*config\.json"),
        (unknown_type, r"cannot be loaded: its config: .*unheard-of"),
        (code_in_folder, r"cannot be loaded: .*custom code"),
        (without_weights, r"cannot be loaded: its weights: .*no file named model\.safetensors"),
        (weights_are_pickled, r"cannot be loaded: its weights: .*no file named model\.safetensors"),
        (weights_are_noise, r"cannot be loaded: its weights: .*header too large"),
        (weights_are_cut, r"cannot be loaded: its weights: .*not fully covered"),
        (a_layer_is_missing, r"cannot be loaded: its files lack 9 weights \(model\.layers\.1\."),
        (
            a_weight_has_another_shape,
            r"its files hold \S+ as \[.*\], its config wants \[.*\]\. Config and weights are of two",
        ),
        (without_tokenizer, r"cannot be loaded: .*okenizer"),
        (tokenizer_is_no_json, r"cannot be loaded: its tokenizer: Expecting property name"),
        (tokenizer_of_another, r"its tokenizer has \d+ tokens, the model 97"),
    ],
)
def test_a_spoiled_folder_says_what_is_wrong(folder, spoil, message, capfd):
    spoil(folder)
    with pytest.raises(UnsupportedBackbone, match=message) as caught:
        load_backbone(str(folder))
    assert len(str(caught.value)) < 700, "a message is a sentence, not a page"
    assert str(folder) in str(caught.value)


# models that cannot carry a prefix

HYBRID = {**GROUPED, "head_dim": 16}
LATENT = {**GROUPED, "num_key_value_heads": 4, "num_hidden_layers": 2, "q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8,
          "qk_nope_head_dim": 8, "v_head_dim": 8, "n_routed_experts": 4, "first_k_dense_replace": 2}  # fmt: skip
NO_INTERFACE = "its attention does not go through transformers' attention interface"
OTHERS = {
    "mamba": (hf.MambaConfig(**IDS, hidden_size=32, num_hidden_layers=2), NO_INTERFACE),
    "jamba": (hf.JambaConfig(**GROUPED, attn_layer_period=2, attn_layer_offset=1, num_experts=2),
              r"only 1 of its 3 layers have keys and values \(a state-space or hybrid model\)"),
    "recurrent_gemma": (hf.RecurrentGemmaConfig(**IDS, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
                                                intermediate_size=64, lru_width=32), "only 1 of its 3 layers"),
    "lfm2": (hf.Lfm2Config(**GROUPED, layer_types=["conv", "full_attention", "conv"]), "only 1 of its 3 layers"),
    "falcon_h1": (hf.FalconH1Config(**HYBRID, mamba_d_ssm=32, mamba_n_heads=4, mamba_d_head=8, mamba_d_state=8, mamba_n_groups=1),
                  r"as its prefix give different logits, so it keeps more than keys and values \(a state-space part\)"),
    "deepseek_v2": (hf.DeepseekV2Config(**LATENT), r"keys \(16\) and values \(8\) differ in size"),
    "deepseek_v3": (hf.DeepseekV3Config(**LATENT), r"as with latent attention \(MLA\)"),
    "bloom": (hf.BloomConfig(**IDS, hidden_size=32, n_layer=2, n_head=4), NO_INTERFACE),
    "xlnet": (hf.XLNetConfig(**IDS, d_model=32, n_layer=2, n_head=4, d_inner=64), NO_INTERFACE),
    "gpt_oss": (hf.GptOssConfig(**HYBRID, num_local_experts=4, num_experts_per_tok=2), "it uses attention sinks"),
}  # fmt: skip
MASKED = {
    "deberta": (hf.DebertaV2Config(**IDS, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64),
                NO_INTERFACE),
    "albert": (hf.AlbertConfig(**IDS, hidden_size=32, embedding_size=16, num_hidden_layers=3, num_attention_heads=4,
                               intermediate_size=64), "its layers share one attention module"),
}  # fmt: skip


@pytest.mark.parametrize("family", [*OTHERS, *MASKED])
def test_a_model_that_cannot_carry_a_prefix_is_refused_and_left_as_it_was(family):
    torch.manual_seed(0)
    config, message = (OTHERS | MASKED)[family]
    auto = hf.AutoModelForCausalLM if family in OTHERS else hf.AutoModelForMaskedLM
    model = auto.from_config(config).eval()
    implementation, ids = model.config._attn_implementation, torch.tensor([[5, 9, 2]])
    with torch.no_grad():
        before = model(ids).logits
    with pytest.raises(
        UnsupportedBackbone, match=rf"mine \({type(model).__name__}\) cannot carry a prefix: .*{message}"
    ):
        Backbone(model, tokenizer(), "mine")
    assert model.config._attn_implementation == implementation
    assert not any("foreword_site" in vars(m) or m._forward_pre_hooks for m in model.modules())
    with torch.no_grad():
        assert torch.equal(model(ids).logits, before)


BIG_BIRD = hf.BigBirdConfig(
    **IDS, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, block_size=4
)
LONG_T5 = hf.LongT5Config(**IDS, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)


@pytest.mark.parametrize(
    ("auto", "config", "message"),
    [
        (hf.AutoModelForMaskedLM, BIG_BIRD, NO_INTERFACE),
        (hf.AutoModelForSeq2SeqLM, LONG_T5, "its encoder attention does not go through transformers' interface"),
    ],
)
def test_sparse_attention_is_refused(auto, config, message):
    """BigBird exchanges its modules as it reads; LongT5's encoder attends locally, in a way of its own."""
    with pytest.raises(UnsupportedBackbone, match=message):
        Backbone(auto.from_config(config).eval(), tokenizer(), "mine")


def test_a_model_without_an_output_layer_is_refused():
    with pytest.raises(UnsupportedBackbone, match="has no output layer over its vocabulary"):
        Backbone(hf.GPT2Model(hf.GPT2Config(**IDS, n_layer=1, n_embd=32, n_head=4)), tokenizer(), "headless")


def test_a_models_own_ends_are_known():
    model = FAMILIES["gpt2"]()
    assert end_ids(Backbone(model, tokenizer(), "mine")) == (1,)
    model = FAMILIES["gpt2"]()
    assert model.generation_config is not None
    model.generation_config.eos_token_id = [10, 1]
    assert end_ids(Backbone(model, tokenizer(), "mine")) == (1, 10)


def test_ctrl_goes_through_the_interface_and_is_welcome():
    torch.manual_seed(0)
    model = hf.CTRLLMHeadModel(hf.CTRLConfig(**IDS, n_embd=32, n_layer=2, n_head=4, dff=64))
    assert Backbone(model, tokenizer(), "ctrl").kind == "decoder-only"


def test_only_texts_that_can_be_continued_are(tmp_path):
    backbone = tiny_backbone("bert")
    with pytest.raises(UnsupportedBackbone, match="tiny-bert only encodes text and cannot write any"):
        backbone.generate(TEXTS, hf.GenerationConfig(max_new_tokens=2))


@pytest.mark.parametrize(
    ("family", "wanted"), [("gpt2", 128), ("opt", 128), ("bart", 128), ("bert", 128), ("t5", None)]
)
def test_the_longest_text_is_known(family, wanted):
    assert tiny_backbone(family).max_len == wanted


def test_the_longest_text_is_really_read_and_no_longer_one():
    for backbone in (tiny_backbone("opt"), tiny_backbone("roberta"), tiny_backbone("bart")):
        assert backbone.max_len is not None
        row = [5 + i % 80 for i in range(backbone.max_len)]
        assert backbone.logits(backbone.texts_of(row)).shape[1] == backbone.max_len
        with pytest.raises((IndexError, RuntimeError), match="out of (range|bounds)"):
            backbone.logits(backbone.texts_of([*row, 7]))


def test_saving_over_a_loaded_folder_does_not_change_the_loaded_model(folder):
    loaded = load_backbone(str(folder))
    before = logits(loaded)
    shutil.rmtree(folder)
    assert torch.equal(logits(loaded), before)


@pytest.mark.parametrize("name", sorted(embedded_backbones()))
def test_an_embedded_backbone_loads_and_its_card_says_what_it_is(name):
    folder = embedded_backbones()[name]
    assert len(about(folder)) > 20
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 16_000_000
    assert load_backbone(name).fingerprint
