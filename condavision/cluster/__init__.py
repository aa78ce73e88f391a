"""One locked script over many inputs, here or on other machines: a front end over the stages."""
