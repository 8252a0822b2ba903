"""Templates of the PDF, what is put into them, and the press that prints it."""
