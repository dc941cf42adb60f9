#!/usr/bin/python3
"""Puts src/stock/outcome_table.inc into docs/api.md as a table, or checks that it is there, and that
inventoryctl can say what each of its codes means.

Usage: outcome_table.py --check | --write
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / 'src/stock/outcome_table.inc'
PAGE = ROOT / 'docs/api.md'
MEANINGS = ROOT / 'tools/inventoryctl/advice.cc'
ROW = re.compile(r'^OUTCOME\(k\w+,\s*"(\w+)",\s*(\d+),\s*(\d+),\s*"([^"]*)"\)$')
PLACE = re.compile(r'(<!-- outcomes: [^\n]*-->\n).*?(<!-- end of outcomes -->)', re.S)


def outcomes():
    """(name, code, HTTP status, message) of each, in the order of checks."""
    rows = []
    for line in SOURCE.read_text().splitlines():
        if not line.startswith('OUTCOME('):
            continue
        match = ROW.match(line)
        if not match:
            raise ValueError(f'{SOURCE.name}: not a row: {line}')
        rows.append(match.groups())
    return rows


def table():
    """As Markdown."""
    rows = ['| code | name | HTTP | message |', '|---|---|---|---|']
    rows += [f'| {code} | {name} | {http} | {message} |' for name, code, http, message in outcomes()]
    return '\n'.join(rows)


def without_meaning():
    """Codes that inventoryctl would print without a word of English."""
    codes = {code for _, code, _, _ in outcomes()} - {'0'}
    return sorted(codes - set(re.findall(r'case (\d+):', MEANINGS.read_text())))


def main():
    page = PAGE.read_text()
    if not PLACE.search(page):
        print(f'{PAGE}: the markers of the outcome table are missing', file=sys.stderr)
        return 1
    wanted = PLACE.sub(lambda m: f'{m[1]}\n{table()}\n\n{m[2]}', page)
    if sys.argv[1:] == ['--write']:
        PAGE.write_text(wanted)
    elif sys.argv[1:] != ['--check']:
        print(__doc__, file=sys.stderr)
        return 2
    elif wanted != page:
        print('docs/api.md differs from src/stock/outcome_table.inc; '
              '`tools/outcome_table.py --write` puts it right', file=sys.stderr)
        return 1
    if missing := without_meaning():
        print(f'{MEANINGS.relative_to(ROOT)} does not say what {", ".join(missing)} means',
              file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
