#!/usr/bin/python3
"""The report on answers and rows, judged by a small server that forgets what it is told to.

Usage: ledger_report_test.py INVENTORY_BENCH PRIVATE_MARIADB [unittest's arguments]
"""
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest
from concurrent import futures

import grpc

HERE = pathlib.Path(__file__).resolve()
BENCH = MARIADB = ''


def varints(message):
    """field -> number, of a message that has no others before those."""
    fields, at = {}, 0
    while at < len(message) and message[at] & 7 == 0:
        number, field, shift = 0, message[at] >> 3, 0
        at += 1
        while True:
            number |= (message[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if message[at - 1] < 128:
                break
        fields[field] = number
    return fields


def serve(port, redis, dsn, fault):
    """Sells without limit, and writes a row for each order: but for every tenth, by the fault."""
    from mariadb import Session  # pylint: disable=import-outside-toplevel
    from redis_server import Session as RedisSession  # pylint: disable=import-outside-toplevel
    session = Session(dsn.partition('(')[2].partition(')')[0])
    session.run('CREATE TABLE IF NOT EXISTS inventory (book_id BIGINT PRIMARY KEY, stock BIGINT)')
    session.run('CREATE TABLE IF NOT EXISTS inventory_logs (id BIGINT AUTO_INCREMENT PRIMARY KEY,'
                ' change_type VARCHAR(9), quantity INT, order_id BIGINT UNSIGNED)')
    cache = RedisSession(redis)
    count = 0

    def restock(request, _):
        fields = varints(request)
        session.run(f'INSERT INTO inventory VALUES ({fields[1]}, {fields[2]})')
        cache.run('SET', f'stock:{fields[1]}', fields[2])
        return b''

    def deduct(request, _):
        nonlocal count
        fields, count = varints(request), count + 1
        rows, quantity = 1, fields[2]
        if count % 10 == 0:
            rows = {'forget': 0, 'double': 2}.get(fault, 1)
            quantity += fault == 'quantity'
        for _ in range(rows):
            session.run(f"INSERT INTO inventory_logs (change_type, quantity, order_id)"
                        f" VALUES ('DEDUCT', {-quantity}, {fields[3]})")
        session.run(f'UPDATE inventory SET stock = stock - {fields[2]} WHERE book_id = {fields[1]}')
        cache.run('DECRBY', f'stock:{fields[1]}', fields[2] + (fault == 'differ'))
        return b''

    methods = {'GetStock': lambda *_: b'', 'RestockInventory': restock, 'DeductStock': deduct}
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(
        'inventory.v1.InventoryService',
        {name: grpc.unary_unary_rpc_method_handler(method) for name, method in methods.items()})])
    server.add_insecure_port(f'127.0.0.1:{port}')
    server.start()
    server.wait_for_termination()


class LedgerReportTest(unittest.TestCase):
    def report(self, fault, *options, status=0):
        """What it found of a server with this fault, and what it printed."""
        command = shlex.join([sys.executable, str(HERE), '--serve', '{port}', '{redis_socket}',
                              '{dsn}', fault])
        with tempfile.TemporaryDirectory(prefix='inventory-report-') as folder:
            done = subprocess.run(
                [sys.executable, HERE.parent / 'ledger_report.py', BENCH, MARIADB, '--seconds', '1',
                 '--in-flight', '4', '--json', f'{folder}/all.json', *options, '--', fault, command],
                capture_output=True, text=True, check=False, timeout=300)
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            report = json.loads(pathlib.Path(folder, 'all.json').read_text())[fault]
        return report['audit'], done.stdout

    def test_a_sound_server(self):
        found, printed = self.report('none', '--expect', 'nothing-lost')
        self.assertGreater(found['answered'], 10)
        self.assertEqual(found['rows'], found['answered'])
        for name in ('lost', 'units_lost', 'doubled', 'other_quantity', 'never_answered',
                     'books_that_differ'):
            self.assertEqual(found[name], 0, name)
        self.assertIn('LOST             0 orders', printed)

    def test_a_server_that_forgets(self):
        found, _ = self.report('forget', '--expect', 'nothing-lost', status=1)
        self.assertEqual(found['lost'], found['answered'] // 10)
        self.assertEqual(found['units_lost'], found['lost'])
        self.report('forget', '--expect', 'something-lost')

    def test_a_server_that_writes_twice(self):
        found, _ = self.report('double')
        self.assertEqual(found['doubled'], found['answered'] // 10)

    def test_a_server_that_writes_something_else(self):
        found, _ = self.report('quantity')
        self.assertEqual(found['other_quantity'], found['answered'] // 10)

    def test_a_server_whose_sides_differ(self):
        self.assertEqual(self.report('differ')[0]['books_that_differ'], 1)

    def test_a_server_that_is_killed(self):
        found, printed = self.report('none', '--end', 'kill')
        self.assertEqual(found['lost'], 0)
        self.assertIn('SIGKILL', printed)


if __name__ == '__main__':
    if sys.argv[1:2] == ['--serve']:
        serve(int(sys.argv[2]), *sys.argv[3:])
    else:
        BENCH, MARIADB = sys.argv[1:3]
        unittest.main(argv=sys.argv[:1] + sys.argv[3:])
