"""What every page of ours looks like: one file, readable on a phone, in the dark, and without any network.

Comes in:  a title, parts of a page.      Goes out: HTML.
"""

import re
from collections.abc import Iterable
from html import escape

from foreword.report.plots import Picture

STYLE = """
:root { color-scheme: light dark; --ink: #1d2327; --soft: #5c6670; --line: #d8dde1; --paper: #fff; --wash: #f5f7f8;
  --holds: #20744a; --fails: #b3402a; --open: #8a6d1a; --link: #0b5c85; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7e9; --soft: #9ba6ae; --line: #3a4248; --paper: #16191b; --wash: #1e2225;
  --holds: #6cc797; --fails: #ef8d78; --open: #dcbf68; --link: #7fc4ea; } }
body { margin: 0 auto; max-width: 82rem; padding: 1.5rem 1rem 4rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; } summary { cursor: pointer; }
p { margin: .3rem 0; max-width: 60rem; } .soft, figcaption, small { color: var(--soft); }
code { font-size: .9em; background: var(--wash); padding: .1rem .3rem; border-radius: 3px; overflow-wrap: anywhere; }
a { color: var(--link); } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { border-bottom: 2px solid var(--line); white-space: nowrap; } td { white-space: nowrap; }
.figure small { display: block; } tbody th { font-weight: 600; white-space: nowrap; }
.claim { border-left: 4px solid var(--open); padding: .1rem 0 .1rem .9rem; margin: .9rem 0; }
.claim b { color: var(--open); } .claim.holds { border-color: var(--holds); } .claim.holds b { color: var(--holds); }
.claim.fails { border-color: var(--fails); } .claim.fails b { color: var(--fails); }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; }
figure svg { width: 100%; height: auto; background: #fff; border-radius: 4px; }
.sample { background: var(--wash); border-radius: 4px; padding: .2rem 1rem; margin: .8rem 0; }
dl { margin: .6rem 0; display: grid; gap: .6rem 1.2rem; } dl:last-child {
  grid-template-columns: repeat(auto-fit, minmax(min(14rem, 100%), 1fr)); }
dt { font-weight: 600; font-size: .9rem; } dd { margin: 0; overflow-wrap: anywhere; }
.missing { border-left: 4px solid var(--fails); padding-left: .9rem; }
"""


def document(title: str, body: str) -> str:
    head = "<meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'>"
    head += f"<title>{escape(title)}</title><style>{STYLE}</style>"
    return f"<!doctype html>\n<html lang='en'><head>{head}</head><body>\n{body}\n</body></html>\n"


def picture(made: Picture) -> str:
    return f"<figure><figcaption>{escape(made.title)}</figcaption>{made.svg}</figure>"


def with_code(text: str) -> str:
    """Plain text, what stands in backticks as code."""
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text))


def join(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)
