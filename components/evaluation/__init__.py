"""Section 3.2: posteriors of each image, their averages, TFMA's metrics of them and the verdict."""
