#!/usr/bin/python3
"""Draws what mysql_store_bench measured as an SVG: orders a second by the size of a transaction.

Usage: plot_mysql_bench.py WITHOUT_BINLOG.json WITH_BINLOG.json >docs/mysql-throughput.svg

The files are written by `mysql_store_bench --benchmark_repetitions=3 --benchmark_out=FILE`; the
median of the repetitions is drawn.
"""
import json
import math
import re
import sys

NAME = re.compile(r'(\w+)(?:/growing)?/(\d+)/real_time_median')
WAYS = {'Store': ('the store, batches', '#2563eb'), 'BareLoop': ('bare loop, same rows', '#64748b'),
        'PlainUpdate': ('UPDATE … WHERE stock >= ?, one order', '#ea580c'),
        'ForUpdate': ('SELECT … FOR UPDATE, one order', '#dc2626')}
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 420, 70, 50, 20, 100
MOST = 120_000


def medians(path):
    """{way: [(size of a transaction, or connections; orders a second)]}"""
    ways = {}
    with open(path, encoding='utf-8') as file:
        for run in json.load(file)['benchmarks']:
            match = NAME.fullmatch(run['name'])
            if match:
                ways.setdefault(match[1], []).append((int(match[2]), run['items_per_second']))
    return ways


def x_of(size):
    return LEFT + (WIDTH - LEFT - RIGHT) * math.log2(size) / 13.2


def y_of(rate):
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - rate / MOST)


def text(x, y, words, extra=''):
    return f'<text x="{x:.0f}" y="{y:.0f}" {extra}>{words}</text>'


def axes():
    parts = []
    for rate in range(0, MOST + 1, 20_000):
        y = y_of(rate)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#cbd5e1"/>')
        parts.append(text(LEFT - 8, y + 4, f'{rate:,}', 'text-anchor="end"'))
    for size in (1, 64, 512, 2048, 8192):
        parts.append(text(x_of(size), HEIGHT - BOTTOM + 18, f'{size:,}', 'text-anchor="middle"'))
    parts.append(text((LEFT + WIDTH) / 2, HEIGHT - BOTTOM + 38, 'orders a transaction',
                      'text-anchor="middle"'))
    parts.append(text(LEFT, TOP - 24, 'Orders a second of one hot book, durable, MariaDB 10.11, '
                      '2 cores', 'font-weight="bold"'))
    return parts


def curve(way, points, dashed):
    # The plain ways are one order a transaction: the best of their numbers of connections.
    if way not in ('Store', 'BareLoop'):
        points = [(1, max(rate for _, rate in points))]
    color = WAYS[way][1]
    dash = ' stroke-dasharray="5 4"' if dashed else ''
    line = ' '.join(f'{x_of(size):.1f},{y_of(rate):.1f}' for size, rate in points)
    parts = [f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"{dash}/>']
    parts += [f'<circle cx="{x_of(size):.1f}" cy="{y_of(rate):.1f}" r="4" fill="'
              f'{"white" if dashed else color}" stroke="{color}" stroke-width="2"/>'
              for size, rate in points]
    return parts


def legend():
    parts = []
    for i, (words, color) in enumerate(WAYS.values()):
        x, y = LEFT + 350 * (i % 2), HEIGHT - 40 + 20 * (i // 2)
        parts.append(f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{color}"/>')
        parts.append(text(x + 10, y, words))
    parts.append(text(WIDTH - RIGHT, TOP - 24, 'dashed: binlog, synced', 'text-anchor="end"'))
    return parts


def main():
    parts = axes()
    for path, dashed in zip(sys.argv[1:3], (False, True)):
        for way, points in medians(path).items():
            parts += curve(way, sorted(points), dashed)
    parts += legend()
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
          'font-family="sans-serif" font-size="12">')
    print(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    print('\n'.join(part.replace('>=', '&gt;=') if '<text' in part else part for part in parts))
    print('</svg>')


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main()
