"""Train a masked-LM head over a frozen encoder that was saved without one, so that it can fill in words.

Comes in:  such an encoder (a folder, or a backbone's name), public-domain novels (a .tar.gz of .txt files).
Goes out:  a folder in transformers' format, the encoder as it was and its head; `log.jsonl` with the loss on held-out novels.

Only the head's own weights move: a dense layer, a norm and a bias over the vocabulary; its matrix is the encoder's word table.

    python -m scripts.masked_head --model minilm --novels novels.tar.gz --out models/minilm-masked --tokens 5e6
"""

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
from scripts.build_corpus import HELD_OUT_NOVELS, novels
from scripts.pretraining.masked import hide
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoTokenizer, PreTrainedTokenizerBase

from foreword.catalogue import locate

MASKED_SHARE = 0.15
HELD_OUT_ROWS = 64


def with_head(source: str, seed: int) -> nn.Module:
    """The encoder, frozen, with a new head that is not."""
    torch.manual_seed(seed)
    config = AutoConfig.from_pretrained(source)
    model = AutoModelForMaskedLM.from_config(config).eval()
    encoder = AutoModel.from_pretrained(source, dtype=torch.float32)
    known = dict(model.base_model.named_parameters())
    model.base_model.load_state_dict({n: w for n, w in encoder.state_dict().items() if n in known})
    for weight in model.base_model.parameters():
        weight.requires_grad_(False)
    return model


def rows(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, row_len: int) -> Iterator[Tensor]:
    """Rows [T] of one text after the other, each between the tokenizer's own markers."""
    first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
    held: list[int] = []
    for text in texts:
        held += tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        while len(held) >= row_len - 2:
            yield torch.tensor([first, *held[: row_len - 2], last])
            held = held[row_len - 2 :]


def loss_of(model: nn.Module, ids: Tensor, tokenizer: PreTrainedTokenizerBase, generator: torch.Generator) -> Tensor:
    """Mean loss over the tokens that are hidden."""
    chosen = torch.rand(ids.shape, generator=generator) < MASKED_SHARE
    chosen[:, 0] = chosen[:, -1] = False
    shown, positions, targets = hide(ids, chosen, int(tokenizer.mask_token_id), len(tokenizer), generator)  # type: ignore[arg-type]
    with torch.no_grad():
        hidden = model.base_model(shown).last_hidden_state.flatten(0, 1)[positions]  # type: ignore[operator]
    return nn.functional.cross_entropy(head_of(model)(hidden), targets)


def head_of(model: nn.Module) -> nn.Module:
    """What stands beside the encoder in the model."""
    (head,) = [part for part in model.children() if part is not model.base_model]
    return head


def train(source: str, texts: list[str], held_out: list[str], out: Path, args: argparse.Namespace) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(source), with_head(source, args.seed)
    moved = [p for p in model.parameters() if p.requires_grad]
    steps = math.ceil(args.tokens / (args.row_len * args.batch_size))
    optimizer = torch.optim.AdamW(moved, lr=args.lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / 50, 1 - step / steps))
    generator, began = torch.Generator().manual_seed(args.seed), time.time()
    kept = [row for row, _ in zip(rows(held_out, tokenizer, args.row_len), range(HELD_OUT_ROWS), strict=False)]
    out.mkdir(parents=True, exist_ok=True)

    def log(step: int, loss: float) -> None:
        with torch.no_grad():
            unseen = loss_of(model, torch.stack(kept), tokenizer, torch.Generator().manual_seed(0)).item()
        line = {
            "step": step,
            "loss": round(loss, 4),
            "held_out": round(unseen, 4),
            "seconds": round(time.time() - began),
        }
        with (out / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)

    random.Random(args.seed).shuffle(texts)
    stream, step = iter(()), 0
    while step < steps:
        batch = list(islice(stream, args.batch_size))
        if len(batch) < args.batch_size:
            stream = rows(texts, tokenizer, args.row_len)  # once more from the beginning
            continue
        loss = loss_of(model, torch.stack(batch), tokenizer, generator)
        loss.backward()
        nn.utils.clip_grad_norm_(moved, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        step += 1
        if step % args.log_steps == 0 or step == steps:
            log(step, loss.item())
    model.save_pretrained(out)  # type: ignore[operator]
    tokenizer.save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="an encoder's folder, or a backbone's name")
    parser.add_argument("--novels", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=float, default=5e6, help="tokens to train on")
    parser.add_argument("--row-len", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--log-steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    books = novels(args.novels)
    random.Random(0).shuffle(books)  # the same are held out as by build_corpus
    held, rest = books[:HELD_OUT_NOVELS], books[HELD_OUT_NOVELS:]
    texts, held_out = ([chunk for book in some for _, chunk in book] for some in (rest, held))
    train(locate(args.model, None)[0], texts, held_out, args.out, args)


if __name__ == "__main__":
    main()
