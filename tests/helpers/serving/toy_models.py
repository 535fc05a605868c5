"""Small models of plain TensorFlow for the cases of TensorFlow Serving's own tests; no VGG in them."""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"

NUMBERS = [
    *(tf.float16, tf.bfloat16, tf.float32, tf.float64),
    *(tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32, tf.uint64),
    *(tf.complex64, tf.complex128, tf.qint8, tf.quint8, tf.qint32),
]
DTYPES = [*NUMBERS, tf.bool, tf.string]


def _spec(name: str, dtype=tf.float32, shape=(None,)) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype, name=name)


def _of_examples(compute: Callable) -> Callable:
    """A function of `inputs`, serialized tf.Examples with a feature x."""

    def function(inputs):
        parsed = tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([1], tf.float32)})
        return compute(parsed["x"][:, 0])

    return tf.function(function, input_signature=[_spec("inputs", tf.string)], autograph=False)


def write_half_plus(path: Path, constant: float) -> None:
    """y = x / 2 + constant, as TensorFlow Serving's test models have it.

    The signature `narrow` declares [None, 1] and computes any shape.
    """
    module = tf.Module()
    module.half, module.constant = tf.Variable(0.5), tf.Variable(float(constant))

    def of(name: str, output: str, shape=(None,)) -> Callable:
        def function(x):
            return {output: x * module.half + module.constant}

        return tf.function(function, input_signature=[_spec(name, shape=shape)], autograph=False)

    def line(x):
        return x * module.half + module.constant

    served = {
        "serving_default": of("x", "y"),
        "narrow": of("x", "y", (None, 1)),
        "regress_x_to_y": _of_examples(lambda x: {"outputs": line(x)}),
        "regress_column": _of_examples(lambda x: {"outputs": line(x)[:, tf.newaxis]}),
        "regress_wide": _of_examples(lambda x: {"outputs": tf.stack([x, x], 1)}),
        "classify_x_to_y": _of_examples(lambda x: {"scores": line(x)[:, tf.newaxis]}),
        "classify_names": _of_examples(
            lambda x: {
                "classes": tf.tile([["low", "high"]], [tf.size(x), 1]),
                "scores": tf.stack([-line(x), line(x)], 1),
            }
        ),
        "classify_labels": _of_examples(lambda x: {"classes": tf.tile([["only"]], [tf.size(x), 1])}),
        "classify_flat": _of_examples(lambda x: {"scores": line(x)}),
    }
    tf.saved_model.save(module, str(path), served)
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(str(path))
    for name in served:
        if name.startswith("classify_"):
            updater.replace_method_name(name, CLASSIFY)
        if name.startswith("regress_"):
            updater.replace_method_name(name, REGRESS)
    updater.save()


def write_half_plus_of_v1(path: Path) -> None:
    """Classify and regress share one input, as the graphs of TensorFlow 1 do and MultiInference needs."""
    signature_def, info = (
        tf.compat.v1.saved_model.signature_def_utils,
        tf.compat.v1.saved_model.build_tensor_info,
    )
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        examples = tf.compat.v1.placeholder(tf.string, name="tf_example")
        x = tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]
        y = x * 0.5 + 2.0

        def of(output: str, method: str):
            return signature_def.build_signature_def({"inputs": info(examples)}, {output: info(y)}, method)

        builder = tf.compat.v1.saved_model.Builder(str(path))
        served = {"classify_x_to_y": of("scores", CLASSIFY), "regress_x_to_y": of("outputs", REGRESS)}
        builder.add_meta_graph_and_variables(session, [tf.saved_model.SERVING], served)
        builder.save()


def write_toys(path: Path) -> None:
    """A signature for each thing that a server may get wrong."""
    module = tf.Module()

    def of(function: Callable, *specs: tf.TensorSpec) -> Callable:
        return tf.function(function, input_signature=specs, autograph=False)

    anything = _spec("x", shape=None)
    served = {
        # Counts across rows: joined or split, it answers another number.
        "rows": of(lambda x: {"count": tf.fill([tf.shape(x)[0]], tf.shape(x)[0])}, _spec("x")),
        "sums": of(lambda a, b: {"a": tf.reduce_sum(a), "b": b}, _spec("a"), _spec("b", tf.string)),
        "pair": of(lambda a, b: {"y": a + b, "z": a * b}, _spec("a"), _spec("b")),
        "lengths": of(lambda a, b: {"y": a * 2, "z": b * 2}, _spec("a"), _spec("b")),
        "scalar": of(lambda x: {"y": x + x}, _spec("x", shape=[])),
        "greeting": of(
            lambda name: {"text": tf.strings.join(["hello ", name])}, _spec("name", tf.string, [])
        ),
        "bytes": of(lambda x: {"y_bytes": x, "y": tf.strings.length(x)}, _spec("x", tf.string)),
        "nothing": of(lambda x: {"y": x[:0]}, _spec("x")),
        # What the declared shape of the output says is not what comes out.
        "untrue": of(
            lambda x: {"y": tf.ensure_shape(tf.reshape(x, [-1]), [None])}, _spec("x", shape=(None, 2))
        ),
        "asserts": of(_asserts, anything),
        "decoded": of(lambda x: {"y": tf.io.decode_raw(x, tf.int32)}, _spec("x", tf.string)),
        "out_of_range": of(lambda x: {"y": tf.gather([1.0, 2.0], tf.cast(x, tf.int32))}, _spec("x")),
    }
    served["to_complex64"] = of(lambda x: {"y": tf.complex(x, x)}, _spec("x"))
    served["names_fit"] = _of_examples(lambda x: {"scores": x[:, tf.newaxis]})
    for dtype in DTYPES:
        served[f"same_{dtype.name}"] = of(lambda x: {"y": tf.identity(x)}, _spec("x", dtype, None))
    tf.saved_model.save(module, str(path), served)


def _asserts(x: tf.Tensor) -> dict[str, tf.Tensor]:
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(x > 0), ["x: not above zero"])]):
        return {"y": tf.identity(x)}
