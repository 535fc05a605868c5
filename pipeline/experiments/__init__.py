"""What is trained and tested: every row of the paper's Tables 3 to 6 by name, and smaller ones."""
