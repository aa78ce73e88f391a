"""The machine: files, locks between processes, streams, certificates, progress."""
