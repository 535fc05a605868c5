"""Experiments as files and as settings: the same values are the same configuration, mistakes are one line."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.recipe import TOP1_ERROR, Evaluation, Threshold, to_json
from models.errors import InputError
from models.initialisation import Initialisation
from models.protocols import Protocol
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.experiments.chosen import chosen
from pipeline.experiments.experiment_file import read_experiment, to_toml, with_settings
from pipeline.pipeline import create_pipeline

FLOWERS = EXPERIMENTS["flowers"]


def test_fields_that_the_file_does_not_name_are_the_bases(read):
    found = read('base = "flowers"\n[training]\nbatch = 32\nlearning_rate = 1\n')
    training = replace(FLOWERS.config.training, batch=32, learning_rate=1.0)
    assert found.config == replace(FLOWERS.config, training=training)
    assert type(found.config.training.learning_rate) is float
    assert (found.name, found.weights, found.evaluation) == ("mine", "mine", FLOWERS.evaluation)


def test_enums_lists_and_thresholds_are_read(read):
    found = read(
        """
        base = "flowers"
        name = "own"
        most_undecodable = 0.01
        [training]
        initialisation = "he"
        drops = [3, 5]
        [evaluation]
        shorter_sides = [128, 160]
        protocol = "multi-crop"
        thresholds = [{metric = "top1_error", most = 0.2}]
        """
    )
    assert (found.name, found.most_undecodable) == ("own", 0.01)
    assert found.config.training.initialisation is Initialisation.HE
    assert found.config.training.drops == (3, 5)
    thresholds = (Threshold(TOP1_ERROR, most=0.2),)
    assert found.evaluation == Evaluation((128, 160), True, Protocol.MULTI_CROP, thresholds)


@pytest.mark.parametrize("name", ["demo", "flowers", "D-256-512", "fusion-D-E-dense", "small-D-64-128"])
def test_what_is_shown_is_read_again_as_the_same_configuration(read, name):
    entry = EXPERIMENTS[name]
    found = read(to_toml(entry))
    assert to_json(found.config) == to_json(entry.config)
    assert to_json(found.evaluation) == to_json(entry.evaluation)
    assert (found.weights, found.starts_from, found.fused_with) == (
        entry.weights,
        entry.starts_from,
        entry.fused_with,
    )
    assert (found.name, found.fixes_classes) == (f"my-{name}", entry.fixes_classes)


def test_another_evaluation_alone_shares_the_trained_net(read):
    found = read('base = "flowers"\n[evaluation]\nshorter_sides = [160]\n')
    assert (found.weights, found.name) == ("flowers", "mine")


def test_settings_are_the_files_fields(read):
    of_file = read('base = "flowers"\n[training]\nbatch = 32\ndrops = [3, 5]\ncolour_shift = true\n')
    words = ["training.batch=32", "training.drops=[3, 5]", "training.colour_shift=true"]
    set_ = with_settings(FLOWERS, words)
    assert (set_.config, set_.evaluation) == (of_file.config, of_file.evaluation)
    assert set_.name == "flowers-batch-32-drops-_3_5-colour_shift-true"


def test_a_text_needs_no_quotes():
    found = with_settings(FLOWERS, ["net.configuration=D"])
    assert found.config.net.configuration == "D"


def test_it_becomes_a_pipeline(read, tmp_path):
    last = read('base = "small-D-64-128"\n[net]\nclasses = 12\n')
    environment = Environment(data=tmp_path, home=tmp_path)
    pipeline = create_pipeline(last, environment, {**EXPERIMENTS, last.name: last})
    ids = {component.id for component in pipeline.components}
    assert {"Trainer.mine", "Trainer.small-D-96", "Pusher"} <= ids


@pytest.mark.parametrize(
    ("text", "fixed"), [("", False), ("[net]\nwidth = 4", False), ("[net]\nclasses = 5", True)]
)
def test_classes_are_fixed_where_the_file_says_them(read, text, fixed):
    found = read(f'base = "flowers"\n{text}')
    assert (found.fixes_classes, found.config.net.classes) == (fixed, 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base = ", "cannot be read"),
        ('base = "flower"', "experiment 'flower': unknown"),
        ("[training]", "base is missing"),
        ("base = 3", "base is 3; expected a text"),
        ('base = "flowers"\n[trainin]\n', "trainin: unknown; did you mean training?"),
        (
            'base = "flowers"\n[training]\nlearning_rat = 1',
            "learning_rat: unknown; did you mean learning_rate?",
        ),
        ('base = "flowers"\n[training]\nx = 1', "x: unknown; expected one of smallest_side"),
        ('base = "flowers"\ntraining = 3', "training = 3; expected a table"),
        ('base = "flowers"\n[training]\nbatch = "32"', "batch = '32'; expected a whole number"),
        ('base = "flowers"\n[training]\nbatch = 3.5', "batch = 3.5; expected a whole number"),
        ('base = "flowers"\n[training]\nbatch = true', "batch = True; expected a whole number"),
        ('base = "flowers"\n[training]\nbatch = 0', "batch 0, epochs 200"),
        ('base = "flowers"\n[training]\ncolour_shift = 1', "colour_shift = 1; expected true or false"),
        ('base = "flowers"\n[training]\ninitialisation = "zero"', "expected one of paper, small, glorot, he"),
        ('base = "flowers"\n[training]\ndrops = 3', "drops = 3; expected a list of a whole number"),
        ('base = "flowers"\n[training]\nsmallest_side = 64', "S from 64: smaller than the crop of 128"),
        ('base = "flowers"\n[net]\nconfiguration = "F"', "F"),
        ('base = "flowers"\n[net]\nclasses = 0', "classes 0: expected at least 1"),
        ('base = "flowers"\n[net]\nwidth = 7', "width 7: expected a divisor of 64"),
        ('base = "flowers"\n[evaluation]\nshorter_sides = []', "no Q"),
        ('base = "flowers"\n[evaluation]\nshorter_sides = [32]', "Q (32,): smaller than the net's crop"),
        ('base = "flowers"\n[[evaluation.thresholds]]\nmost = 1', "metric is missing"),
        ('base = "flowers"\n[[evaluation.thresholds]]\nmetric = "top2"\nmost = 1', "threshold on 'top2'"),
        ('base = "flowers"\nmost_undecodable = 2', "most_undecodable = 2; expected a share"),
        ('base = "flowers"\nname = "demo"', "name 'demo' is one of the built-in"),
        ('base = "flowers"\nname = "a/b"', "name 'a/b' cannot name files"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(read, text, said):
    with pytest.raises(InputError) as error:
        read(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere.toml: cannot be read"):
        read_experiment(str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("batch=32", "expected SECTION.FIELD=VALUE"),
        ("training.batch", "expected SECTION.FIELD=VALUE"),
        ("trainin.batch=32", "did you mean training?"),
        ("training.bach=32", "did you mean batch?"),
    ],
)
def test_a_setting_that_is_none_is_one_line(setting, said):
    with pytest.raises(InputError, match=said.replace(".", r"\.").replace("?", r"\?")):
        with_settings(FLOWERS, [setting])


def test_settings_change_each_experiment_of_a_pattern():
    names, found = chosen("small-D-6*", "training.batch=8", EXPERIMENTS)
    assert names == ["small-D-64-batch-8", "small-D-64-128-batch-8"]
    assert [found[name].config.training.batch for name in names] == [8, 8]


def test_settings_change_a_files_experiment(read, tmp_path):
    read('base = "flowers"\n[net]\nclasses = 12\n')
    names, found = chosen(str(tmp_path / "mine.toml"), "training.seed=4", EXPERIMENTS)
    assert names == ["mine-seed-4"]
    assert (found["mine-seed-4"].config.net.classes, found["mine-seed-4"].config.training.seed) == (12, 4)


def test_a_name_alone_is_the_built_in_experiment():
    names, found = chosen("demo", "", EXPERIMENTS)
    assert (names, found) == (["demo"], EXPERIMENTS)
    assert Path("demo.toml").suffix == ".toml"
