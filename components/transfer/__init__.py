"""Appendix B: descriptors of images by a net whose weights stay fixed, and a linear SVM on them."""
