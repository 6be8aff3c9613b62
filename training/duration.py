"""Estimated training time, in words."""


def about(seconds: float) -> str:
    """`less than a minute`, `about 5 minutes`, `about 2 hours`: an estimate is right within a factor of two."""
    minutes = round(seconds / 60)
    if seconds < 45:
        return "less than a minute"
    if minutes < 2:
        return "about a minute"
    return f"about {minutes} minutes" if minutes < 100 else f"about {round(minutes / 60)} hours"
