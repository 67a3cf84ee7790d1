"""What goes wrong when schema df is installed, upgraded or removed."""


class InstallError(Exception):
    """The change was not made, and nothing of it is left in the database.

    The text says what is wrong and, on a second line where there is one, what to do about it.
    """

    def __init__(self, problem: str, advice: str | None = None) -> None:
        super().__init__(problem if advice is None else f"{problem}\n{advice}")
        self.problem = problem
        self.advice = advice
