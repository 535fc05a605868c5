"""Functions that become graphs as they are written.

tf.data and tf.map_fn hand each function to AutoGraph, which writes it and all that it calls anew so that
Python's `if` and `while` may depend on tensors. None of ours do, and the writing took a process that trains
seconds of processor time.
"""

import tensorflow as tf

as_written = tf.autograph.experimental.do_not_convert
"""Of a function: the same, which AutoGraph leaves as it is, together with all functions within it."""
