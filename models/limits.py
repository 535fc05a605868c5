"""How large an image may be that training, evaluation and serving look at."""

MOST_PIXELS = 1 << 26
"""That an image's header may declare: 192 MiB decoded."""

MOST_SCANS = 256
"""Of an image of MOST_PIXELS; a smaller one may have more in proportion. Ten are usual."""

SQUARES = 4
"""How many times longer than wide an image may be to be looked at whole; a longer one is cut into so many."""
