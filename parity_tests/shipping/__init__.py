"""tfvc as a user gets it: built, installed away from the repository, used from an empty folder."""
