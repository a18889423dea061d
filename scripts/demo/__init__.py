"""`make demo`: a recording of the terminal and an animated picture of the console, from what really runs."""
