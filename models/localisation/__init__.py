"""Appendix A: where the object is, by a network that gives boxes in place of scores."""
