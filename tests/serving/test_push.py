"""A push is whole or not at all, and none is lost."""

import os
import shutil
import threading
import uuid
from pathlib import Path

import pytest
import tensorflow as tf

from models.errors import InputError
from serving import push as push_module
from serving.push import push, versions


@pytest.fixture
def model(tmp_path) -> Path:
    """Files as a SavedModel has them."""
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(b"weights" * 1000)
    return folder


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_version_is_a_copy_named_by_the_second(model, tmp_path):
    path = push(str(model), str(tmp_path / "serving" / "vgg"), now=lambda: 1700000000.9)
    assert path == str(tmp_path / "serving" / "vgg" / "1700000000")
    assert _files(Path(path)) == _files(model)
    assert os.listdir(tmp_path / "serving" / "vgg") == ["1700000000"]


def test_a_second_push_in_the_same_second_is_kept_and_is_the_newer_version(model, tmp_path):
    base = str(tmp_path / "vgg")
    paths = [push(str(model), base, now=lambda: 1700000000) for _ in range(3)]
    assert [os.path.basename(path) for path in paths] == ["1700000000", "1700000001", "1700000002"]


def test_the_last_push_is_the_newest_even_where_the_clock_went_back(model, tmp_path):
    base = str(tmp_path / "vgg")
    push(str(model), base, now=lambda: 1700000000)
    push(str(model), base, now=lambda: 1600000000)
    assert versions(base) == [1700000000, 1700000001]


def test_pushes_at_the_same_time_each_get_a_version(model, tmp_path):
    base, paths = str(tmp_path / "vgg"), []
    barrier = threading.Barrier(8)

    def one():
        barrier.wait()
        paths.append(push(str(model), base, now=lambda: 1700000000))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions(base) == list(range(1700000000, 1700000008))
    assert sorted(paths) == [f"{base}/{version}" for version in versions(base)]
    assert all(_files(Path(path)) == _files(model) for path in paths)


def test_who_polls_never_sees_a_version_that_is_not_whole(model, tmp_path, monkeypatch):
    """Looked at after each file that is copied."""
    base, seen = tmp_path / "vgg", []
    copy = shutil.copyfile

    def watched(*arguments, **options):
        done = copy(*arguments, **options)
        seen.append(versions(str(base)))
        return done

    monkeypatch.setattr(shutil, "copyfile", watched)
    push(str(model), str(base), now=lambda: 1)
    assert seen == [[], []]
    assert versions(str(base)) == [1]


def test_all_is_on_the_disk_before_it_has_a_version(model, tmp_path, monkeypatch):
    """Files and folders, each by its inode, which a rename does not change."""
    synced, seen, rename = set(), [], os.rename
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.add(os.fstat(descriptor).st_ino))

    def watched(source, target):
        wanted = {Path(source), *Path(source).rglob("*")}
        seen.append(({path.stat().st_ino for path in wanted} - synced, len(wanted)))
        rename(source, target)

    monkeypatch.setattr(os, "rename", watched)
    push(str(model), str(tmp_path / "vgg"), now=lambda: 1)
    assert seen == [(set(), 4)]


def test_a_disk_that_fills_leaves_nothing_and_says_so(model, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    base = tmp_path / "vgg"
    push(str(model), str(base), now=lambda: 1)
    monkeypatch.setattr(push_module, "_write_through", full)
    with pytest.raises(InputError, match="No space left on device; nothing was pushed"):
        push(str(model), str(base))
    assert os.listdir(base) == ["1"]


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no saved_model\.pb in it"):
        push(str(tmp_path), str(tmp_path / "vgg"))
    assert not (tmp_path / "vgg").exists()


def test_a_base_path_that_is_a_file_is_refused(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: .+; expected a folder that can be written"):
        push(str(model), str(tmp_path / "file"))


def test_other_names_are_no_versions(tmp_path):
    for name in ("12", "7", ".pushing-x", "tmp", "1a", "²"):
        (tmp_path / name).mkdir()
    assert versions(str(tmp_path)) == [7, 12]
    assert versions(str(tmp_path / "nothing")) == []


@pytest.fixture
def store() -> str:
    """A folder in TensorFlow's file system ram://, which has the calls of an object store's."""
    folder = f"ram://{uuid.uuid4()}/vgg"
    tf.io.gfile.makedirs(folder)
    return folder


@pytest.mark.slow
def test_a_push_to_a_store_and_from_there(model, store, tmp_path):
    path = push(str(model), store, now=lambda: 1700000000)
    again = push(path, store, now=lambda: 1700000000)
    assert [path, again] == [f"{store}/1700000000", f"{store}/1700000001"]
    assert versions(store) == [1700000000, 1700000001]
    back = push(again, str(tmp_path / "here"), now=lambda: 1700000000)
    assert _files(Path(back)) == _files(model)


@pytest.mark.slow
def test_a_push_to_a_store_that_fails_leaves_nothing_and_the_model_file_comes_last(model, store, monkeypatch):
    real, copied = tf.io.gfile.copy, []

    def copy(source, target, overwrite=False):
        copied.append(os.path.basename(source))
        if source.endswith("saved_model.pb"):
            raise tf.errors.ResourceExhaustedError(None, None, "quota")
        real(source, target, overwrite)

    monkeypatch.setattr(tf.io.gfile, "copy", copy)
    with pytest.raises(InputError, match=f"model base path {store}: quota; nothing was pushed"):
        push(str(model), store)
    assert copied == ["variables.data-00000-of-00001", "saved_model.pb"]
    assert versions(store) == []


@pytest.mark.slow
def test_a_folder_of_a_store_that_holds_no_model(store):
    with pytest.raises(InputError, match="no saved_model.pb in it"):
        push(f"{store}/none", store)
