"""A transformer, the mean of its states at unit length, a linear head: what the recipe trains, the predictor runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelmill.errors import DataError
from modelmill.inference.ir import Kind

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from modelmill.inference.conversion import Source

MAX_TOKENS = 128
BATCH = 32


@dataclass(frozen=True)
class Head:
    """What `save` wrote beside the encoder. weight (labels, hidden), bias (labels,)."""

    weight: np.ndarray
    bias: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True)
class IntentModel:
    """encoder: a transformer; head: torch.nn.Linear from its hidden size to the labels."""

    encoder: Any
    tokenizer: Any
    head: Any
    labels: tuple[str, ...]
    engine: Kind = "torch"

    def embed(self, texts: Sequence[str]) -> Tensor:
        """(n, hidden), unit length, in order, with gradients if torch records them."""
        tokens = self.tokenizer(list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        return pooled(self.encoder(**tokens).last_hidden_state, tokens["attention_mask"])

    def logits(self, texts: Sequence[str]) -> Tensor:
        """(n, labels), in order, with gradients if torch records them."""
        return self.head(self.embed(texts))

    def all_logits(self, texts: Sequence[str]) -> np.ndarray:
        """(n, labels) without gradients."""
        return self._all(self.logits, texts, len(self.labels))

    def all_embeddings(self, texts: Sequence[str]) -> np.ndarray:
        """(n, hidden) without gradients, unit length."""
        return self._all(self.embed, texts, self.head.in_features)

    def _all(self, of: Callable[[Sequence[str]], Tensor], texts: Sequence[str], width: int) -> np.ndarray:
        """In batches of texts of like length."""
        import numpy as np
        import torch

        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found = np.zeros((len(texts), width), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                chosen = order[start : start + BATCH]
                found[chosen] = of([texts[i] for i in chosen]).numpy()
        return found


def pooled(states: Tensor, attention_mask: Tensor) -> Tensor:
    """Mean over the word pieces that are no padding, at unit length: (n, length, hidden) -> (n, hidden)."""
    import torch

    mask = attention_mask.unsqueeze(-1).to(states.dtype)
    mean = (states * mask).sum(1) / torch.clamp(mask.sum(1), min=1.0)
    return torch.nn.functional.normalize(mean, dim=1)


def new(base: str | Path, labels: Sequence[str]) -> IntentModel:
    """The base model with a fresh head; seed torch before."""
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # a bar about a file, drawn across ours
    encoder = AutoModel.from_pretrained(str(base), trust_remote_code=False)
    head = torch.nn.Linear(encoder.config.hidden_size, len(labels))
    return IntentModel(encoder, AutoTokenizer.from_pretrained(str(base)), head, tuple(labels))


def save(model: IntentModel, folder: Path) -> None:
    """Safetensors and JSON only."""
    from safetensors.torch import save_file

    model.encoder.save_pretrained(folder / "encoder", safe_serialization=True)
    model.tokenizer.save_pretrained(folder / "encoder")
    state = {name: tensor.detach().contiguous() for name, tensor in model.head.state_dict().items()}
    save_file(state, folder / "head.safetensors")
    (folder / "labels.json").write_text(json.dumps(list(model.labels), indent=1) + "\n", encoding="utf-8")


def read_head(folder: Path) -> Head:
    """The head that `save` wrote, without torch. Raises DataError when head and labels do not fit each other."""
    from safetensors.numpy import load_file

    labels: list[str] = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    state = load_file(folder / "head.safetensors")
    if state["weight"].shape[0] != len(labels):
        raise DataError(
            f"the model in {folder} does not fit its labels",
            allowed=f"{len(labels)} rows in head.safetensors",
            found=f"{state['weight'].shape[0]} rows",
            next="mill run --force --only --stage finetune",
        )
    return Head(state["weight"], state["bias"], tuple(labels))


def restore(folder: Path) -> IntentModel:
    """The model that `save` wrote. Raises DataError when head and labels do not fit each other."""
    import torch

    head = read_head(folder)
    model = new(folder / "encoder", head.labels)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(head.weight))
        model.head.bias.copy_(torch.from_numpy(head.bias))
    model.encoder.eval()
    return model


def source(model: IntentModel) -> Source:
    """What conversion.py makes an IR of: texts to embeddings, without the head."""
    from modelmill.inference import conversion

    return conversion.of_encoder(model.encoder, pooled, model.tokenizer, model.all_embeddings, MAX_TOKENS)
