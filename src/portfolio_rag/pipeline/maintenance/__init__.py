"""What looks after the pipeline: health, repairs, comparisons of the stores."""
