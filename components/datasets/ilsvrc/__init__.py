"""ILSVRC-2012's archives, never unpacked, to TFRecords in the schema of build_imagenet_data.py."""
