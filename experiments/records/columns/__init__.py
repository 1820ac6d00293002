"""What fills the columns of a row, by what it comes from."""
