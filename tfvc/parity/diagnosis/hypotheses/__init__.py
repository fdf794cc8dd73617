"""The known differences between the frameworks, by what they are differences of."""
