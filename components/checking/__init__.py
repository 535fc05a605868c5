"""Looks at a whole data set before anything is trained: every record parsed, every image decoded."""
