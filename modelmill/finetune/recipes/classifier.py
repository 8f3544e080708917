"""Fine-tuning of a sentence model with a linear head for labels, out of scope being one of them.

First the head alone, by logistic regression on the base model's embeddings, then all of it: a head that starts at
random would first spoil the embeddings (linear probing, then fine-tuning: https://arxiv.org/abs/2202.10054).
Cross entropy with label smoothing .05; a share of the words is mistyped anew in every epoch. Then the head is drawn
towards the mean of each label's texts where validation asks for it (finetune/prototypes.py). It is converted to
what will answer (inference/conversion.py), judged by the probability of what is right on the validation split; gets a
speller where that helps there (predictors/spelling.py); and is calibrated there (predictors/calibration.py).
params: epochs, batch, learning_rate, head_learning_rate, frozen_layers, typos (share of words), weight_described (of
examples that describe instead of ask; 1 unless said), outside (share of queries that is expected to be out of scope;
calibration.OUTSIDE unless said), averaged (share of the steps, the last ones, whose weights are averaged; 0 unless
said), framed (share of the texts that get words around them that change nothing, finetune/framing.py; 0 unless said),
bare (whether punctuation behind words is left out, here and when it answers: predictors/reading.py; not unless said).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelmill.datasets.intent_labels import OUT_OF_SCOPE
from modelmill.errors import DataError
from modelmill.finetune import loop
from modelmill.finetune.framing import frame
from modelmill.finetune.recipe import Job
from modelmill.finetune.trials import Ranges, Span
from modelmill.finetune.typos import mistype
from modelmill.records import Example

if TYPE_CHECKING:
    import numpy as np

    from modelmill.inference.conversion import Judge, Rows
    from modelmill.predictors.calibration import Calibration
    from modelmill.predictors.intent import Classifier
    from modelmill.predictors.intent_model import Head, IntentModel
    from modelmill.predictors.reading import Reading

VERSION = 8
SCORE = "validation_accuracy"
RANGES: Ranges = {
    "learning_rate": Span(2e-5, 1e-3, log=True),
    "head_learning_rate": Span(2e-4, 1e-2, log=True),
    "frozen_layers": Span(-1, 4),
    "typos": Span(0.0, 0.3),
    "framed": Span(0.0, 0.6),
}
Asked = tuple[str, str, str]  # text, label, kind
SMOOTHING = 0.05
SLIPS = 0.3  # share of the words that are mistyped to decide about spelling: about two a query
PROBE_C = 5.0  # best on validation of 1, 5, 20, 100 (docs/experiments.md)


def train(job: Job) -> dict[str, float]:
    """Write encoder, head, labels and calibration."""
    from modelmill.embed.encoder import location
    from modelmill.predictors import intent_model
    from modelmill.predictors.intent import CALIBRATION, INDUSTRIES, classifier
    from modelmill.predictors.labels import industries_of
    from modelmill.predictors.reading import Reading

    reading = Reading(bare=bool(job.params.get("bare", False)))
    job = replace(job, train=_read(job.train, reading), validation=_read(job.validation, reading))
    rng = random.Random(job.seed)
    loop.seed_everything(job.seed, job.settings.threads)
    model = intent_model.new(location(job.base), _labels(job.train))
    planned = [
        _changed(batch, rng, job.params, reading)
        for _ in range(int(job.params["epochs"]))
        for batch in loop.batches(job.train, int(job.params["batch"]), rng, lambda e: len(str(e.input["text"])))
    ]
    loss = _fit(model, planned, job)
    known = _known(job, model.labels)
    drawn = _draw_head(model, job, known)
    intent_model.save(model, job.staging)
    _convert(model, job)
    ready = classifier(job.settings, job.staging)
    reading, spelled = _spelling(ready, job, known, model.tokenizer.get_vocab(), reading)
    calibration, measured = _calibrate(ready, job, known, reading)
    _write(job.staging / CALIBRATION, asdict(calibration))
    _write(job.staging / INDUSTRIES, industries_of(job.train))
    size = {"examples": float(len(job.train)), "steps": float(len(planned))}
    return {"loss": loss, **size, **drawn, **spelled, **measured}


def _fit(model: IntentModel, planned: list[list[Asked]], job: Job) -> float:
    """The head alone, then all of it; returns the loss."""
    job.say.step("linear head", 0, len(job.train))
    _fit_head(model, job.train)
    model.encoder.train()
    weights = loop.trainable(model.encoder, int(job.params["frozen_layers"]))
    groups = [
        {"params": weights, "lr": float(job.params["learning_rate"])},
        {"params": list(model.head.parameters()), "lr": float(job.params["head_learning_rate"])},
    ]
    averaged = float(job.params.get("averaged", 0.0))
    loss = loop.run(groups, planned, lambda batch: _loss(model, batch, job), job.say, job.checkpoints, averaged)
    model.encoder.eval()
    return loss


def _write(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _fit_head(model: IntentModel, train: Sequence[Example]) -> None:
    """Logistic regression on the base model's embeddings as the head to start from."""
    import torch
    from sklearn.linear_model import LogisticRegression

    model.encoder.eval()
    embeddings = model.all_embeddings(_texts(train))
    fitted = LogisticRegression(C=PROBE_C, max_iter=1000).fit(embeddings, [str(e.target["label"]) for e in train])
    weight, bias = torch.from_numpy(fitted.coef_), torch.from_numpy(fitted.intercept_)
    if len(model.labels) == 2:  # scikit-learn has one row for two labels
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    with torch.no_grad():
        model.head.weight.copy_(weight)
        model.head.bias.copy_(bias)


def _draw_head(model: IntentModel, job: Job, known: Sequence[Example]) -> dict[str, float]:
    """Towards the prototypes of what is asked: of what is described only where a label has nothing else."""
    import torch

    from modelmill.finetune import prototypes

    if not known:
        return {}
    asked = {str(e.target["label"]) for e in job.train if e.kind != "described"}
    shown = [e for e in job.train if e.kind != "described" or str(e.target["label"]) not in asked]
    towards = prototypes.of_labels(model.all_embeddings(_texts(shown)), _columns(model, shown), len(model.labels))
    rows, column = model.all_embeddings(_texts(known)), model.labels.index(OUT_OF_SCOPE)
    head = model.head.weight.detach().numpy(), model.head.bias.detach().numpy()
    logits, near = rows @ head[0].T + head[1], rows @ towards.T
    chosen = prototypes.strength(logits, near, _columns(model, known), column, _outside(job))
    with torch.no_grad():
        model.head.weight += chosen * torch.from_numpy(towards)
    return {"prototypes": chosen}


def _columns(model: IntentModel | Classifier, examples: Sequence[Example]) -> np.ndarray:
    """(n,) of each example's label."""
    import numpy as np

    return np.array([model.labels.index(str(e.target["label"])) for e in examples], dtype=int)


def _outside(job: Job) -> float:
    from modelmill.predictors import calibration

    return float(job.params.get("outside", calibration.OUTSIDE))


def _labels(examples: Any) -> list[str]:
    """In alphabetical order. Raises DataError when there is nothing to tell apart."""
    labels = sorted({str(example.target["label"]) for example in examples})
    if len(labels) < 2 or OUT_OF_SCOPE not in labels:
        raise DataError(
            "the training data cannot teach a classifier",
            allowed=f"two labels or more, {OUT_OF_SCOPE} among them",
            found=", ".join(labels[:5]) or "no example",
            next="add entries with exampleQueries to a corpus that consents to training",
        )
    return labels


def _read(examples: Sequence[Example], reading: Reading) -> list[Example]:
    """The examples with their texts as the model gets them."""
    return [replace(one, input={**one.input, "text": reading(str(one.input["text"]))}) for one in examples]


def _changed(batch: list[Example], rng: random.Random, params: Mapping[str, Any], reading: Reading) -> list[Asked]:
    """With new words around the text and new typing errors."""
    texts = [frame(text, rng, float(params.get("framed", 0.0))) for text in _texts(batch)]
    typed = [reading(mistype(text, rng, float(params.get("typos", 0.0)))) for text in texts]
    return [(text, str(e.target["label"]), e.kind) for text, e in zip(typed, batch, strict=True)]


def _loss(model: IntentModel, batch: list[Asked], job: Job) -> Any:
    import torch

    right = torch.tensor([model.labels.index(label) for _, label, _ in batch])
    described = float(job.params.get("weight_described", 1.0))
    weights = torch.tensor([described if kind == "described" else 1.0 for _, _, kind in batch])
    each = torch.nn.functional.cross_entropy(
        model.logits([text for text, _, _ in batch]), right, label_smoothing=SMOOTHING, reduction="none"
    )
    return (each * weights).sum() / weights.sum()


def _convert(model: IntentModel, job: Job) -> None:
    """The IR that will answer, where OpenVINO is to run the models; what follows is measured with it."""
    from modelmill.inference import conversion, engine
    from modelmill.predictors import intent_model

    if engine.wanted(job.settings) == "torch":
        return
    job.say.step("converting", 0, 1)
    judge = _judge(intent_model.read_head(job.staging), _known(job, model.labels) or job.train)
    source = partial(intent_model.source, model)
    precisions = engine.precisions(job.settings)
    made = conversion.make(source, job.staging, _texts(job.train), judge, precisions=precisions)
    job.say.step("converting", 1, 1, made.kind)


def _judge(head: Head, judged: Sequence[Example]) -> Judge:
    """The mean probability of the right label, out of scope being one of them.

    Not the share of right labels: on 234 queries its ratio to torch's has a standard error of .017, this one .003, and
    a hundredth is to be seen (docs/experiments.md).
    """
    import numpy as np

    from modelmill.inference.conversion import Judge

    right = np.array([head.labels.index(str(e.target["label"])) for e in judged])

    def probability(rows: Rows) -> float:
        logits = np.asarray(rows(_texts(judged)) @ head.weight.T + head.bias, dtype=np.float64)
        chosen = logits[np.arange(len(right)), right]
        return float(np.exp(chosen - np.logaddexp.reduce(logits, axis=1)).mean())

    return Judge("probability of the right label", probability, len(judged))


def _texts(examples: Sequence[Example]) -> list[str]:
    return [str(example.input["text"]) for example in examples]


def _known(job: Job, labels: Sequence[str]) -> list[Example]:
    """The validation examples whose label is known."""
    return [e for e in job.validation if str(e.target["label"]) in labels]


def _spelling(
    model: Classifier, job: Job, known: Sequence[Example], vocabulary: Iterable[str], reading: Reading
) -> tuple[Reading, dict[str, float]]:
    """Written beside the model, with a speller where that answers the validation queries, as they are and mistyped,
    better than without.

    The slips are those that training adds; evaluation makes others.
    """
    import numpy as np

    from modelmill.predictors import reading as readings
    from modelmill.predictors import spelling

    told: dict[str, float] = {}
    if known:
        speller = replace(reading, spelling=spelling.learn(_texts(job.train), vocabulary))
        rng = random.Random(job.seed)
        typed = [*_texts(known), *(mistype(text, rng, SLIPS) for text in _texts(known))]
        wanted = np.tile(_columns(model, known), 2)
        without, spelled = (
            float((model.all_logits([one(text) for text in typed]).argmax(axis=1) == wanted).mean())
            for one in (reading, speller)
        )
        told = {"mistyped_accuracy": without, "mistyped_accuracy_spelled": spelled}
        reading = speller if spelled > without else reading
    readings.save(reading, job.staging)
    return reading, told


def _calibrate(
    model: Classifier, job: Job, known: Sequence[Example], reading: Reading
) -> tuple[Calibration, dict[str, float]]:
    """Fit on the validation examples whose label is known, as the predictor will read them."""
    from modelmill.predictors import calibration

    column, wanted = model.labels.index(OUT_OF_SCOPE), _columns(model, known)
    logits = model.all_logits([reading(text) for text in _texts(known)])
    fitted = calibration.fit(logits, wanted, column, _outside(job))
    chosen = calibration.probabilities(logits, column, fitted).argmax(axis=1)
    return fitted, {"validation_accuracy": float((chosen == wanted).mean())}
