"""VITS: text to speech and voice conversion end to end (Kim, Kong, Son 2021; jaywalnut310/vits)."""
