"""What the running deployment costs: counted, priced and told."""
