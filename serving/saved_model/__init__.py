"""The trained net as a SavedModel: signatures, the head around the net, export, assets, warm-up."""
