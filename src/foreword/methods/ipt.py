"""Instance-wise prompts: the vectors in front of a text are made from the text's own first tokens.

Comes in:  a backbone; then batches, whose sources are read.      Goes out: vectors, or keys and values, of each row's own.

Source: Jiang et al. (2022), arXiv:2206.01958, and the code published with it. `encoder = "none"` is their Random: a trained vector
for each token of the vocabulary, looked up for a source's first `num_tokens` tokens. Pretrained: the same, begun with another run's
table (`train.start_from`). Any other encoder keeps the words' vectors fixed and trains a small network over them. On prompt tuning
(`base = "prompt"`) the vectors stand in front of the text; on prefix tuning (`base = "prefix"`) a trained prefix stands before
every layer and 0.05 of them is added to its first layer, as in their code.

What differs from the published code, by choice:
- its pretraining gives the optimizer everything but the table, which therefore never moves; here it does;
- its source is the first ids with the marker that opens a text, and padding where it is short; here the tokens alone, which begin
  again where they are fewer; what an answer holds is never read. A template's words are tokens of the text, as there, its mask too;
- k is 100 there, 16 by default here, for our texts are short; its pretraining tells 13 topics apart, ours as many as a task has;
- its LSTM, given batch-first input without saying so, reads along the batch; here it reads along the text, and both directions are
  taken where they end; its TextCNN sees whole windows only, here text is padded, so that few words have windows too; the networks
  read the backbone's own word vectors, theirs a table of their own that stays as it is; there is no dropout in them;
- its RTE is chosen and scored on the same file; tasks here keep the two apart;
- the true counts are reported, where the paper says 0.5 to 1.5 %. Of RoBERTa-large with k = 100, on a prompt and on a prefix: the
  table 14.5 and 29 %, the LSTM 3.9 and 7.6 %, the MLP 30 and 59 %, the TextCNN 0.12 and 0.23 %; a prefix itself another 1.4 %.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.backbone import Backbone, Texts
from foreword.marks import SOURCE
from foreword.methods.base.instance_tokens import first_tokens
from foreword.methods.base.template import Template, TemplateMethod
from foreword.prefix import Injection, Prefix, PrefixShape
from foreword.prefix.reparam import parameterize
from foreword.recipe import MethodRecipe

SIZES = (3, 4, 5)  # words that a convolution sees at once
SHARE = 0.05  # of the instance's vectors, in the first layer's keys and values


class Settings(MethodRecipe):
    """Prompts made from each text's own tokens (Jiang et al., 2022, arXiv:2206.01958)."""

    name: Literal["ipt"] = Field(default="ipt", description="one of `foreword list methods`")
    base: Literal["prompt", "prefix"] = Field(
        default="prompt", description="what it is put on: prompt tuning or prefix tuning"
    )
    num_tokens: PositiveInt = Field(
        default=16, description="tokens of a source that are read, and positions that they make (k)"
    )
    encoder: Literal["none", "lstm", "cnn", "mlp"] = Field(
        default="none",
        description="none: a trained vector for each token (the table); else a network over the word vectors",
    )


class IPT(TemplateMethod):
    """Reads every source; so it is no one prefix."""

    reads_text = True
    refusal = "these tensors are not of ipt with these settings on {backbone}"

    def __init__(
        self, backbone: Backbone, base: str = "prompt", num_tokens: int = 16, encoder: str = "none",
        seed: int = 0,
    ):  # fmt: skip
        self.backbone, self.base, self.num_tokens = backbone, base, num_tokens
        self.template = Template.of(f"{{soft:{num_tokens}}} {SOURCE}" if base == "prompt" else SOURCE, backbone)
        self.parts = nn.ModuleDict()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            width = backbone.word_dim
            if base == "prefix":
                self.shape = PrefixShape(num_tokens, backbone.sites, backbone.hidden_size)
                self.parts["prefix"] = parameterize(self.shape, 0, torch.Generator().manual_seed(seed))
                first = self.shape.sites[self.site]
                width = 2 * first.num_kv_heads * first.head_dim
            if encoder == "none":
                table = nn.Embedding(len(backbone.tokenizer), width)
                nn.init.uniform_(table.weight, -0.5, 0.5)
                self.parts["table"] = table
            else:
                self.parts["encoder"] = Encoder(encoder, backbone.word_dim, num_tokens, width)
        self.parts.to(backbone.device)

    @property
    def site(self) -> str:
        """Where a prefix is made from the instance: the site that reads the source."""
        return "encoder" if "encoder" in self.backbone.sites else "decoder"

    @property
    def num_positions(self) -> int:
        return self.num_tokens if self.base == "prefix" else 0

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.parts.named_parameters())

    def start(self, exported: Mapping[str, Tensor]) -> None:
        """What makes vectors of tokens is carried over; a prefix is each task's own."""
        self.load(self.export() | {name: t for name, t in exported.items() if not name.startswith("prefix.")})

    def injection(self, texts: Texts | None = None) -> Injection:
        assert texts is not None, "it reads the text"
        tokens = first_tokens(texts, self.num_tokens, self.template.markers)
        if "table" in self.parts:
            made = self.parts["table"](tokens)
        else:
            made = self.parts["encoder"](self.backbone.word_vectors_of(tokens))
        if self.base == "prompt":
            return Injection(vectors=made)
        return added_to_first_layer(self.parts["prefix"](), self.site, SHARE * made)


def added_to_first_layer(prefix: Prefix, site: str, made: Tensor) -> Injection:
    """A prefix for each row [L, B, H, P, D]: the trained one, and in its first layer `made` [B, P, 2 * H * D] added."""
    (_, H, P, D), num_rows = prefix.keys[site].shape, len(made)
    per_row = made.view(num_rows, P, 2, H, D).permute(2, 0, 3, 1, 4)  # [2, B, H, P, D]
    keys, values = (
        {s: t[:, None].expand(-1, num_rows, -1, -1, -1) for s, t in part.items()}
        for part in (prefix.keys, prefix.values)
    )
    for part, own in ((keys, per_row[0]), (values, per_row[1])):
        part[site] = torch.cat([part[site][:1] + own, part[site][1:]])
    return Injection(keys, values)


class Encoder(nn.Module):
    """Vectors of k words [B, k, E] -> k vectors [B, k, width]: the published code's three kinds.

    An LSTM of two layers, both ways, 64 wide; a TextCNN with a channel for each width of window; an MLP over the mean.
    """

    def __init__(self, kind: str, word_dim: int, num_tokens: int, width: int):
        super().__init__()
        self.kind, self.size = kind, (num_tokens, width)
        if kind == "lstm":
            self.lstm = nn.LSTM(word_dim, 64, num_layers=2, bidirectional=True, batch_first=True)
        elif kind == "cnn":
            self.convolutions = nn.ModuleList(nn.Conv1d(word_dim, 1, size) for size in SIZES)
        inputs = {"lstm": 128, "cnn": 3, "mlp": word_dim}[kind]
        self.out = nn.Linear(inputs, num_tokens * width)

    def forward(self, words: Tensor) -> Tensor:
        if self.kind == "lstm":
            _, (last, _) = self.lstm(words)
            to_end, to_beginning = last[-2:]  # of the upper layer
            read = torch.cat([to_end, to_beginning], dim=1)
        elif self.kind == "cnn":
            along = words.transpose(1, 2)
            sides = [(size // 2, (size - 1) // 2) for size in SIZES]  # as many windows as words, however few these are
            seen = zip(self.convolutions, sides, strict=True)
            read = torch.cat(
                [torch.relu(convolution(F.pad(along, side))).amax(dim=2) for convolution, side in seen], dim=1
            )
        else:
            read = words.mean(dim=1)
        out = self.out(read)
        return (torch.relu(out) if self.kind == "mlp" else out).view(-1, *self.size)
