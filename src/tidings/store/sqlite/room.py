"""Room: what the file gives back to the disk of the pages that forgetting has emptied."""

from tidings.store.sqlite.transaction import Transaction

# Pages of 4 kB. What is forgotten makes room for what comes next, and to shrink a file that then grows again is work
# for nothing: so many empty ones stay, or as many as a tenth of the file. A guess: three of thirty days that are kept.
SPARE = 1_000
SPARE_SHARE = 10


def give_back(transaction: Transaction) -> bool:
    """Make the file some pages shorter; whether that was worth while, and may be again.

    It is not in a file that was made before files had a map of their pages; there, empty ones are used again only.
    """
    [(pages, empty)] = transaction.run("pages")
    if empty <= max(SPARE, pages // SPARE_SHARE):
        return False
    transaction.run("pages_given_back")
    [(shorter, _)] = transaction.run("pages")
    return bool(shorter < pages)
