"""Appendix A on TFX: the box net's training, dense boxes, their merge and the localisation error."""
