"""Units of real sources, read once a session, and a transformer so small that training it takes seconds."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from modelmill.normalize.language import all_languages
from modelmill.records import Dataset, Dropped, Example, Split, Unit
from modelmill.settings import CHECKOUT, Settings
from modelmill.task import Predictor, Task, all_tasks, get_task

MODULES = ("calendar.py", "difflib.py", "fractions.py", "heapq.py", "shlex.py", "statistics.py", "textwrap.py")


@pytest.fixture(scope="session")
def units() -> list[Unit]:
    """Some modules of the standard library, and the project's catalog, as intake's languages read them."""
    library, catalog = Path(sysconfig.get_path("stdlib")), CHECKOUT / "data/catalog"
    found = [unit for name in MODULES for unit in read("stdlib", "python", library, library / name)]
    for file in sorted((catalog / "src/data").rglob("*.ts")):
        found += read("catalog", "typescript", catalog, file)
    return found


def read(corpus: str, language: str, root: Path, file: Path) -> list[Unit]:
    """The units of one file."""
    path = file.relative_to(root).as_posix()
    drafts = [d for d in all_languages()[language].units(path, file.read_text()) if not isinstance(d, Dropped)]
    return [
        Unit(
            corpus, path, draft.name, draft.kind, language, draft.text, draft.group or path, draft.signature,
            draft.docstring, draft.start_line, draft.end_line, draft.meta,
        )
        for draft in drafts
    ]  # fmt: skip


@pytest.fixture(params=sorted(all_tasks()))
def task(request: pytest.FixtureRequest) -> Task:
    """Every task, one after the other."""
    return all_tasks()[request.param]


@pytest.fixture
def checkout_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that tasks name are those of the checkout."""
    monkeypatch.setenv("MILL_ROOT", str(CHECKOUT))


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT with 2 layers of 32 numbers and random weights that reads letters, in sentence-transformers' layout."""
    import string

    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-base")
    letters = string.ascii_lowercase + string.digits
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{one}" for one in letters)]
    (folder / "vocab.txt").write_text("\n".join(words))
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64)
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=64)
    SentenceTransformer(modules=[transformer, Pooling(32, "mean")], device="cpu").save_pretrained(
        str(folder / "model"), create_model_card=False
    )
    return folder / "model"


@pytest.fixture(scope="session")
def with_tiny_base(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Settings, str], Settings]:
    """An installation's settings, with the tiny base model run by a library (openvino, onnxruntime).

    A session converts it once for each library, in a process of its own, as an installation does; each gets a copy.
    """
    from modelmill.embed.encoder import encoder_source

    @cache
    def converted(library: str) -> Path:
        home = tmp_path_factory.mktemp(library)
        made = Settings(root=home, home=home, base_model=str(tiny_base), engine=library, profile="tiny", seed=17)  # type: ignore[arg-type]
        encoder_source(made, made=True)
        return home

    def run_by(settings: Settings, library: str) -> Settings:
        shutil.copytree(converted(library), settings.home_dir, dirs_exist_ok=True)
        return settings.model_copy(update={"engine": library, "base_model": str(tiny_base)})

    return run_by


@pytest.fixture(scope="session")
def word_counts() -> Callable[[Dataset], Predictor]:
    """The baseline of intent classification: fitted, which takes some ten seconds, once for the same examples."""
    fitted: dict[tuple[bytes, ...], Predictor] = {}

    def of(dataset: Dataset) -> Predictor:
        learnt = tuple((dataset.path / f"{name}.parquet").read_bytes() for name in (Split.TRAIN, Split.VALIDATION))
        if learnt not in fitted:
            fitted[learnt] = get_task("intent_classification").baseline(dataset)
        return fitted[learnt]

    return of


def as_split(examples: Sequence[Example], split: str) -> list[Example]:
    """The same examples in another split."""
    return [replace(example, split=Split(split)) for example in examples]
