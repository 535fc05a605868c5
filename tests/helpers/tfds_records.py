"""The photographs of a data set as TensorFlow Datasets stores ImageNet: other keys, labels from 0."""

from pathlib import Path

import tensorflow as tf

from components.datasets.sample import write_sample


def write_as_tfds(folder: Path, split: str, out: Path) -> None:
    """A split of `vgg data sample`, in as many shards as it has there."""
    shards = sorted(folder.glob(f"{split}-*"))
    for number, shard in enumerate(shards):
        name = f"imagenet2012-{split}.tfrecord-{number:05d}-of-{len(shards):05d}"
        with tf.io.TFRecordWriter(str(out / name)) as writer:
            for record in tf.data.TFRecordDataset(str(shard)).as_numpy_iterator():
                feature = tf.train.Example.FromString(record).features.feature
                tfds = tf.train.Example()
                tfds.features.feature["image"].CopyFrom(feature["image/encoded"])
                tfds.features.feature["file_name"].CopyFrom(feature["image/filename"])
                label = feature["image/class/label"].int64_list.value[0] - 1
                tfds.features.feature["label"].int64_list.value.append(label)
                writer.write(tfds.SerializeToString())


def sample_as_tfds(folder: Path) -> None:
    """`vgg data sample`, ten training images of a class, as FOLDER/data."""
    write_sample(folder / "sample", train_per_class=10, validation_per_class=3)
    (folder / "data").mkdir()
    for split in ("train", "validation"):
        write_as_tfds(folder / "sample", split, folder / "data")
