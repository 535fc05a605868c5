"""The demo's nodes, and shorter runs of it as scripts for a process."""

NODES = {
    "ShardExampleGen",
    "StatisticsGen",
    "WrittenSchemaGen",
    "ExampleValidator",
    "AnomalyGate",
    "Transform",
    "UndecodableGate",
    "Trainer.demo",
    "Exporter",
    "Scorer.demo.dense.64",
    "Scorer.demo.dense.72",
    "Scorer.demo.dense.80",
    "Averager",
    "Evaluator",
    "InfraValidation",
    "Pusher",
}

# The demo with one epoch of training, once for each bound of the top-1 error and its environment variables.
# One process for all, since importing TFX costs as much as such a run.
ONE_EPOCH = """
import dataclasses, json, os, sys
from components.recipe import Threshold
from pipeline.exit_status import exit_status
from pipeline.experiments import catalogue, small
from pipeline.running.run import run
demo = small.DEMO
training = dataclasses.replace(demo.config.training, most_epochs=1)
for bounds, variables in json.loads(sys.argv[1]):
    catalogue.EXPERIMENTS["demo"] = dataclasses.replace(
        demo,
        config=dataclasses.replace(demo.config, training=training),
        evaluation=dataclasses.replace(demo.evaluation, thresholds=(Threshold("top1_error", **bounds),)),
    )
    print("Status:", exit_status(lambda: run({**os.environ, **variables})))
"""

# In the same process and home as its last run: a tuning of two trials, and a linear SVM on the descriptors of
# a model that is named; of crops of 64 pixels, so that 224 and 256 become 64 and 73.
TUNE_AND_TRANSFER = """
import pathlib
from pipeline.tuning.tune import Request, tune
short = "net.width=32 training.most_steps=2 training.batch=8 evaluation.shorter_sides=[64]"
request = Request(("training.learning_rate",), trials=2, out=pathlib.Path(sys.argv[3]))
tuned = {"VGG_EXPERIMENT": "demo", "VGG_SET": short + " net.classes=10"}
print("Status:", exit_status(lambda: tune(request, {**os.environ, **variables, **tuned}) and 0))
svm = {
    "VGG_EXPERIMENT": "transfer",
    "VGG_INIT_FROM": sys.argv[2],
    "VGG_SET": "evaluation.shorter_sides=[224] net.classes=10",
}
print("Status:", exit_status(lambda: run({**os.environ, **variables, **svm})))
"""
