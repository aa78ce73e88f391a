"""The boundary between the stages: the committed files, byte for byte."""
