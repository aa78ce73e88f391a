"""The web service: locked scripts as endpoints, each request in a process of its own."""
