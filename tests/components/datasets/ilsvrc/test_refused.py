"""Archives and lists that do not belong together, or are damaged: one line each, and nothing is written."""

import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.ilsvrc_archives import (
    SYNSETS,
    VALIDATION,
    photograph,
    tar_of,
    train_images,
    train_tar,
    val_images,
    write_archives,
)

from components.datasets.ilsvrc.checksums import check_md5
from components.datasets.ilsvrc.labelled import Inputs, labelled
from components.datasets.ilsvrc.labels import from_devkit, from_name_list, from_synset_list
from components.datasets.ilsvrc.write import write_ilsvrc
from components.datasets.tfrecords import Watcher
from models.errors import InputError


@pytest.fixture
def inputs(tmp_path) -> Inputs:
    return Inputs(**write_archives(tmp_path / "archives"))


def refusal(inputs: Inputs) -> str:
    with pytest.raises(InputError) as error:
        labelled(inputs, Watcher())
    assert "\n" not in str(error.value)
    return str(error.value)


def with_train(inputs: Inputs, images: dict[str, dict[str, bytes]]) -> Inputs:
    inputs.train.write_bytes(train_tar(images))
    return inputs


def test_a_tar_that_is_cut_short_names_the_inner_one(inputs):
    inputs.train.write_bytes(inputs.train.read_bytes()[:-12_000])
    assert refusal(inputs).startswith(
        f"{inputs.train}: is cut short within n02007558.tar; expected all of it"
    )


def test_an_inner_tar_that_is_cut_short_is_named(inputs):
    inner = tar_of(train_images()["n02007558"].items())
    whole = {synset: tar_of(files.items()) for synset, files in train_images().items()}
    whole["n02007558"] = inner[:3000]
    inputs.train.write_bytes(tar_of((f"{synset}.tar", content) for synset, content in whole.items()))
    assert refusal(inputs).startswith(f"n02007558.tar in {inputs.train}: is cut short")


def test_a_validation_tar_that_is_cut_short_names_the_image(inputs):
    inputs.val.write_bytes(inputs.val.read_bytes()[:1200])
    assert "is cut short within ILSVRC2012_val_00000001.JPEG" in refusal(inputs)


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100])
def test_what_is_no_tar_is_refused(inputs, content):
    inputs.val.write_bytes(content)
    assert f"{inputs.val}: " in refusal(inputs)


def test_a_compressed_tar_is_refused(inputs):
    inputs.val.write_bytes(tar_of(val_images().items(), "w:gz"))
    assert "is no tar, is compressed or is damaged" in refusal(inputs)


def test_a_missing_inner_tar_is_named(inputs):
    images = train_images()
    del images["n01751748"]
    assert "n01751748 is missing; expected all 3 classes" in refusal(with_train(inputs, images))


def test_an_unknown_synset_is_named(inputs):
    images = {**train_images(), "n09999999": {"n09999999_1.JPEG": photograph(5)}}
    assert "class n09999999: unknown" in refusal(with_train(inputs, images))


def test_a_class_with_another_number_of_images_than_the_devkit_says_is_named(inputs):
    images = train_images()
    del images["n01751748"]["n01751748_3.JPEG"]
    assert "class n01751748: 3 images; expected 4" in refusal(with_train(inputs, images))


def test_a_class_that_is_there_twice_is_named(inputs):
    inner = tar_of(train_images()["n01440764"].items())
    inputs.train.write_bytes(tar_of([("n01440764.tar", inner), ("n01440764.tar", inner)]))
    assert "n01440764.tar is there twice" in refusal(inputs)


def test_an_image_that_is_there_twice_is_named(inputs):
    inner = tar_of([("n01440764_1.JPEG", b"a"), ("n01440764_1.JPEG", b"b")])
    inputs.train.write_bytes(tar_of([("n01440764.tar", inner)]))
    assert f"n01440764.tar in {inputs.train}: n01440764_1.JPEG is there twice" in refusal(inputs)


def test_a_missing_validation_image_is_named(inputs):
    inputs.val.write_bytes(tar_of(list(val_images().items())[1:]))
    assert "ILSVRC2012_val_00000001.JPEG is missing; expected 4 images" in refusal(inputs)


def test_a_validation_image_that_no_label_is_known_of_is_named(inputs):
    inputs.val.write_bytes(tar_of(val_images(5).items()))
    assert "ILSVRC2012_val_00000005.JPEG: unknown; expected the 4 images" in refusal(inputs)


def test_the_archives_given_the_wrong_way_round_are_named(inputs):
    assert "lies in no class's tar or folder" in refusal(replace(inputs, train=inputs.val, val=inputs.train))


def test_validation_images_whose_labels_nothing_tells_are_refused(inputs):
    assert "expected --devkit, --val-synsets or class folders" in refusal(replace(inputs, devkit=None))


@pytest.mark.parametrize("name", ["train", "val", "devkit"])
def test_a_path_that_is_not_there_names_its_option(inputs, tmp_path, name):
    with pytest.raises(InputError, match=f"nowhere: No such file or directory; expected the --{name}"):
        write_ilsvrc(tmp_path / "out", replace(inputs, **{name: tmp_path / "nowhere"}))
    assert not (tmp_path / "out").exists()


def test_nothing_is_left_behind_where_nothing_was_written(inputs, tmp_path):
    inputs.val.write_bytes(b"no tar")
    with pytest.raises(InputError):
        write_ilsvrc(tmp_path / "out", inputs)
    assert [one.name for one in tmp_path.iterdir()] == ["archives"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda _: b"no archive", "cannot be read"),
        (lambda content: content[:200], "cannot be read"),
        (
            lambda _: tar_of([("data/meta.mat", b"no matrix")], "w:gz"),
            "no ILSVRC2012_validation_ground_truth.txt",
        ),
        (
            lambda _: tar_of(
                [("meta.mat", b"no matrix"), ("ILSVRC2012_validation_ground_truth.txt", b"1\n")], "w:gz"
            ),
            "meta.mat or ILSVRC2012_validation_ground_truth.txt cannot be read",
        ),
    ],
)
def test_a_devkit_that_is_damaged_is_refused(inputs, damage: Callable, said: str):
    inputs.devkit.write_bytes(damage(inputs.devkit.read_bytes()))
    with pytest.raises(InputError, match=said):
        from_devkit(inputs.devkit)


def test_lists_take_the_devkits_place(inputs, tmp_path):
    synsets, names = tmp_path / "synsets.txt", tmp_path / "LOC_synset_mapping.txt"
    synsets.write_text("".join(f"{one}\n" for one in VALIDATION))
    names.write_text("".join(f"{synset} {name}\n" for synset, name in SYNSETS.items()))
    by_devkit = labelled(inputs, Watcher())
    by_lists = labelled(replace(inputs, devkit=None, val_synsets=synsets, class_names=names), Watcher())
    assert by_lists[0] == by_devkit[0]
    assert by_lists[2].label.tolist() == by_devkit[2].label.tolist() == [2, 1, 3, 2]


def test_kaggles_solutions_are_read(tmp_path):
    solutions = tmp_path / "LOC_val_solution.csv"
    solutions.write_text(
        "ImageId,PredictionString\n"
        "ILSVRC2012_val_00000002,n01440764 85 1 499 272 \n"
        "ILSVRC2012_val_00000001,n01751748 1 2 3 4 n01751748 5 6 7 8 \n"
    )
    assert from_synset_list(solutions) == {
        "ILSVRC2012_val_00000001.JPEG": "n01751748",
        "ILSVRC2012_val_00000002.JPEG": "n01440764",
    }


def test_a_line_that_is_no_synset_is_numbered(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("n01440764\ntench\n")
    for read in (from_synset_list, from_name_list):
        with pytest.raises(InputError, match="list.txt: line 2: 'tench' is no synset"):
            read(path)


def test_class_folders_of_validation_images_are_labels(inputs, tmp_path):
    val = tmp_path / "val"
    for synset, (name, image) in zip(VALIDATION, val_images().items(), strict=True):
        (val / synset).mkdir(parents=True, exist_ok=True)
        (val / synset / name).write_bytes(image)
    found = labelled(replace(inputs, val=val, devkit=None), Watcher())[2]
    labels = {found.members.name_of(index): label for index, label in enumerate(found.label.tolist())}
    assert [labels[name] for name in val_images()] == [2, 1, 3, 2]
    second = "ILSVRC2012_val_00000002.JPEG"
    (val / "n01440764" / second).rename(val / "n02007558" / second)
    assert "is of class n01440764 by" in refusal(replace(inputs, val=val))


def test_a_wrong_md5_names_both_sums(inputs):
    with pytest.raises(InputError, match=r"img_train.tar: MD5 [0-9a-f]{32}; expected 1d675b47d978889d"):
        check_md5(inputs, Watcher())


def test_a_tar_in_another_order_gives_the_same_members(inputs):
    before = labelled(inputs, Watcher())[1].members
    stored = [before.read(index) for index in range(12)]
    images = {synset: dict(reversed(files.items())) for synset, files in reversed(train_images().items())}
    after = labelled(with_train(inputs, images), Watcher())[1].members
    assert before.name.tolist() == after.name.tolist()
    assert [after.read(index) for index in range(12)] == stored


def test_offsets_are_those_of_pythons_tarfile(inputs):
    """Read by another way: each inner tar unpacked in memory."""
    members = labelled(inputs, Watcher())[1].members
    expected = []
    with tarfile.open(inputs.train) as outer:
        for one in sorted(outer.getmembers(), key=lambda one: one.name):
            with tarfile.open(fileobj=io.BytesIO(outer.extractfile(one).read())) as inner:
                expected += [(m.name, inner.extractfile(m).read()) for m in inner.getmembers()]
    assert [(members.name_of(n), members.read(n)) for n in range(len(members))] == expected


def test_what_other_programs_leave_behind_is_not_read(inputs, tmp_path):
    train = tmp_path / "train"
    for synset, files in train_images().items():
        (train / synset).mkdir(parents=True)
        for name, image in files.items():
            (train / synset / name).write_bytes(image)
    (train / "n01440764" / "._n01440764_0.JPEG").write_bytes(b"macOS")
    (train / "n01440764" / "list.txt").write_bytes(b"a list")
    assert len(labelled(replace(inputs, train=Path(train)), Watcher())[1].label) == 12
