"""Photographs to answers, for `vgg predict`: from a server or from the pushed model."""
