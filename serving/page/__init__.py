"""The page at `/` of the server: a photograph, its best classes and their score maps."""
