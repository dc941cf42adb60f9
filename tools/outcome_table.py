#!/usr/bin/python3
"""Puts src/stock/outcome_table.inc into docs/api.md as a table, or checks that it is there.

Usage: outcome_table.py --check | --write
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / 'src/stock/outcome_table.inc'
PAGE = ROOT / 'docs/api.md'
ROW = re.compile(r'^OUTCOME\(k\w+,\s*"(\w+)",\s*(\d+),\s*(\d+),\s*"([^"]*)"\)$')
PLACE = re.compile(r'(<!-- outcomes: [^\n]*-->\n).*?(<!-- end of outcomes -->)', re.S)


def table(source):
    """The outcomes in the order of checks, a row each, as Markdown."""
    rows = ['| code | name | HTTP | message |', '|---|---|---|---|']
    for line in source.splitlines():
        if not line.startswith('OUTCOME('):
            continue
        match = ROW.match(line)
        if not match:
            raise ValueError(f'{SOURCE.name}: not a row: {line}')
        name, code, http, message = match.groups()
        rows.append(f'| {code} | {name} | {http} | {message} |')
    return '\n'.join(rows)


def main():
    page = PAGE.read_text()
    if not PLACE.search(page):
        print(f'{PAGE}: the markers of the outcome table are missing', file=sys.stderr)
        return 1
    wanted = PLACE.sub(lambda m: f'{m[1]}\n{table(SOURCE.read_text())}\n\n{m[2]}', page)
    if sys.argv[1:] == ['--write']:
        PAGE.write_text(wanted)
    elif sys.argv[1:] != ['--check']:
        print(__doc__, file=sys.stderr)
        return 2
    elif wanted != page:
        print('docs/api.md differs from src/stock/outcome_table.inc; '
              '`tools/outcome_table.py --write` puts it right', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
