"""Pictures of two classes and a plan to write them."""

from components.datasets.manifest import Category
from components.datasets.tfrecords import Picture, Plan, Split

CATEGORIES = [Category("n01", "tench"), Category("n02", "goldfish")]


PARAMETERS = {"made": "here"}


def plan() -> Plan:
    return Plan(CATEGORIES, [Split("train", range(5), 2), Split("validation", range(2), 1)])


def picture(index: int, **values) -> Picture:
    defaults = {
        "encoded": b"bytes %d" % index,
        "label": 1 + index % 2,
        "filename": f"{index}.JPEG",
        "height": 3,
        "width": 4,
        "format": "JPEG",
        "colorspace": "RGB",
        "channels": 3,
    }
    return Picture(**(defaults | values))
