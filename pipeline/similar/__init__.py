"""The photographs most like one photograph, for `vgg similar`: on the terminal, as JSON and as a page."""
