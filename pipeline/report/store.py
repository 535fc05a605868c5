"""Reads what ML Metadata knows of a home folder: experiments with an evaluation, their nets, data and run."""

import json
import os
from pathlib import Path

import tensorflow as tf
from ml_metadata import errors as mlmd_errors
from tfx.orchestration import metadata
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components import artifact_files
from components.evaluation.averaging_plan import BASELINE, AveragingPlan, Group
from components.evaluation.view import View
from components.pushing.pusher import PUSHED, VERSION
from components.recipe import TrainerConfig, from_json
from components.training.trainer import BASE, CONFIG
from models.errors import InputError
from pipeline.environment import Environment
from pipeline.home_name import recorded_name
from pipeline.metadata_connection import check_database, metadata_connection, records_of
from pipeline.report.evaluated import DataSet, Evaluated, Home, Step, TrainedNet
from pipeline.report.home import RUN_FIRST, check_home
from pipeline.report.lineage import Execution, Lineage
from pipeline.report.localised_run import LocalisedRun, localised_run
from pipeline.store_path import StorePath


def read_home(environment: Environment) -> Home:
    """Reads ML Metadata.

    Raises:
        InputError: there is none, it cannot be read, or no evaluation has finished.
    """
    check_home(environment)
    check_database(environment)
    try:
        with metadata.Metadata(metadata_connection(environment)) as handle:
            return _Reader(Lineage(handle.store, recorded_name(environment)), environment).home()
    except (mlmd_errors.StatusError, RuntimeError) as error:
        line = str(error).splitlines()[0]
        raise InputError(f"{records_of(environment)}: is no ML Metadata ({line}); {RUN_FIRST}") from None


class _Reader:
    def __init__(self, lineage: Lineage, environment: Environment):
        self._lineage, self._environment = lineage, environment
        self._nets: dict[int, TrainedNet] = {}
        self._left_out: list[str] = []

    def home(self) -> Home:
        newest: dict[str, tuple[Execution, Execution]] = {}
        for evaluator in self._lineage.of_type("Evaluator"):
            averager = self._averager_of(evaluator)
            if averager and averager.text("experiment"):
                newest[averager.text("experiment")] = (averager, evaluator)
        if not newest:
            raise InputError(f"home folder {self._environment.home}: no finished evaluation; {RUN_FIRST}")
        whole = {name: both for name, both in newest.items() if self._is_there(name, *both)}
        if not whole:
            raise InputError(f"home folder {self._environment.home}: {self._left_out[0]}; {RUN_FIRST}")
        found = [self._evaluated(name, *both) for name, both in whole.items()]
        found.sort(key=lambda evaluated: evaluated.finished, reverse=True)
        return Home(tuple(found), self._nets, tuple(self._left_out))

    def _is_there(self, name: str, averager: Execution, evaluator: Execution) -> bool:
        """Whether the files are that a report needs: people delete a pipeline's folders when disks fill."""
        needed = (evaluator.outputs["evaluation"][0], averager.inputs["statistics"][0])
        folders = map(self._lineage.uri, needed)
        return self._holds_files(f"experiment {name}", *folders, self._predictions(evaluator))

    def _predictions(self, evaluator: Execution) -> str:
        return f"{self._lineage.uri(evaluator.inputs['examples'][0])}/Split-eval"

    def _holds_files(self, what: str, *folders: str) -> bool:
        gone = next((one for one in folders if not tf.io.gfile.glob(os.path.join(one, "*"))), None)
        if gone:
            self._left_out.append(f"{what}: left out, as nothing is in {gone} any more")
        return gone is None

    def _averager_of(self, evaluator: Execution) -> Execution | None:
        predictions = evaluator.inputs.get("examples")
        averager = self._lineage.producer(predictions[0]) if predictions else None
        return averager if averager and averager.type == "Averager" else None

    def _evaluated(self, name: str, averager: Execution, evaluator: Execution) -> Evaluated:
        scorers = [
            self._lineage.producer(artifact)
            for name, artifacts in averager.inputs.items()
            if name.startswith("posteriors")  # of older runs all in one
            for artifact in artifacts
        ]
        views = {from_json(View, scorer.text("view")): scorer for scorer in scorers}
        models = {
            scorer.inputs["model"][0]
            for view, scorer in sorted(views.items())
            if view.weights != BASELINE and "model" in scorer.inputs
        }
        run, executions = self._lineage.run_of(evaluator)
        return Evaluated(
            experiment=name,
            predictions=self._predictions(evaluator),
            evaluation=self._lineage.uri(evaluator.outputs["evaluation"][0]),
            views=tuple(sorted(view for view in views if view.weights != BASELINE)),
            groups=_groups(averager),
            nets=tuple(id_ for id_ in map(self._net, sorted(models)) if id_ is not None),
            data=self._data(averager.inputs["statistics"][0]),
            run=run,
            finished=evaluator.ended,
            steps=tuple(self._step(execution) for execution in executions),
            pushed=self._pushed(executions),
            localised=self._localised(name, evaluator),
        )

    def _localised(self, name: str, evaluator: Execution) -> LocalisedRun | None:
        found = localised_run(self._lineage, evaluator.inputs["examples"][0])
        folders = (found.boxes, found.evaluation) if found else ()
        return found if self._holds_files(f"localisation of {name}", *folders) else None

    def _step(self, execution: Execution) -> Step:
        outputs = [artifact for artifacts in execution.outputs.values() for artifact in artifacts]
        worked = self._lineage.producer(outputs[0]) if execution.cached and outputs else execution
        seconds = worked.ended - worked.started
        return Step(self._lineage.node_of(execution), seconds, execution.cached)

    def _net(self, model: int) -> int | None:
        """The id of a net, which is read together with those that it started from; None where no Trainer made
        the model."""
        trainer = self._lineage.producer(model)
        if trainer is None or trainer.type != "Trainer":
            return None
        if model not in self._nets:
            base = trainer.inputs.get("base_model")
            self._nets[model] = TrainedNet(
                id=model,
                weights=self._lineage.node_of(trainer).partition(".")[2],
                config=_config(trainer),
                base=self._net(base[0]) if base else None,
                model=path_utils.serving_model_path(self._lineage.uri(model)),
                logs=f"{self._lineage.uri(trainer.outputs['model_run'][0])}/logs",
                seconds=trainer.ended - trainer.started,
                init_from=_custom(trainer).get(BASE, ""),
            )
        return model

    def _data(self, statistics: int) -> DataSet:
        statistics_gen = self._lineage.producer(statistics)
        examples = statistics_gen.inputs["examples"][0]
        example_gen = self._lineage.producer(examples)
        artifact = standard_artifacts.ExampleStatistics()
        artifact.uri = self._lineage.uri(statistics)
        artifact.split_names = self._lineage.text(statistics, "split_names")
        images = {
            split: artifact_files.read_statistics(artifact, split).datasets[0].num_examples
            for split in artifact_utils.decode_split_names(artifact.split_names)
        }
        return DataSet(
            folder=example_gen.text("input_base"),
            fingerprint=self._lineage.text(examples, "input_fingerprint"),
            images=images,
            validation=f"{self._lineage.uri(examples)}/Split-eval",
        )

    def _pushed(self, executions: list[Execution]) -> str | None:
        for pusher in (execution for execution in executions if execution.type == "Pusher"):
            for artifact in pusher.outputs.get("pushed_model", []):
                if self._lineage.number(artifact, PUSHED):
                    folder = self._environment.serving / Path(self._lineage.text(artifact, VERSION)).name
                    return str(folder) if isinstance(folder, StorePath) or folder.is_dir() else None
        return None


def _groups(averager: Execution) -> tuple[Group, ...]:
    """Of the average over all; empty where an older version of this project wrote its plan otherwise."""
    try:
        return from_json(AveragingPlan, averager.text("averages")).without_baseline().averages[-1].groups
    except (TypeError, ValueError, KeyError, IndexError):
        return ()


def _config(trainer: Execution) -> TrainerConfig | None:
    try:
        return from_json(TrainerConfig, _custom(trainer)[CONFIG])
    except (TypeError, ValueError, KeyError):
        return None


def _custom(trainer: Execution) -> dict:
    return json.loads(trainer.text("custom_config") or "null") or {}
