"""Words, stems, sentences, quantities and names."""
