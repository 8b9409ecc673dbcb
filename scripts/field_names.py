"""How often names of fields stand in the invented tables, whatever their spelling: what a backbone has seen of a schema.

Comes in:  names; several for one thing are parted by slashes.
Goes out:  for each, the share of tables (and sets of triples) that have it; likewise for one or more of them, and two or more.

    python -m scripts.field_names "price range/price" near "customer rating/rating" area food "eat type" "family friendly"
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from scripts.corpus.tables import examples


def plain(name: str) -> str:
    """priceRange, Price Range and price_range alike."""
    return re.sub(r"[^a-z]", "", name.lower())


def fields_of(source: str) -> set[str]:
    """Names of a table's fields (`field : value`), and of triples' relations (`subject : relation : object`), plainly spelt."""
    parts = [re.split(r"\s*:\s*", part) for part in re.split(r"[|;&]", source)]
    return {plain(part[len(part) - 2]) for part in parts if len(part) in (2, 3)}


def counted(sources: Iterable[str], names: Sequence[str]) -> Iterator[tuple[str, float]]:
    """(what, share of the sources) for each name, for one or more of them, and for two or more."""
    spellings = {name: {plain(each) for each in name.split("/")} for name in names}
    found = [[n for n, alike in spellings.items() if alike & fields] for fields in map(fields_of, sources)]
    has = Counter(name for some in found for name in some)
    yield from ((name, has[name] / len(found)) for name in names)
    for least in (1, 2):
        yield f"{least} of them or more", sum(len(some) >= least for some in found) / len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--tables", type=int, default=20_000, help="how many are drawn")
    parser.add_argument("--seed", type=int, default=2)
    args = parser.parse_args()
    sources = (source for source, _ in islice(examples(args.seed), args.tables))
    for what, share in counted(sources, args.names):
        print(f"{100 * share:5.1f} %  {what}")


if __name__ == "__main__":
    main()
