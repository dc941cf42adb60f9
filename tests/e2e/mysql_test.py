#!/usr/bin/python3
"""The service on a database that is away, comes, goes, refuses, is full, or holds what it must not
touch.

Usage: mysql_test.py INVENTORY_SERVICE INVENTORYCTL PRIVATE_MARIADB [unittest's arguments]
"""
import contextlib
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import grpc

from mariadb import Mariadb, SqlError
from service import Service, ServiceTest, WAIT_SECONDS, wait_for

# Requests are so small that their bytes are written by hand: field, wire type, value.
BOOK_1 = b'\x08\x01'
RESTOCK_1 = b'\x08\x01\x10\x01'  # book 1, quantity 1
REMARK = b'\x22\xff\x01' + 255 * b'x'
SERVING, NOT_SERVING = b'\x08\x01', b'\x08\x02'
# What AutoMigrate of the earlier Go service makes, as far as it matters here, and stock in it.
GO_TABLES = ('USE inventory;\n'
             'CREATE TABLE inventory (book_id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,'
             ' stock BIGINT NOT NULL, locked_stock BIGINT NOT NULL, total_stock BIGINT NOT NULL);\n'
             'CREATE TABLE inventory_logs (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,'
             ' book_id BIGINT UNSIGNED);\n'
             'INSERT INTO inventory VALUES (1, 10, 2, 12), (2, 0, 0, 0);\n'
             'INSERT INTO inventory_logs (book_id) VALUES (1);\n')
DONE, FAULT = 0, 3  # exit statuses of inventoryctl
DISK = '--innodb-data-file-path=ibdata1:12M:autoextend:max:{}M'
WAITS_FOR_A_BOOK = ("SELECT id FROM information_schema.processlist WHERE user='clerk'"
                    " AND command='Query' AND time_ms > 50 AND info LIKE '%FROM inventory %UPDATE'")
# An account without the right to overrule the server's settings.
CLERK = ("CREATE USER IF NOT EXISTS clerk IDENTIFIED BY 'hunter2';\n"
         'GRANT ALL ON inventory.* TO clerk;\n')


class MysqlTest(ServiceTest):
    inventoryctl = ''

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='inventory-e2e-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.service = Service(*self.programs, self.folder, 'mysql')

    def database(self, *arguments, init=''):
        """A server that is not started; `init`: what it runs at each start, a statement a line."""
        if init:
            (self.folder / 'init.sql').write_text(init)
            arguments += (f'--init-file={self.folder}/init.sql',)
        database = Mariadb(self.mariadb, self.folder / 'db', *arguments)
        self.addCleanup(lambda: database.process and database.kill())
        return database

    def launch(self, dsn):
        self.service.environment['INVENTORY_DATABASE_DSN'] = dsn
        self.service.launch()
        self.addCleanup(self.service.close)

    def wait_for_log(self, text):
        wait_for(f'the log says "{text}"', lambda: text in self.service.log, self.service.process)

    def connect(self, port):
        channel = grpc.insecure_channel(f'127.0.0.1:{port}')
        self.addCleanup(channel.close)
        grpc.channel_ready_future(channel).result(timeout=WAIT_SECONDS)
        return channel

    def start(self, database, user_and_password='root'):
        """The service, ready on the database; a channel to it."""
        self.launch(database.dsn_of(user_and_password))
        self.wait_for_log(' ready ')
        return self.connect(self.service.log.partition(' port=')[2].split()[0])

    def call(self, channel, rpc, request):
        return channel.unary_unary(f'/inventory.v1.InventoryService/{rpc}')(
            request, timeout=WAIT_SECONDS)

    def assert_unavailable(self, channel, rpc, request):
        with self.assertRaises(grpc.RpcError) as refusal:
            self.call(channel, rpc, request)
        self.assertEqual(refusal.exception.code(), grpc.StatusCode.UNAVAILABLE)
        return refusal.exception.details()

    def health(self, channel):
        return channel.unary_unary('/grpc.health.v1.Health/Check')(b'', timeout=WAIT_SECONDS)

    def wait_for_health(self, channel, health):
        wait_for(f'health is {health}', lambda: self.health(channel) == health,
                 self.service.process)

    def run_tool(self, port, *words, expected=DONE):
        """The output of `inventoryctl words…`, its exit status checked; what it says on stderr."""
        done = subprocess.run([self.inventoryctl, '--server', f'127.0.0.1:{port}', *words],
                              capture_output=True, text=True, check=False, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, expected, f'{words}\n{done.stdout}{done.stderr}')
        return done.stdout, done.stderr

    def assert_refused(self, dsn, *texts):
        """The service does not start, and says why, but not the password."""
        self.launch(dsn)
        self.assertEqual(self.service.process.wait(WAIT_SECONDS), 1, self.service.log)
        for text in texts:
            self.assertIn(text, self.service.log)
        self.assertNotIn('hunter2', self.service.log)


class StartTest(MysqlTest):
    def test_waits_for_a_server_that_is_away(self):
        database = self.database()
        (self.folder / 'db').mkdir()
        self.launch(database.dsn_of('root'))
        self.wait_for_log('waiting for the store; calls are refused until it is there')
        self.assertIn(f'location=unix({database.socket})/inventory reason=',
                      self.service.log)
        self.assertIn('is the server running', self.service.log)
        self.assertEqual(self.service.log.count('\n'), 2, self.service.log)
        channel = self.connect(self.service.log.partition(' port=')[2].split()[0])
        self.assertEqual(self.health(channel), NOT_SERVING)
        self.assertIn('nothing was done', self.assert_unavailable(channel, 'DeductStock',
                                                                  BOOK_1 + b'\x10\x01\x18\x01'))
        self.assert_unavailable(channel, 'GetStock', BOOK_1)
        database.start()
        self.wait_for_log(' ready store=mysql ')
        self.assertEqual(self.health(channel), SERVING)
        self.call(channel, 'RestockInventory', RESTOCK_1)

    def test_refuses_what_waiting_does_not_mend(self):
        database = self.database(init="CREATE USER IF NOT EXISTS clerk IDENTIFIED BY 'hunter2';\n"
                                      "GRANT SELECT ON inventory.* TO clerk;\n"
                                      'CREATE DATABASE IF NOT EXISTS other;\n').start()
        self.assert_refused(database.dsn_of('clerk:hunter22'), 'cannot start', 'Access denied',
                            'check user and password in database.dsn')
        self.assert_refused(database.dsn_of('root', 'nowhere'), "Unknown database 'nowhere'",
                            'CREATE DATABASE')
        self.assert_refused(database.dsn_of('clerk:hunter2', 'other'), 'GRANT ALL ON')
        self.assert_refused(database.dsn_of('clerk:hunter2'), 'CREATE command denied',
                            'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON '
                            "`inventory`.* TO 'clerk'@'%'")

    def test_takes_over_the_stock_of_the_go_service(self):
        database = self.database(init=GO_TABLES).start()
        self.launch(database.dsn)
        self.wait_for_log('waiting for the store; calls are refused until it is there')
        self.assertIn('the tables of the earlier Go service', self.service.log)
        self.assertIn('inventoryctl adopt', self.service.log)
        port = self.service.log.partition(' port=')[2].split()[0]
        channel = self.connect(port)
        self.assertEqual(self.health(channel), NOT_SERVING)
        self.assertIn('inventoryctl adopt', self.assert_unavailable(channel, 'GetStock', BOOK_1))

        seen = json.loads(self.run_tool(port, 'adopt', '--dry-run', '--json')[0])
        self.assertEqual(
            {name: seen[name] for name in ('books', 'units', 'soldOutBooks', 'lockedUnits',
                                           'logRows')},
            {'books': '2', 'units': '10', 'soldOutBooks': '1', 'lockedUnits': '2', 'logRows': '1'})
        self.assertEqual(self.health(channel), NOT_SERVING)
        told, _ = self.run_tool(port, 'adopt')
        self.assertIn('restock what it held', told)
        self.wait_for_log(' ready store=mysql ')
        self.assertEqual(self.health(channel), SERVING)
        _, told = self.run_tool(port, 'adopt', expected=FAULT)
        self.assertIn('taken over before', told)

        sold = self.call(channel, 'DeductStock', BOOK_1 + b'\x10\x0a\x18\x07')  # all 10, order 7
        self.assertFalse(sold.startswith(b'\x08'), sold)  # no code but 0
        for stock in json.loads(self.run_tool(port, 'get', '1', '2', '--json')[0])['stocks']:
            self.assertEqual((stock['stock'], stock['lockedStock']), (0, 0))
        [opening] = json.loads(self.run_tool(port, 'logs', '2', '--json')[0])['logs']
        self.assertEqual((opening['changeType'], opening['requestId'], opening['remark']),
                         ('adjust', 'adopt:2', 'adopted from the earlier Go service'))
        self.assertEqual(self.service.stop(), 0)


class LifeTest(MysqlTest):
    def test_a_server_that_crashes_and_comes_back(self):
        database = self.database().start()
        channel = self.start(database)
        self.assertIn('made a new, empty store', self.service.log)
        self.call(channel, 'RestockInventory', RESTOCK_1)
        database.kill()
        self.wait_for_health(channel, NOT_SERVING)
        self.wait_for_log('the store does not serve')
        self.assert_unavailable(channel, 'RestockInventory', RESTOCK_1)
        database.start()
        self.wait_for_health(channel, SERVING)
        self.wait_for_log('the store serves again')
        self.assertEqual(self.service.log.count(' ready '), 1)
        self.call(channel, 'RestockInventory', RESTOCK_1)
        stock = self.call(channel, 'GetStock', BOOK_1)
        self.assertIn(b'\x18\x01\x20\x02', stock)  # book_id 1, stock 2
        self.assertEqual(self.service.stop(), 0)

    def test_a_database_that_hangs_does_not_hold_up_a_stop(self):
        database = self.database().start()
        self.service.environment['INVENTORY_SERVER_STOP_LIMIT'] = '1'
        self.launch(database.dsn + '?readTimeout=600s')
        self.wait_for_log(' ready ')
        channel = self.connect(self.service.log.partition(' port=')[2].split()[0])
        self.call(channel, 'RestockInventory', RESTOCK_1)
        os.kill(database.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, database.pid, signal.SIGCONT)
        call = channel.unary_unary('/inventory.v1.InventoryService/RestockInventory').future(
            RESTOCK_1, timeout=WAIT_SECONDS)
        self.assertEqual(self.service.stop(), 1)
        self.assertIn('the store did not close in time', self.service.log)
        self.assertNotEqual(call.code(), grpc.StatusCode.OK)

    def test_stock_outlives_the_service(self):
        database = self.database().start()
        self.call(self.start(database), 'RestockInventory', RESTOCK_1)
        self.assertEqual(self.service.stop(), 0)
        self.service.close()
        stock = self.call(self.start(database), 'GetStock', BOOK_1)
        self.assertIn(b'\x18\x01\x20\x01', stock)
        self.assertNotIn('made a new, empty store', self.service.log)


class FaultTest(MysqlTest):
    """What a server that runs will not do. Callers are told that nothing was done, the log says
    what to do about it, and when that is done the service goes on by itself with all it had."""

    def serve_clerk(self, *arguments):
        """A database, and a channel to the service on it, whose account has no special rights."""
        database = self.database(*arguments, init=CLERK).start()
        return database, self.start(database, 'clerk:hunter2')

    def stock(self, channel):
        """Units of book 1, every one of them restocked by a movement of its own."""
        answer = self.call(channel, 'GetStock', BOOK_1)
        fields = re.search(rb'\x18\x01\x20(.+)\x30(.+)\x38(.+)', answer, re.DOTALL)
        self.assertTrue(fields, answer)
        stock, total, movements = (sum((byte & 127) << 7 * i for i, byte in enumerate(field))
                                   for field in fields.groups())
        self.assertEqual((total, movements), (stock, stock))
        return stock

    def restock_until_logged(self, channel, advice):
        """Restocks book 1 until the log says that the store does not serve, and the advice. How
        often it was done; whenever it was not, the caller was told the same."""
        done = 0

        def restock():
            nonlocal done
            try:
                self.call(channel, 'RestockInventory', RESTOCK_1 + REMARK)
                done += 1
            except grpc.RpcError as refusal:
                self.assertEqual(refusal.code(), grpc.StatusCode.UNAVAILABLE)
                self.assertIn('nothing was done', refusal.details())
                self.assertIn(advice, refusal.details())
            return advice in self.service.log.partition('the store does not serve')[2]

        wait_for(f'it does not serve: {advice}', restock, self.service.process)
        return done

    def test_a_server_that_becomes_read_only(self):
        database, channel = self.serve_clerk()
        self.call(channel, 'RestockInventory', RESTOCK_1)
        database.ask('SET GLOBAL read_only=1')
        said = self.assert_unavailable(channel, 'RestockInventory', RESTOCK_1)
        self.assertIn('nothing was done', said)
        self.assertIn('(1290); the server is read-only: is it a replica?', said)
        self.wait_for_health(channel, NOT_SERVING)
        self.wait_for_log('the store does not serve')
        self.assertIn('the server is read-only: is it a replica?', self.service.log)
        self.assertEqual(self.stock(channel), 1)
        database.ask('SET GLOBAL read_only=0')
        self.wait_for_health(channel, SERVING)
        self.call(channel, 'RestockInventory', RESTOCK_1)
        self.assertEqual(self.stock(channel), 2)
        self.assertEqual(self.service.log.count('the store serves again'), 1)

        # A start waits for it too.
        self.assertEqual(self.service.stop(), 0)
        database.ask('SET GLOBAL read_only=1')
        self.launch(database.dsn_of('clerk:hunter2'))
        self.wait_for_log('waiting for the store')
        self.assertIn('the server is read-only: is it a replica?', self.service.log)
        database.ask('SET GLOBAL read_only=0')
        self.wait_for_log(' ready store=mysql ')

    def take_connections(self, database):
        """All that the server has left for accounts without special rights."""
        taken = contextlib.ExitStack()
        self.addCleanup(taken.close)
        while True:
            try:
                taken.enter_context(database.session('clerk', 'hunter2'))
            except SqlError as error:
                self.assertEqual(str(error), 'Too many connections')
                return taken

    def test_a_server_with_too_many_connections(self):
        advice = "Too many connections (1040); raise the server's limit or lower " \
                 'database.max_open_conns'
        database = self.database('--max-connections=10', init=CLERK).start()
        taken = self.take_connections(database)
        self.launch(database.dsn_of('clerk:hunter2'))
        self.wait_for_log('waiting for the store')
        self.assertIn(advice, self.service.log)
        taken.close()
        self.wait_for_log(' ready store=mysql ')
        channel = self.connect(self.service.log.partition(' port=')[2].split()[0])

        # Those that the service has serve on until they have been idle.
        taken = self.take_connections(database)
        done = self.restock_until_logged(channel, advice)
        taken.close()
        self.wait_for_health(channel, SERVING)
        self.call(channel, 'RestockInventory', RESTOCK_1)
        self.assertEqual(self.stock(channel), done + 1)

    def test_connections_that_are_killed_inside_a_transaction(self):
        database, channel = self.serve_clerk()
        self.call(channel, 'RestockInventory', RESTOCK_1)

        def kill_one(statement):
            """Whether one was there that waited for the book."""
            for connection, in database.ask(WAITS_FOR_A_BOOK):
                with contextlib.suppress(SqlError):  # it may have ended by itself
                    database.ask(f'{statement} {connection}')
                    return True
            return False

        with database.session() as other:
            other.run('START TRANSACTION')
            other.run('SELECT * FROM inventory WHERE book_id=1 FOR UPDATE')
            # Without a request id: nothing but the transaction itself keeps it from counting twice.
            answer = channel.unary_unary('/inventory.v1.InventoryService/RestockInventory').future(
                RESTOCK_1, timeout=WAIT_SECONDS)
            for statement in ('KILL', 'KILL QUERY', 'KILL'):
                wait_for(f'{statement} meets a transaction', lambda: kill_one(statement))
        answer.result()
        self.assertEqual(self.stock(channel), 2)
        self.assertNotIn('the store does not serve', self.service.log)

    def fill(self, database):
        """Until the server has no page left to give. Small tables have pages of their own."""
        with contextlib.suppress(SqlError):
            for number in itertools.count():
                database.ask(f'CREATE TABLE filler_{number} (bytes LONGBLOB)')
                with contextlib.suppress(SqlError):
                    while True:
                        database.ask(f"INSERT INTO filler_{number} VALUES (REPEAT('x', 7900))")

    def test_a_server_whose_disk_is_full(self):
        # Tables in one file that may not grow: the server's errors are those of a full disk.
        database, channel = self.serve_clerk('--innodb-file-per-table=OFF', DISK.format(16))
        self.call(channel, 'RestockInventory', RESTOCK_1)
        self.fill(database)
        advice = 'is full (1114); free space on the database server'
        done = self.restock_until_logged(channel, advice)
        self.assertEqual(self.stock(channel), done + 1)
        # A larger disk.
        self.assertEqual(database.stop(), 0)
        database.command.append(DISK.format(40))
        database.start()
        self.wait_for_health(channel, SERVING)
        self.call(channel, 'RestockInventory', RESTOCK_1)
        self.assertEqual(self.stock(channel), done + 2)


if __name__ == '__main__':
    ServiceTest.programs = sys.argv[1], None
    MysqlTest.inventoryctl, ServiceTest.mariadb = sys.argv[2:4]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
