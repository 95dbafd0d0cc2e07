"""One module a counterpart, one function a claim; each gets a House and raises when the claim does not hold."""
