"""A page on this machine on which windows of films are marked."""
