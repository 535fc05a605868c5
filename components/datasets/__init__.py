"""Writers of data sets in the schema of build_imagenet_data.py."""
