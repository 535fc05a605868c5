"""What `vgg data check` found, on the terminal, as JSON and as a page."""
