"""What people say of answers: which ones can be rated, and what was not answered at all."""
