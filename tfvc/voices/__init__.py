"""What a user calls a voice, and the vocoders that make it audible."""
