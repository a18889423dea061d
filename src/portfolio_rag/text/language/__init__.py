"""Words, stems, sentences, and what sentences state: quantities, dates, names, negations."""
