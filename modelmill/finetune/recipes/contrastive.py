"""Contrastive fine-tuning of a sentence embedding model on (query, passage) pairs.

Multiple-negatives ranking loss (https://arxiv.org/abs/1705.00652, section 4): within a batch every other passage is a
negative; cosine times 20, as sentence-transformers has it. Afterwards it is converted to what will
answer (inference/conversion.py), judged by validation queries; what words add to its vectors (predictors/hybrid.py) and
the confidence of a first result are fitted on them, and on halves of their functions for queries that are code.
params: pairs, epochs, batch, learning_rate, frozen_layers, batches ("length": least padding, the default; "group": from
one package, so harder negatives; "neighbours": passages that the base model takes for alike, harder still).
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from modelmill.finetune import loop
from modelmill.finetune.recipe import Job
from modelmill.finetune.trials import Choice, Ranges, Span
from modelmill.predictors.code import all_torn
from modelmill.records import Example

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from modelmill.embed.encoder import SentenceEncoder
    from modelmill.predictors.search import Confidence, SearchPredictor
    from modelmill.task import Task

VERSION = 6
SCORE = "validation_mrr"
RANGES: Ranges = {
    "learning_rate": Span(2e-5, 5e-4, log=True),
    "frozen_layers": Span(-1, 4),
    "batches": Choice(("group", "length", "neighbours")),
}
JUDGED = 600  # queries that int8 is judged by, each among all their passages; 300 refused good ones by chance


def train(job: Job) -> dict[str, float]:
    """Write the model in sentence-transformers' layout, with the words and confidences beside it."""
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    from modelmill.embed.encoder import load_encoder, load_sentence_model

    rng = random.Random(job.seed)
    loop.seed_everything(job.seed, job.settings.threads)
    encoder = load_sentence_model(job.settings, job.base)
    chosen = rng.sample(list(job.train), min(int(job.params["pairs"]), len(job.train)))
    size = int(job.params["batch"])
    planned = [
        batch
        for _ in range(int(job.params["epochs"]))
        for batch in _batches(job, chosen, size, rng)
        if len(batch) > 1  # alone in a batch a pair has nothing to be told from
    ]
    objective = MultipleNegativesRankingLoss(encoder.model)

    def loss_of(batch: list[Example]) -> Any:
        return objective([encoder.model.preprocess(column) for column in (_queries(batch), _passages(batch))], None)

    encoder.model.train()
    weights = loop.trainable(encoder.model[0].auto_model, int(job.params["frozen_layers"]))
    group = {"params": weights, "lr": float(job.params["learning_rate"])}
    loss = loop.run([group], planned, loss_of, job.say, job.checkpoints)
    encoder.model.eval()
    encoder.model.save_pretrained(str(job.staging), create_model_card=False, safe_serialization=True)
    _convert(encoder, job, chosen)
    measured = _validate(load_encoder(job.settings, job.staging), job, _unused(job.train, chosen))
    return {"loss": loss, "pairs": float(len(chosen)), "steps": float(len(planned)), **measured}


def _batches(job: Job, chosen: Sequence[Example], size: int, rng: random.Random) -> list[list[Example]]:
    if job.params.get("batches") == "group":
        return loop.batches_by_group(chosen, size, rng, lambda e: e.group)
    if job.params.get("batches") == "neighbours":
        return loop.batches_by_neighbours(chosen, size, rng, _base_rows(job, chosen))
    return loop.batches(chosen, size, rng, lambda e: len(e.target["passage"]))


def _base_rows(job: Job, chosen: Sequence[Example]) -> np.ndarray:
    """What the base model makes of the passages, by what runs it fastest."""
    from modelmill.embed.encoder import load_encoder

    return load_encoder(job.settings, job.base).encode(_passages(chosen))


def _convert(encoder: SentenceEncoder, job: Job, chosen: Sequence[Example]) -> None:
    """The IR that will answer, where OpenVINO is to run the models; what follows is measured with it."""
    from modelmill.inference import conversion, engine, retrieval

    if engine.wanted(job.settings) == "torch":
        return
    job.say.step("converting", 0, 1)
    judged = sorted(job.validation, key=lambda e: e.sha256)[:JUDGED] or chosen[:JUDGED]
    judge = retrieval.judge(_queries(judged), _passages(judged))
    texts = [*_queries(chosen), *_passages(chosen)]
    source = partial(conversion.of_sentences, encoder.model, encoder.encode)
    made = conversion.make(source, job.staging, texts, judge, precisions=engine.precisions(job.settings))
    job.say.step("converting", 1, 1, made.kind)


def _queries(examples: Sequence[Example]) -> list[str]:
    return [str(example.input["query"]) for example in examples]


def _passages(examples: Sequence[Example]) -> list[str]:
    return [str(example.target["passage"]) for example in examples]


def _unused(train: Sequence[Example], chosen: Sequence[Example]) -> list[Example]:
    """What the model was not trained on, if there is any: passages it knows would be easier to tell from others."""
    used = {example.sha256 for example in chosen}
    return [one for one in train if one.sha256 not in used] or list(train)


def _validate(encoder: Any, job: Job, unused: Sequence[Example]) -> dict[str, float]:
    """Weigh words and fit confidences on validation queries, each looked for among as many passages as in a test."""
    from modelmill.evaluate.ranking import index_of, rank_in
    from modelmill.predictors import hybrid, lexicon
    from modelmill.predictors.search import CODE_CONFIDENCE, CONFIDENCE, UNFITTED, SearchPredictor, protocol
    from modelmill.task import get_task

    asked, others = protocol(unused, job.validation)
    if not asked:
        _write(job.staging / CONFIDENCE, UNFITTED)
        return {}
    job.say.step("validation", 0, len(asked))
    task = get_task(job.task)
    alone = SearchPredictor(encoder, UNFITTED, task.output).once()
    index = index_of(alone, [*asked, *others])
    words = hybrid.fitted_to_code(hybrid.fitted(alone, index, asked, job.train), alone, asked, others)
    lexicon.save(words, job.staging)
    served = replace(alone, words=words)
    confidence, measured = _measured(task, served, index, asked, len(asked) + len(others))
    _write(job.staging / CONFIDENCE, confidence)
    dense = rank_in(alone, index, _inputs(task, asked), asked)["mrr"]
    told = {**measured, "dense_mrr": float(dense.mean()), "words_weight": words.weight}
    halves = [*all_torn(asked)][: hybrid.CODE_QUERIES]
    if halves:
        among = [*halves, *all_torn(others)][: hybrid.AMONG_CODE]
        confidence, by_code = _measured(task, served, index_of(served, among), halves, len(among))
        _write(job.staging / CODE_CONFIDENCE, confidence)
        told |= {"code_mrr": by_code["mrr"], "code_words_weight": words.weight_for(str(halves[0].input["query"]))}
    job.say.step("validation", len(asked), len(asked))
    return {name if name.endswith("weight") else f"validation_{name}": number for name, number in told.items()}


def _measured(
    task: Task, served: SearchPredictor, index: Any, asked: Sequence[Example], among: int
) -> tuple[Confidence, dict[str, float]]:
    """How sure a first result is, and how well what is right is found."""
    from modelmill.evaluate.ranking import rank_in

    seen = _Seen(served)
    arrays = rank_in(seen, index, _inputs(task, asked), asked)
    return fit_confidence(seen.tops, arrays["recall_at_1"].tolist(), among), {"mrr": float(arrays["mrr"].mean())}


def _inputs(task: Task, asked: Sequence[Example]) -> list[Any]:
    return [task.input(query=query, k=100) for query in _queries(asked)]


def _write(file: Path, confidence: Confidence) -> None:
    file.write_text(json.dumps(asdict(confidence), indent=1) + "\n", encoding="utf-8")


class _Seen:
    """A predictor that remembers score and lead of every first result."""

    def __init__(self, inner: SearchPredictor) -> None:
        self.inner = inner
        self.tops: list[tuple[float, float]] = []

    def predict(self, inputs: Any, index: Any = None) -> list[Any]:
        """The predictor's own answers."""
        outputs = self.inner.predict(inputs, index)
        for output in outputs:
            first, *rest = [result.score for result in output.results]
            self.tops.append((first, first - rest[0] if rest else 0.0))
        return outputs


def fit_confidence(tops: Sequence[tuple[float, float]], right: Sequence[float], among: int) -> Confidence:
    """Logistic regression of right (0 or 1) on (score, lead). among: how many passages they were found among.

    Two invented observations, nothing found and wrong, all found and right, keep it sane where all are right or wrong.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    from modelmill.predictors.search import Confidence

    features = np.array([*tops, (0.0, 0.0), (1.0, 0.5)])
    fitted = LogisticRegression(C=100.0, max_iter=1000).fit(features, np.array([*right, 0.0, 1.0]))
    score, lead = (float(weight) for weight in fitted.coef_[0])
    return Confidence(float(fitted.intercept_[0]), score, lead, len(right), among)
