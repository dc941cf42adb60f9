#!/usr/bin/python3
"""Sells through servers that answer from Redis and keep their books in MySQL behind it, and holds
what they answered against the rows.

Usage: ledger_report.py INVENTORY_BENCH PRIVATE_MARIADB [options] -- NAME COMMAND [NAME COMMAND…]

A COMMAND is one word for the shell's rules, run with these words in it replaced:

  {address}  where to serve gRPC        {redis}  host:port of a private Redis
  {port}     its port                   {dsn}    a private MariaDB, in Go's form
  {redis_socket}  the Redis' Unix socket

and with INVENTORY_STORE=redis, INVENTORY_SERVER_ADDRESS, INVENTORY_SERVER_PORT,
INVENTORY_REDIS_ADDR and INVENTORY_DATABASE_DSN set. So any server that speaks DeductStock and RestockInventory will do;
its rows are those of inventory_logs, by order_id. Each server gets new, empty servers of its own.

--end: the server goes on (the default), or gets SIGTERM or SIGKILL in the middle of the load; it is
then started again, so that it can write what it still knows of.

A report says how fast orders were answered and rows written; the lag, in rows and in the age of the
newest one; memory; and when no more rows come, or --patience is over, each order by its id: lost
(answered with yes, and no row), doubled, with another quantity. The exit status is 1 if --expect is
given and not met: "nothing-lost" or "something-lost", of every server.
"""
import argparse
import bisect
import collections
import json
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import os

import grpc

from mariadb import Mariadb, SqlError
from redis_server import Redis, RedisError, free_port

FIRST_BOOK = 1
UNITS = 2_000_000_000  # a book is stocked with
START_SECONDS = 60
REST_SECONDS = 3       # no new row for so long: it writes no more
LOOK_SECONDS = 1
SIGNALS = {'term': signal.SIGTERM, 'kill': signal.SIGKILL}


def varint(number):
    digits = bytearray()
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes(digits) + bytes([number])


def resident_kb(pid):
    """Memory that the process has now; 0: it has ended."""
    try:
        status = pathlib.Path(f'/proc/{pid}/status').read_text()
    except OSError:
        return 0
    found = re.search(r'VmRSS:\s+(\d+)', status)
    return int(found[1]) if found else 0


class Stage:
    """One server, with a Redis and a MariaDB of its own."""

    def __init__(self, folder, mariadb, command, fsync):
        self.folder = pathlib.Path(folder)
        self.redis = Redis(self.folder / 'redis', appendfsync=fsync).start()
        self.database = Mariadb(mariadb, self.folder / 'mariadb').start()
        self.port = free_port()
        dsn = self.database.dsn
        words = {'{address}': self.address, '{port}': str(self.port),
                 '{redis}': self.redis.address, '{redis_socket}': str(self.redis.socket),
                 '{dsn}': f'{dsn}?parseTime=True'}
        self.command = shlex.split(command)
        for name, value in words.items():
            self.command = [word.replace(name, value) for word in self.command]
        self.environment = {**os.environ, 'INVENTORY_STORE': 'redis',
                            'INVENTORY_SERVER_ADDRESS': '127.0.0.1',
                            'INVENTORY_SERVER_PORT': str(self.port),
                            'INVENTORY_HTTP_PORT': '0',
                            'INVENTORY_REDIS_ADDR': self.redis.address,
                            'INVENTORY_DATABASE_DSN': dsn}
        self.process = None

    @property
    def address(self):
        return f'127.0.0.1:{self.port}'

    @property
    def log(self):
        return (self.folder / 'server.log').read_text(errors='replace')

    def start(self):
        """Starts the server, again too, and waits until it sells."""
        with open(self.folder / 'server.log', 'ab') as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder,
                                            env=self.environment)
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f'the server does not serve:\n{self.log[-2_000:]}')
            time.sleep(0.05)

    def call(self, name, request):
        with grpc.insecure_channel(self.address) as channel:
            return channel.unary_unary(f'/inventory.v1.InventoryService/{name}')(
                request, timeout=10, wait_for_ready=False)

    def answers(self):
        try:
            self.call('GetStock', b'\x08' + varint(FIRST_BOOK))
            return True
        except grpc.RpcError:
            return False

    def stock_up(self, books):
        """And waits until MySQL knows the books: a race that is not measured here."""
        for book in range(FIRST_BOOK, FIRST_BOOK + books):
            self.call('RestockInventory', b'\x08' + varint(book) + b'\x10' + varint(UNITS) +
                      b'\x1a\x05first')
        end = time.monotonic() + START_SECONDS
        while self.one('SELECT COUNT(*) FROM inventory') < books:
            if time.monotonic() > end:
                raise AssertionError('the restocks never reached MySQL')
            time.sleep(0.05)

    def one(self, statement):
        """A single number; 0 if there is none, or no such table."""
        try:
            [[value]] = self.database.ask(statement)
        except SqlError:
            return 0
        return int(value or 0)

    def rows(self):
        """How many there are, at little cost: the highest id."""
        return self.one('SELECT MAX(id) FROM inventory_logs')

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.redis.kill()
        self.database.kill()


class Watch:
    """Looks once in a while, beside the load: rows, memory."""

    def __init__(self, stage):
        self.stage, self.looks, self.ending = stage, [], threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.first_rows = stage.rows()
        self.thread.start()

    def run(self):
        while not self.ending.wait(LOOK_SECONDS):
            self.looks.append({
                'time_ms': time.time() * 1_000, 'rows': self.stage.rows() - self.first_rows,
                'server_kb': resident_kb(self.stage.process.pid),
                'redis_kb': resident_kb(self.stage.redis.pid),
                'mariadb_kb': resident_kb(self.stage.database.pid)})

    def stop(self):
        self.ending.set()
        self.thread.join()
        return self.looks


def read_record(path):
    """(unix milliseconds, order, book, quantity) of each answer, as they came."""
    with open(path, encoding='ascii') as lines:
        return [tuple(map(int, line.split())) for line in lines]


def add_lag(looks, answered_ms):
    """To each look: orders answered, rows behind them, and the age of the newest row's answer."""
    for look in looks:
        answered = bisect.bisect_right(answered_ms, look['time_ms'])
        rows = min(look['rows'], answered)
        look['answered'], look['behind'] = answered, answered - rows
        look['lag_s'] = 0.0
        if look['behind']:
            # When the first order that has no row yet was answered.
            look['lag_s'] = (look['time_ms'] - answered_ms[rows]) / 1_000


def wait_for_rest(stage, patience):
    """Until it writes no more rows; how long that took."""
    begin = changed = time.monotonic()
    rows = stage.rows()
    while time.monotonic() < min(begin + patience, changed + REST_SECONDS):
        time.sleep(0.1)
        now = stage.rows()
        if now != rows:
            rows, changed = now, time.monotonic()
    return changed - begin


def audit(stage, record):
    """Each order that was answered with yes against the rows; Redis against MySQL."""
    quantities = collections.defaultdict(list)
    for order, quantity in stage.database.ask(
            "SELECT order_id, quantity FROM inventory_logs"
            " WHERE order_id > 0 AND LOWER(change_type)='deduct'"):
        quantities[int(order)].append(abs(int(quantity)))
    lost = [(order, book, quantity, when) for when, order, book, quantity in record
            if order not in quantities]
    differ = 0
    for book, stock in stage.database.ask('SELECT book_id, stock FROM inventory'):
        try:
            there = int(stage.redis.ask('GET', f'stock:{book}') or 0)
        except RedisError:
            there = -1
        differ += there != int(stock)
    return {
        'answered': len(record), 'units_answered': sum(quantity for *_, quantity in record),
        'rows': sum(map(len, quantities.values())),
        'lost': len(lost), 'units_lost': sum(quantity for _, _, quantity, _ in lost),
        'first_lost': lost[:3],
        'doubled': sum(len(rows) > 1 for rows in quantities.values()),
        'other_quantity': sum(quantity not in quantities.get(order, [quantity])
                              for _, order, _, quantity in record),
        'never_answered': len(quantities.keys() - {order for _, order, *_ in record}),
        'books_that_differ': differ}


def run(stage, arguments):
    """The report on one server."""
    stage.start()
    stage.stock_up(arguments.books)
    record_path = stage.folder / 'record'
    watch = Watch(stage)
    bench = subprocess.Popen(
        [arguments.bench, 'deduct', '--address', stage.address, '--record', record_path,
         '--first-book', str(FIRST_BOOK), '--books', str(arguments.books), '--json',
         '--in-flight', str(arguments.in_flight), '--rate', str(arguments.rate),
         '--warm-up', '0', '--seconds', str(arguments.seconds)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ended = None
    try:
        if arguments.end in SIGNALS:
            # In the middle of the load: most of it is over, so that there is something to lose.
            time.sleep(0.9 * arguments.seconds)
            ended = time.monotonic()
            stage.process.send_signal(SIGNALS[arguments.end])
            stage.process.wait(START_SECONDS)
            ended = time.monotonic() - ended
        output, errors = bench.communicate(timeout=arguments.seconds + 120)
    finally:
        bench.kill()
    looks = watch.stop()
    record = read_record(record_path)
    if not record:
        raise AssertionError(f'nothing was sold: {output}{errors}\n{stage.log[-2_000:]}')
    add_lag(looks, [answer[0] for answer in record])
    report = {'looks': looks, 'end': arguments.end, 'stop_s': ended,
              'rate': len(record) / ((record[-1][0] - record[0][0] + 1) / 1_000)}
    if output.startswith('{'):
        report['bench'] = json.loads(output)
    if arguments.end in SIGNALS:
        stage.start()
    report['drain_s'] = wait_for_rest(stage, arguments.patience)
    report['at_rest'] = report['drain_s'] < arguments.patience - REST_SECONDS
    report['audit'] = audit(stage, record)
    return report


def grouped(number):
    return f'{number:,.0f}'


def write(name, report, out):
    looks, found = report['looks'], report['audit']
    print(f'## {name}\n', file=out)
    print('   s    answered        rows      behind   lag s   server MB  redis MB  mariadb MB',
          file=out)
    begin = looks[0]['time_ms'] - LOOK_SECONDS * 1_000
    step = max(1, len(looks) // 12)
    for look in looks[step - 1::step]:
        print(f'{(look["time_ms"] - begin) / 1_000:4.0f}{grouped(look["answered"]):>12}'
              f'{grouped(look["rows"]):>12}{grouped(look["behind"]):>12}{look["lag_s"]:8.1f}'
              f'{look["server_kb"] / 1024:12.0f}{look["redis_kb"] / 1024:10.0f}'
              f'{look["mariadb_kb"] / 1024:12.0f}', file=out)
    last = looks[-1]
    p99 = report.get('bench', {}).get('latency_p99_ns')
    print(f'\nanswered         {grouped(report["rate"])} orders/s'
          + (f', p99 {p99 / 1e6:.1f} ms' if p99 else ''), file=out)
    print(f'at the load\'s end {grouped(last["behind"])} rows behind, {last["lag_s"]:.1f} s',
          file=out)
    if report['end'] in SIGNALS:
        print(f'then             SIG{report["end"].upper()} in the middle of the load: it ended in '
              f'{report["stop_s"]:.1f} s, and was started again', file=out)
    print(f'rows came for    {report["drain_s"]:.1f} s more'
          + ('' if report['at_rest'] else ', and were still coming'), file=out)
    print(f'answered yes     {grouped(found["answered"])} orders, '
          f'{grouped(found["units_answered"])} units', file=out)
    print(f'rows             {grouped(found["rows"])}, of them {grouped(found["never_answered"])} '
          f'of orders whose answer never came', file=out)
    share = 100 * found['lost'] / found['answered']
    word = 'LOST     ' if report['at_rest'] else 'NO ROW   '
    print(f'{word}        {grouped(found["lost"])} orders answered with yes have no row '
          f'({share:.1f} %), {grouped(found["units_lost"])} units', file=out)
    for order, book, quantity, when in found['first_lost']:
        print(f'                 e.g. order {order}, book {book}, quantity {quantity}, answered at '
              f'{when} ms', file=out)
    print(f'doubled          {grouped(found["doubled"])}; with another quantity '
          f'{grouped(found["other_quantity"])}', file=out)
    print(f'Redis and MySQL  differ in {found["books_that_differ"]} books\n', file=out)


def parse_arguments():
    head, servers = sys.argv[1:], []
    if '--' in head:
        at = head.index('--')
        head, servers = head[:at], head[at + 1:]
    parser = argparse.ArgumentParser(epilog='then: -- NAME COMMAND [NAME COMMAND…]')
    parser.add_argument('bench')
    parser.add_argument('mariadb')
    parser.add_argument('--seconds', type=float, default=60)
    parser.add_argument('--end', choices=('none', *SIGNALS), default='none')
    parser.add_argument('--in-flight', type=int, default=64)
    parser.add_argument('--rate', type=float, default=0, help='orders a second; 0: what it takes')
    parser.add_argument('--books', type=int, default=1)
    parser.add_argument('--fsync', choices=('everysec', 'always', 'no'), default='everysec')
    parser.add_argument('--patience', type=float, default=600, help='seconds for the last rows')
    parser.add_argument('--expect', choices=('nothing-lost', 'something-lost'))
    parser.add_argument('--json', metavar='FILE', help='everything seen, too')
    arguments = parser.parse_args(head)
    if not servers or len(servers) % 2:
        parser.error('a server is a NAME and a COMMAND, after --')
    arguments.servers = list(zip(servers[::2], servers[1::2]))
    return arguments


def main():
    arguments = parse_arguments()
    reports = {}
    for name, command in arguments.servers:
        with tempfile.TemporaryDirectory(prefix='inventory-ledger-') as folder:
            stage = Stage(folder, arguments.mariadb, command, arguments.fsync)
            try:
                reports[name] = run(stage, arguments)
            finally:
                stage.close()
        write(name, reports[name], sys.stdout)
        sys.stdout.flush()
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(reports))
    if arguments.expect:
        wrong = [name for name, report in reports.items()
                 if bool(report['audit']['lost']) != (arguments.expect == 'something-lost')]
        if wrong:
            sys.exit(f'{", ".join(wrong)}: not as expected, {arguments.expect}')


if __name__ == '__main__':
    main()
