"""The ways a script ends early."""


class Failure(Exception):
    """An expectation did not hold; the player adds file and line."""

    def __init__(self, want, got):
        super().__init__(f"want {want} got {got}")
        self.want, self.got = want, got
        self.line = None


class TimeUp(Failure):
    """The script's whole time is over: nothing may go on."""


class ScriptError(Exception):
    """The script itself is wrong."""

    def __init__(self, line, text):
        super().__init__(text)
        self.line = line
