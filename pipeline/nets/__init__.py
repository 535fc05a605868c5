"""What each net of Table 1 costs."""
