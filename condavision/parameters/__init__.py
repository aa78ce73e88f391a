"""A script's parameters as JSON: their schema, and the arguments that a document stands for."""
