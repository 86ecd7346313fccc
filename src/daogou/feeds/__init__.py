"""Files and JSON that shops exchange: read, checked row by row, and written."""
