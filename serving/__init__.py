"""The trained network as a SavedModel: signatures and export."""
