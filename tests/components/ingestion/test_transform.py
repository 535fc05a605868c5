"""tf.Transform run by Beam on written examples, against NumPy in float64 over all pixels at once."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from PIL import Image
from tensorflow_transform.tf_metadata.dataset_metadata import DatasetMetadata
from tfx_bsl.public.tfxio import TFExampleBeamRecord

from components.datasets.layouts import IMAGENET, TFDS, Layout
from components.ingestion import transform
from components.ingestion.schema import written_schema
from models.errors import InputError

BEAM = PipelineOptions(["--direct_running_mode=in_memory", "--direct_num_workers=1"])

pytestmark = pytest.mark.beam


@dataclass(frozen=True)
class Photograph:
    encoded: bytes
    label: int
    name: str
    text: str | None = None
    synset: str | None = None

    def example(self, layout: Layout) -> bytes:
        example = tf.train.Example()
        feature = example.features.feature
        feature[layout.image].bytes_list.value.append(self.encoded)
        feature[layout.label].int64_list.value.append(self.label)
        feature[layout.filename].bytes_list.value.append(self.name.encode())
        for key, value in ((layout.class_text, self.text), (layout.synset, self.synset)):
            if key and value is not None:
                feature[key].bytes_list.value.append(value.encode())
        return example.SerializeToString()


def _encode(pixels: np.ndarray, form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


def _pictures() -> list[bytes]:
    """JPEG and PNG, colour and grey, of many sizes and brightnesses: the mean of means is another number."""
    generator = np.random.default_rng(3)
    pictures = []
    for number in range(12):
        height, width = generator.integers(1, 70, 2)
        shape = (height, width) if number % 3 == 2 else (height, width, 3)
        pixels = generator.integers(20 * number, 256, shape, np.uint8)
        pictures.append(_encode(pixels, "PNG" if number % 2 else "JPEG"))
    return pictures


def _analysed(
    folder: Path, photographs: Sequence[Photograph], layout: Layout, classes: int
) -> tuple[str, list[dict]]:
    """The TransformGraph folder as TFX's Transform writes it, and the transformed rows."""
    optional = frozenset(layout.optional) if any(p.text or p.synset for p in photographs) else frozenset()
    schema = written_schema(layout, classes, optional)
    records = [photograph.example(layout) for photograph in photographs]
    source = TFExampleBeamRecord(physical_format="inmem", schema=schema, telemetry_descriptors=["tests"])
    graph, rows = str(folder / "graph"), str(folder / "rows")
    with beam.Pipeline(options=BEAM) as pipeline, tft_beam.Context(temp_dir=str(folder / "temporary")):
        # Batches of five, so that results of several are merged.
        data = pipeline | beam.Create(records, reshuffle=False) | source.BeamSource(batch_size=5)
        (transformed, metadata), function = (
            data,
            source.TensorAdapterConfig(),
        ) | tft_beam.AnalyzeAndTransformDataset(transform.preprocessing_fn)
        coder = tft.coders.ExampleProtoCoder(metadata.schema)
        _ = transformed | beam.Map(coder.encode) | beam.io.WriteToTFRecord(rows)
        _ = function | tft_beam.WriteTransformFn(graph)
        raw = str(Path(graph) / tft.TFTransformOutput.RAW_METADATA_DIR)
        _ = DatasetMetadata(schema) | tft_beam.WriteMetadata(raw, pipeline)
    spec = {
        "label": tf.io.FixedLenFeature([], tf.int64),
        "filename": tf.io.FixedLenFeature([], tf.string),
        "decodable": tf.io.FixedLenFeature([], tf.int64),
    }
    files = tf.io.gfile.glob(rows + "*")
    parsed = [tf.io.parse_single_example(record, spec) for record in tf.data.TFRecordDataset(files)]
    return graph, [{key: value.numpy() for key, value in row.items()} for row in parsed]


def _pixels(encoded: Sequence[bytes]) -> np.ndarray:
    decoded = [np.asarray(Image.open(io.BytesIO(image)).convert("RGB"), np.float64) for image in encoded]
    return np.concatenate([image.reshape(-1, 3) for image in decoded])


def _check_against_numpy(found: transform.TrainingSet, encoded: Sequence[bytes]) -> None:
    pixels = _pixels(encoded)
    np.testing.assert_allclose(found.mean_rgb, pixels.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(found.covariance_rgb, np.cov(pixels.T, bias=True), rtol=1e-5, atol=0.01)


PICTURES = _pictures()
UNDECODABLE = {"cut.JPEG": PICTURES[0][: len(PICTURES[0]) // 3], "te\nxt.JPEG": b"no image"}
# Class 1 is `cat` twice and `dog` once; class 2 has an empty text; class 3 a synset id only; class 4 nothing;
# class 5 every kind of line break.
NAMES = [
    (1, "cat", "n1"),
    (1, "dog", "n1"),
    (2, "", "n2"),
    (3, None, "n3"),
    (4, None, None),
    (1, "cat", "n1"),
    (5, "Käfer,\r\n\tbeetle\u2028\x1c\x85", "\nn5"),
]


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    photographs = [
        Photograph(encoded, label, f"{number}.JPEG", text, synset)
        for number, encoded in enumerate(PICTURES)
        for label, text, synset in [NAMES[number % len(NAMES)]]
    ]
    # Names that only undecodable images have; two of them have the same file name.
    bad = [Photograph(encoded, 6, name, "mouse", "n6") for name, encoded in UNDECODABLE.items()]
    mixed = [
        *photographs[:4],
        bad[0],
        *photographs[4:],
        bad[1],
        Photograph(b"", 6, "cut.JPEG", "mouse", "n6"),
    ]
    return _analysed(tmp_path_factory.mktemp("imagenet"), mixed, IMAGENET, 7)


@pytest.fixture(scope="module")
def tfds(tmp_path_factory):
    """Labels 1..3, though this layout counts from 0: no image of class 0 happens to be there."""
    good = [Photograph(encoded, 1 + n % 3, f"{n}.JPEG") for n, encoded in enumerate(PICTURES)]
    bad = [Photograph(encoded, 1, name) for name, encoded in UNDECODABLE.items()]
    return _analysed(tmp_path_factory.mktemp("tfds"), [*bad, *good], TFDS, 5)


@pytest.mark.parametrize(("name", "images", "undecodable"), [("imagenet", 15, 3), ("tfds", 14, 2)])
def test_mean_and_covariance_are_numpys(name, images, undecodable, request):
    found = transform.training_set(request.getfixturevalue(name)[0])
    assert (found.images, found.undecodable) == (images, undecodable)
    assert (found.mean_rgb.dtype, found.covariance_rgb.dtype) == (np.float32, np.float32)
    _check_against_numpy(found, PICTURES)
    means = np.mean([_pixels([picture]).mean(axis=0) for picture in PICTURES], axis=0)
    assert np.abs(found.mean_rgb - means).min() > 1  # so this data would show a mean of means


def test_undecodable_images_are_named(imagenet, tfds):
    assert transform.undecodable_images(imagenet[0]) == (["cut.JPEG", "te xt.JPEG", "(no unique name)"], 15)
    assert transform.undecodable_images(tfds[0]) == (["cut.JPEG", "te xt.JPEG"], 14)


def test_class_names_are_texts_then_synsets_then_numbers(imagenet):
    assert transform.class_names(imagenet[0], 7) == (
        "cat",
        "n2",
        "n3",
        "class 3",
        "Käfer, beetle",
        "mouse",
        "class 6",
    )


def test_synsets_are_by_class_and_empty_where_unknown(imagenet):
    assert transform.synsets(imagenet[0], 7) == ("n1", "n2", "n3", "", "n5", "n6", "")


def test_tfds_has_no_class_names_and_no_synsets(tfds):
    assert transform.class_names(tfds[0], 3) == ("class 0", "class 1", "class 2")
    assert transform.synsets(tfds[0], 3) == ()


@pytest.mark.parametrize(("name", "labels"), [("imagenet", {0, 1, 2, 3, 4, 5}), ("tfds", {1, 2, 3})])
def test_rows_have_labels_from_0_and_say_what_decodes(name, labels, request):
    rows = request.getfixturevalue(name)[1]
    assert {row["label"] for row in rows} == labels
    by_name = {row["filename"].decode(): row["decodable"] for row in rows}
    assert by_name == {f"{n}.JPEG": 1 for n in range(len(PICTURES))} | dict.fromkeys(UNDECODABLE, 0)


@pytest.mark.slow
def test_no_names_where_every_image_decodes_and_one_image_suffices(tmp_path):
    graph, _ = _analysed(tmp_path, [Photograph(PICTURES[5], 2, "a.PNG", "dog")], IMAGENET, 2)
    assert transform.undecodable_images(graph) == ([], 1)
    assert transform.class_names(graph, 2) == ("class 0", "dog")
    _check_against_numpy(transform.training_set(graph), [PICTURES[5]])


@pytest.mark.slow
def test_no_image_that_decodes_is_an_error(tmp_path):
    bad = [Photograph(encoded, 0, name) for name, encoded in UNDECODABLE.items()]
    graph, _ = _analysed(tmp_path, bad, TFDS, 2)
    with pytest.raises(InputError, match="training split: none of its 2 images decodes") as caught:
        transform.training_set(graph)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_real_photographs(photographs, tmp_path):
    files = sorted((photographs / "imagenet_sample").glob("*.JPEG"))[::5][:50]
    encoded = [file.read_bytes() for file in files]
    data = [Photograph(image, 1, file.name) for image, file in zip(encoded, files, strict=True)]
    graph, _ = _analysed(tmp_path, data, IMAGENET, 2)
    found = transform.training_set(graph)
    assert (found.images, found.undecodable) == (50, 0)
    _check_against_numpy(found, encoded)
