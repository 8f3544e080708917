"""From units to a report, for real: worker process, MLflow, artifacts, PostgreSQL; with a base model of two layers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Engine, func, select, update

from modelmill import asking, plan, tracking
from modelmill.datasets.stage import build
from modelmill.deploy.stage import deploy
from modelmill.embed.encoder import artifact_source
from modelmill.errors import DataError, PrerequisiteError, UserError
from modelmill.evaluate import reports
from modelmill.evaluate.stage import evaluate
from modelmill.evaluate.unseen import SLICE
from modelmill.extract.stage import extract
from modelmill.finetune import stage, training
from modelmill.finetune.executors import local
from modelmill.finetune.stage import finetune
from modelmill.normalize.stage import normalize
from modelmill.progress import Step
from modelmill.records import Dataset
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import artifacts, candidates, corpora, publications, tables, vectors
from modelmill.task import Gate, Predictor, Task, get_task

ARGV = ["-m", "modelmill.finetune.worker"]
MODULES = (
    "bisect.py",
    "calendar.py",
    "fractions.py",
    "heapq.py",
    "shlex.py",
    "statistics.py",
    "textwrap.py",
    "wave.py",
)
NOT_SERVED = {
    "torch", "transformers", "sentence_transformers", "nncf", "onnx", "sklearn", "dagster", "mlflow",
    "openvino_telemetry"
}  # fmt: skip
PARAMS = {
    "semantic_search": {"pairs": 32, "epochs": 1, "batch": 16, "learning_rate": 1e-3, "frozen_layers": 0},
    "intent_classification": {
        "epochs": 1, "batch": 64, "learning_rate": 1e-3, "head_learning_rate": 1e-2, "frozen_layers": 0
    },
}  # fmt: skip


@pytest.fixture
def small(settings: Settings, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with the tiny base model, in the environment too."""
    monkeypatch.setenv("MILL_BASE_MODEL", str(tiny_base))
    return settings.model_copy(update={"base_model": str(tiny_base)})


@pytest.fixture
def converted(
    small: Settings,
    with_tiny_base: Callable[[Settings, str], Settings],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Settings:
    """The same, with its models run by OpenVINO, or by the library that a test names."""
    made = with_tiny_base(small, getattr(request, "param", "openvino"))
    monkeypatch.setenv("MILL_ENGINE", made.engine)
    return made


def task_with_few_steps(name: str) -> Task:
    return replace(get_task(name), params=dict.fromkeys(("tiny", "small", "full"), PARAMS[name]))


def dataset_of(settings: Settings, db: Engine, task: Task) -> Dataset:
    """The frozen dataset of some real modules and the catalog."""
    library, code = Path(sysconfig.get_path("stdlib")), settings.root / "code"
    code.mkdir()
    for name in MODULES:
        shutil.copy(library / name, code)
    for name in ("catalog", "eval"):
        shutil.copytree(CHECKOUT / "data" / name, settings.data_dir / name)
    for name, folder in (("code", code), ("catalog", settings.data_dir / "catalog")):
        corpora.add(settings, db, name, str(folder), "Apache-2.0", consent=True)
        extract(settings, db, corpora.get(db, settings.tenant, name))
        normalize(settings, db, corpora.get(db, settings.tenant, name))
    return build(settings, db, task, "tiny", 17).dataset


def test_a_search_model_is_trained_once_measured_once_and_refused_when_altered(small: Settings, db: Engine) -> None:
    task = task_with_few_steps("semantic_search")
    dataset = dataset_of(small, db, task)
    steps: list[Step] = []
    trained = finetune(small, db, task, dataset, "tiny", 17, steps.append)
    assert trained.fresh
    assert {"training", "validation"} <= {step.what for step in steps}
    assert (trained.candidate.path / "model.safetensors").is_file()
    assert candidates.newest(small, db, task.name) == trained.candidate

    again = finetune(small, db, task, dataset, "tiny", 17)
    assert (again.candidate, again.fresh) == (trained.candidate, False)

    measured = evaluate(small, db, task, trained.candidate, steps.append)
    report = measured.report
    assert measured.fresh
    assert report.n == dataset.counts["test"] > 20
    assert report.value.low <= report.value.value <= report.value.high
    assert report.scores["mrr"].keys() == {"candidate", "baseline", "bm25"}
    assert report.latency_ms > 0
    assert (
        reports.latest(db, task) == reports.get(db, report.id) == reports.for_candidate(db, report.candidate_sha256, "")
    )
    assert reports.details(db, report.id)["failures"]
    once_more = evaluate(small, db, task, trained.candidate)
    assert (once_more.report, once_more.fresh) == (report, False)
    assert tracked(small, trained.candidate.mlflow_run_id) == pytest.approx(report.value.value)
    (learnt_from,) = tracking.client(small).get_run(trained.candidate.mlflow_run_id).inputs.dataset_inputs
    assert learnt_from.dataset.digest == dataset.sha256[:32]
    (nested,) = nested_runs(small, task.name, trained.candidate.mlflow_run_id)
    assert nested.data.params["against"] == task.baseline_name and nested.data.tags["gate"]
    assert nested.data.metrics["test_mrr_bm25"] == pytest.approx(report.scores["mrr"]["bm25"])
    assert nested.data.metrics["delta_baseline_low"] == pytest.approx(report.delta_baseline.low)

    weights = trained.candidate.path / "model.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with db.begin() as conn:
        conn.execute(tables.publication.delete().where(tables.publication.c.asset == "semantic_search/report"))
    with pytest.raises(DataError, match=r"model\.safetensors"):
        evaluate(small, db, task, trained.candidate)
    assert publications.current(db, "semantic_search/report") is None


def test_a_release_is_searched_with_its_own_vectors_and_two_releases_later_they_are_gone(
    converted: Settings, db: Engine
) -> None:
    small = converted
    easy = Gate(min_gain=-2.0, max_loss=2.0, max_slice_loss=2.0)
    task = replace(task_with_few_steps("semantic_search"), gate=easy)
    dataset = dataset_of(small, db, task)
    names: list[str] = []
    for seed in (1, 2, 3):
        trained = finetune(small, db, task, dataset, "tiny", seed).candidate
        report = evaluate(small, db, task, trained).report
        deployed = deploy(small, db, task)
        assert deployed.release is not None and deployed.release.status == "champion", deployed.reason
        names.append(artifact_source(small, trained.sha256).name)
        assert names[-1] in str(publications.all_current(db, "vectors")["code"].detail)
        assert plan.corpus_reasons(small, db, corpora.get(db, small.tenant, "code")) == []
        assert (SLICE in report.slices) == (seed > 1)
    with db.connect() as conn:
        assert set(vectors.models(conn)) == set(names[1:])
    assert artifact_source(small.model_copy(update={"engine": "torch"}), trained.sha256).name not in names
    [answer] = answers_alone(task.name, trained.sha256, {"query": "the median of some numbers", "k": 3})
    assert len(answer["results"]) == 3
    hits = asking.search(small, db, "the median of some numbers", 3, {})
    assert [(hit.unit.name, round(hit.score, 3)) for hit in hits] == [
        (one["name"], round(one["score"], 3)) for one in answer["results"]
    ], "mill search and the release agree"


@pytest.mark.parametrize("converted", ["onnxruntime"], indirect=True)
def test_a_classifier_worse_than_word_counts_is_refused_and_says_why(
    converted: Settings, db: Engine, word_counts: Callable[[Dataset], Predictor]
) -> None:
    small = converted
    task = replace(task_with_few_steps("intent_classification"), baseline=word_counts)
    trained = finetune(small, db, task, dataset_of(small, db, task), "tiny", 17)
    report = evaluate(small, db, task, trained.candidate).report
    assert not report.passed
    assert "accuracy minus baseline" in report.reasons[0]
    assert set(report.slices) == {"mixed", "out_of_scope", "paraphrase", "plain", "terse", "typo"}
    assert sum(part["n"] for part in report.slices.values()) == report.n == 439
    calibration_error = report.scores["calibration_error"]["candidate"]
    assert calibration_error is not None
    assert 0 <= calibration_error < 0.5
    assert "probability of the right label" in report.engines["candidate"]
    [answer] = answers_alone(task.name, trained.candidate.sha256, {"text": "which machine breaks next?"})
    assert answer["confidence"] > 0


def answers_alone(task: str, candidate_sha256: str, asked: Mapping[str, Any]) -> list[Any]:
    """What a release's service answers, in a process of its own that never loaded what trained the model."""
    program = (
        "import json, sys; from serving import release; from serving.model import One\n"
        "model, asked = release.model, json.loads(sys.argv[2])\n"
        "model.about = json.loads(sys.argv[1])\n"
        "model.load()\n"
        "print(json.dumps([one.model_dump(mode='json') for one in model._predict("
        "[One(model.settings.tenant, model.task.input(**asked))])]))\n"
        "print(json.dumps(sorted({name.split('.')[0] for name, module in sys.modules.items() if module})))"
    )
    about = json.dumps({"task": task, "candidate_sha256": candidate_sha256})
    done = subprocess.run(
        [sys.executable, "-c", program, about, json.dumps(asked)],
        capture_output=True, text=True, cwd=CHECKOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers, modules = (json.loads(line) for line in done.stdout.splitlines()[-2:])
    assert set(modules) & NOT_SERVED == set()
    return answers


def tracked(settings: Settings, run_id: str | None) -> float:
    """The main score as MLflow has it."""
    assert run_id is not None
    return tracking.client(settings).get_run(run_id).data.metrics["test_mrr"]


def nested_runs(settings: Settings, experiment: str, run_id: str | None) -> list[Any]:
    """The runs that MLflow shows beneath that run."""
    mlflow = tracking.client(settings)
    known = mlflow.get_experiment_by_name(experiment)
    assert known is not None
    return list(mlflow.search_runs([known.experiment_id], f"tags.`{tracking.PARENT}` = '{run_id}'"))


@pytest.fixture
def frozen(settings: Settings, db: Engine, tmp_path: Path) -> Dataset:
    """A dataset whose file was broken when it was frozen."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text('{"counts": {"train": 1}}')
    (tmp_path / "broken" / "train.parquet").write_text("not Parquet")
    sha256, path = artifacts.publish_dir(settings, tmp_path / "broken", "dataset")
    made = Dataset(sha256, "semantic_search", path, {"train": 3}, {"sources": []})
    with db.begin() as conn:
        conn.execute(
            tables.dataset.insert().values(
                sha256=made.sha256, task=made.task, path=str(made.path), counts={"train": 3}, manifest={}
            )
        )
    return made


def test_a_tainted_dataset_trains_nothing(settings: Settings, db: Engine, frozen: Dataset) -> None:
    with db.begin() as conn:
        conn.execute(update(tables.dataset).values(tainted="corpus demo was removed"))
    with pytest.raises(UserError, match="nothing is trained") as caught:
        finetune(settings, db, get_task("semantic_search"), frozen, "tiny", 17)
    assert "corpus demo was removed" in caught.value.found


def test_a_failed_training_publishes_nothing_and_tells_the_workers_error(
    settings: Settings, db: Engine, frozen: Dataset
) -> None:
    with pytest.raises(DataError, match=r"train\.parquet"):
        finetune(settings, db, get_task("semantic_search"), frozen, "tiny", 17)
    with db.connect() as conn:
        assert conn.execute(select(func.count()).select_from(tables.candidate)).scalar_one() == 0
    assert publications.current(db, "semantic_search/candidate") is None
    assert list((settings.home_dir / "staging").iterdir()) == []


def test_without_a_candidate_there_is_nothing_to_evaluate(settings: Settings, db: Engine) -> None:
    with pytest.raises(UserError, match="nothing to evaluate"):
        evaluate(settings, db, get_task("semantic_search"), None)


# As safetensors said it where a model was written to a full tmpfs. It renames over its target: /dev/full is none.
FULL_DISK = """
import sys; from pathlib import Path; from safetensors import SafetensorError
from modelmill.finetune import worker
def train(spec, say):
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
worker.train = train
sys.exit(worker.main(Path(sys.argv[1])))
"""


def test_a_worker_without_space_for_its_model_says_that_the_disk_is_full(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text("{}")
    done = subprocess.run([sys.executable, "-c", FULL_DISK, spec], capture_output=True, text=True, check=False)
    event = json.loads(done.stdout)
    assert (event["event"], event["kind"], done.returncode) == ("failed", "PrerequisiteError", 3)
    assert event["error"]["failed"] == "the disk is full" and "No space left" in event["error"]["found"]


def test_a_worker_that_is_killed_is_an_error_and_none_is_left(settings: Settings, tmp_path: Path) -> None:
    pipe = tmp_path / "manifest.json"  # reading a pipe that nobody writes to waits for ever
    os.mkfifo(pipe)
    spec: Mapping[str, Any] = {
        "task": "t", "recipe": "contrastive", "dataset": str(tmp_path), "dataset_sha256": "d", "staging": str(tmp_path),
        "base": "b", "params": {}, "seed": 1,
    }  # fmt: skip

    def kill() -> None:
        while not (workers := [p for p in psutil.Process().children(recursive=True) if p.cmdline()[1:3] == ARGV]):
            threading.Event().wait(0.1)
        workers[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(PrerequisiteError, match="ended with code -9"):
        local.execute(settings, spec, print)
    killer.join()
    assert [p for p in psutil.Process().children(recursive=True) if p.cmdline()[1:3] == ARGV] == []


def test_the_best_of_the_trials_is_trained_and_recorded_and_a_killed_search_repeats_none(
    small: Settings, db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_with_few_steps("semantic_search")
    dataset = dataset_of(small, db, task)
    searching = small.model_copy(update={"trials": 2})
    steps: list[Step] = []

    def killed(step: Step) -> None:
        steps.append(step)
        if step.what.startswith("trial 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finetune(searching, db, task, dataset, "tiny", 17, killed)
    before = len(steps)
    made = finetune(searching, db, task, dataset, "tiny", 17, steps.append).candidate
    again = {step.what.partition(":")[0] for step in steps[before:] if step.what.startswith("trial")}
    assert again == {"trial 2 of 2"}
    assert not finetune(searching, db, task, dataset, "tiny", 17).fresh
    assert made.params.keys() == task.params["tiny"].keys()

    mlflow = tracking.client(searching)
    run = mlflow.get_run(made.mlflow_run_id or "")
    search = mlflow.get_run(run.data.tags["search_run"])
    tried = mlflow.search_runs([run.info.experiment_id], f"tags.`{tracking.PARENT}` = '{search.info.run_id}'")
    assert [one.info.status for one in tried] == ["FINISHED"], "the others are nested in the run that was ended"
    assert run.data.metrics["validation_mrr"] == search.data.metrics["best_validation_mrr"], "the same job, made again"
    assert json.loads((made.path / "training.json").read_text())["trials"] == 2
    without, searched = (stage.inputs(one, task, dataset, "tiny", 17) for one in (small, searching))
    last = publications.current(db, "semantic_search/candidate")
    assert last is not None and last.input_hash == searched != without, "without a search it is another model"


def test_a_training_whose_worker_was_killed_goes_on_where_it_was(
    small: Settings, db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    task = get_task("semantic_search")
    task = replace(task, params={"tiny": {**PARAMS[task.name], "epochs": 8}})
    dataset = dataset_of(small, db, task)

    def files() -> list[Path]:
        return list((small.home_dir / "checkpoints").rglob("*.safetensors"))

    def interrupt(step: Step) -> None:
        while step.what == "training" and not files():
            threading.Event().wait(0.01)
        if step.what == "training":
            raise InterruptedError  # the worker is killed on the way out

    with pytest.raises(InterruptedError):
        finetune(small, db, task, dataset, "tiny", 17, interrupt)
    [kept] = files()
    done = int(kept.name[:8])
    assert publications.current(db, "semantic_search/candidate") is None
    steps: list[Step] = []
    trained = finetune(small, db, task, dataset, "tiny", 17, steps.append)
    assert min(step.done for step in steps if step.what == "training") > done > 0
    curve = tracking.curves(small, str(trained.candidate.mlflow_run_id))["loss"]
    assert [step for step, _ in curve] == list(range(1, 17)), "the curve of the new record is whole"
    assert not (small.home_dir / "checkpoints").exists() or files() == []
