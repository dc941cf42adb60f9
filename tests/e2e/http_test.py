#!/usr/bin/python3
"""The HTTP/JSON gateway of the real service, asked by curl, over every store: each route of
docs/http.md and of /openapi.json, what it refuses, streams of events, a restart. Whatever comes must be
as the document says.

Usage: http_test.py INVENTORY_SERVICE PRIVATE_MARIADB [unittest's arguments]
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from mariadb import Mariadb
from openapi import OpenApi
from redis_server import Redis, free_port
from service import Service, WAIT_SECONDS, wait_for

PAGE = pathlib.Path(__file__).resolve().parents[2] / 'docs/http.md'
JSON = 'Content-Type: application/json'
CURL = ['curl', '-sS', '-i', '--http1.1', '--noproxy', '*', '--max-time', str(WAIT_SECONDS)]


def routes_of_the_page():
    """'GET /stock/{book_id}' and so on, as the table of docs/http.md has them."""
    return set(re.findall(r'^\| `((?:GET|POST) /[^`?]*)', PAGE.read_text(), re.M))


def named(walked):
    """'GET /stock/1?a=b' as the page has it."""
    walked = re.sub(r'\?.*', '', walked)
    walked = re.sub(r'/stock/\d+', '/stock/{book_id}', walked)
    walked = re.sub(r'/console/.*', '/console/{file}', walked)
    return re.sub(r'/(orders|reservations)/\d+', r'/\1/{order_id}', walked)


class Reply:
    """What `curl -i` printed. `body`: text; `json`: what it says, None where there is none."""

    def __init__(self, output):
        head, _, self.body = output.partition(b'\r\n\r\n')
        while head.startswith(b'HTTP/1.1 1'):  # leave to send the body
            head, _, self.body = self.body.partition(b'\r\n\r\n')
        status, *fields = head.decode().split('\r\n')
        self.status = int(status.split()[1])
        self.fields = dict(field.split(': ', 1) for field in fields)
        is_json = self.fields.get('Content-Type') == 'application/json'
        self.json = json.loads(self.body) if is_json and self.body else None


class Stream:
    """The events that a running curl prints."""

    def __init__(self, url):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([*CURL[:-2], '-N', url], stdout=subprocess.PIPE)
        self.status = int(self.process.stdout.readline().split()[1])
        self.fields = {}
        while line := self.process.stdout.readline().decode().strip():
            name, value = line.split(': ', 1)
            self.fields[name] = value

    def next(self):
        """The next event's fields; what only shows that the stream lives is passed over."""
        event = {}
        while line := self.process.stdout.readline().decode():
            if line == '\n' and 'data' in event:
                return {**event, 'data': json.loads(event['data'])}
            name, colon, value = line.rstrip('\n').partition(': ')
            if colon:
                event[name] = value
        raise AssertionError('the stream has ended')

    def close(self):
        self.process.kill()
        self.process.communicate()


class Gateway(unittest.TestCase):
    """A service with HTTP on, over the store of the class; its tests use books of their own."""

    service_program, mariadb_program = '', ''
    store = 'memory'
    walked = set()

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='inventory-e2e-')
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.port = free_port()
        cls.service = Service(cls.service_program, '', folder.name, cls.store)
        environment = cls.service.environment
        environment['INVENTORY_HTTP_PORT'] = str(cls.port)
        if cls.store in ('mysql', 'redis'):
            database = Mariadb(cls.mariadb_program, cls.folder / 'mariadb').start()
            cls.addClassCleanup(database.kill)
            environment['INVENTORY_DATABASE_DSN'] = database.dsn
        if cls.store == 'redis':
            redis = Redis(cls.folder / 'redis').start()
            cls.addClassCleanup(redis.kill)
            environment['INVENTORY_REDIS_ADDR'] = redis.address
        cls.addClassCleanup(cls.service.close)
        cls.service.start()
        document = subprocess.run([*CURL[:2], f'http://localhost:{cls.port}/openapi.json'],
                                  stdout=subprocess.PIPE, check=True).stdout
        cls.openapi = OpenApi(json.loads(document))

    def url(self, target):
        return f'http://localhost:{self.port}{target}'

    def ask(self, method, target, body=None, *fields):
        """The Reply; a dict is sent as JSON."""
        command = [*CURL, '-g', self.url(target)]
        command += ['-I'] if method == 'HEAD' else ['-X', method]
        for field in fields:
            command += ['-H', field]
        if isinstance(body, dict):
            body = json.dumps(body)
            command += ['-H', JSON]
        elif body is not None and not any(field.startswith('Content-Type') for field in fields):
            command += ['-H', 'Content-Type:']  # else curl names one by itself
        if body is not None:
            command += ['--data-binary', '@-']
        done = subprocess.run(command, input=(body or '').encode(), stdout=subprocess.PIPE,
                              check=True)
        self.walked.add(named(f'{method} {target}'))
        reply = Reply(done.stdout)
        self.assertEqual(self.openapi.complaint(method, target, reply), '', f'{method} {target}')
        return reply

    def get(self, target, status=200):
        reply = self.ask('GET', target)
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    def post(self, target, body, status=200, *fields):
        reply = self.ask('POST', target, body, *fields)
        self.assertEqual(reply.status, status, reply.body)
        return reply.json

    def events(self, query=''):
        stream = Stream(self.url('/events' + query))
        self.addCleanup(stream.close)
        self.walked.add('GET /events')
        self.assertEqual(stream.status, 200)
        self.assertEqual(stream.fields['Content-Type'], 'text/event-stream')
        return stream

    def stock(self, book):
        return self.get(f'/stock/{book}')['stock']


class OverMemory(Gateway):
    """What holds over every store."""

    def test_every_route(self):
        self.walked.clear()
        self.assertEqual(self.get('/healthz'), {'status': 'SERVING'})
        self.assertEqual(self.get('/readyz'), {'status': 'SERVING'})
        status = self.get('/status')
        self.assertEqual((status['store'], status['serving']), (self.store, True))
        self.stock_it()
        self.sell()
        self.reserve()
        self.read()
        self.events()
        self.assertEqual(self.get('/openapi.json'), self.openapi.document)
        self.assertEqual(self.walked, self.openapi.routes)
        self.open_console()
        self.assertEqual(self.walked, routes_of_the_page())

    def test_the_document_is_a_good_one(self):
        self.assertEqual(self.openapi.faults(), [])

    def stock_it(self):
        restock, key = {'book_id': 1, 'quantity': 100}, 'Idempotency-Key: a'
        self.assertEqual(self.post('/restock', restock, 200, key),
                         {'code': 0, 'message': '补充成功', 'current_stock': 100})
        self.assertEqual(self.post('/restock', restock, 200, key),
                         {'code': 0, 'message': '请求已处理（幂等性）', 'current_stock': 100})
        self.assertEqual(self.post('/restock', {'book_id': 1, 'quantity': 9}, 422, key)['code'],
                         40904)
        self.assertEqual(self.post('/adjust', {'book_id': 1, 'set_to': 90}, 200,
                                   'Idempotency-Key: b'),
                         {'code': 0, 'message': '调整成功', 'current_stock': 90})
        self.assertEqual(self.post('/adjust', {'book_id': 1, 'delta': 1, 'expected_stock': 7},
                                   412)['code'], 40905)

    def sell(self):
        deduct = {'book_id': 1, 'quantity': 5, 'order_id': 1001}
        self.assertEqual(self.post('/deduct', deduct),
                         {'code': 0, 'message': '扣减成功', 'remaining_stock': 85})
        self.assertEqual(self.post('/deduct', deduct),
                         {'code': 0, 'message': '订单已处理（幂等性）', 'remaining_stock': 85})
        self.post('/deduct', {**deduct, 'quantity': 6}, 409)
        self.assertEqual(self.post('/deduct', {**deduct, 'quantity': 200, 'order_id': 1002}, 409),
                         {'code': 40100, 'message': '库存不足', 'remaining_stock': 85})
        batch = self.post('/deduct/batch', {'items': [
            {'book_id': 1, 'quantity': 1, 'order_id': 1003},
            {'book_id': 2, 'quantity': 1, 'order_id': 1003}]})
        self.assertEqual([line['code'] for line in batch['results']], [0, 40100])
        self.assertEqual(self.post('/release', {'book_id': 1, 'order_id': 1001})['current_stock'],
                         89)

    def reserve(self):
        lines = [{'book_id': 1, 'quantity': 4}]
        self.post('/reserve', {'order_id': 7, 'lines': lines})
        self.assertEqual(self.get('/reservations/7')['state'], 'RESERVATION_STATE_RESERVED')
        self.assertEqual(self.post('/reservations/7/confirm', {})['message'], '确认成功')
        self.post('/reserve', {'order_id': 8, 'lines': lines, 'ttl_seconds': 60})
        self.assertEqual(self.post('/reservations/8/cancel', {'reason': 'x'})['message'], '取消成功')
        self.assertEqual(self.post('/reserve', {'order_id': 8, 'lines': lines}, 409)['code'], 40902)

    def read(self):
        # The redis store's movements come to the log a moment later.
        wait_for('the log has it all', lambda: self.get('/stock/1/logs')['total'] == 9)
        wait_for('the order has it all', lambda: len(self.get('/orders/7')['logs']) == 2)
        order = self.get('/orders/7')
        self.assertEqual(order['lines'], [{'book_id': '1', 'quantity': 4, 'expires_at_ms': '0',
                                           'state': 'ORDER_LINE_STATE_SOLD'}])
        self.assertEqual([log['change_type'] for log in order['logs']], ['reserve', 'confirm'])
        self.assertEqual(self.get('/stock/1'),
                         {'code': 0, 'message': 'success', 'book_id': '1', 'stock': 85,
                          'locked_stock': 0, 'total_stock': 85, 'sequence': '9'})
        self.assertEqual([one['stock'] for one in self.get('/stock?ids=1,2')['stocks']], [85, 0])
        self.assertIn('1', [one['book_id'] for one in self.get('/stock')['stocks']])
        page = self.get('/stock?page_size=1&low_stock_only=false')
        self.assertEqual((page['stocks'][0]['book_id'], page['stocks'][0]['stock']), ('1', 85))
        self.assertNotIn('1', [one['book_id']
                               for one in self.get('/stock?low_stock_only=true')['stocks']])
        logs = self.get('/stock/1/logs?page_size=4')
        rest = self.get('/stock/1/logs?page_size=100&page_token=' + logs['next_page_token'])
        self.assertEqual([int(log['sequence']) for log in logs['logs'] + rest['logs']],
                         list(range(9, 0, -1)))
        metrics = self.ask('GET', '/metrics')
        self.assertEqual(metrics.fields['Content-Type'],
                         'text/plain; version=0.0.4; charset=utf-8')
        self.assertRegex(metrics.body, rb'(?m)^inventory_outcomes_total\{verb="restock",'
                                       rb'outcome="ok"\} [1-9]')

    def open_console(self):
        page = self.ask('GET', '/')
        self.assertEqual((page.status, page.fields['Content-Type']),
                         (200, 'text/html; charset=utf-8'))
        self.assertIn("default-src 'none'", page.fields['Content-Security-Policy'])
        app, = re.findall(r'src="(/console/\w+/app\.js)"', page.body.decode())
        file = self.ask('GET', app)
        self.assertEqual((file.status, file.fields['Content-Type'], file.fields['Cache-Control']),
                         (200, 'text/javascript; charset=utf-8',
                          'public, max-age=31536000, immutable'))
        same = self.ask('GET', app, None, 'If-None-Match: ' + file.fields['ETag'])
        self.assertEqual((same.status, same.body), (304, b''))

    def test_a_copy_is_asked_about_by_its_tag(self):
        self.post('/restock', {'book_id': 11, 'quantity': 3})
        fields = self.ask('GET', '/stock/11').fields
        self.assertEqual(fields['Cache-Control'], 'private, max-age=1')
        tag = 'If-None-Match: ' + fields['ETag']
        same = self.ask('GET', '/stock/11', None, tag)
        self.assertEqual((same.status, same.body, same.fields['ETag']), (304, b'', fields['ETag']))
        head = self.ask('HEAD', '/stock/11')
        self.assertEqual((head.status, head.body, head.fields['ETag']), (200, b'', fields['ETag']))
        self.post('/deduct', {'book_id': 11, 'quantity': 1, 'order_id': 11})
        other = self.ask('GET', '/stock/11', None, tag)
        self.assertEqual((other.status, other.json['stock']), (200, 2))
        self.assertNotEqual(other.fields['ETag'], fields['ETag'])
        self.assertEqual(self.ask('GET', '/orders/11').fields['Cache-Control'], 'no-store')

    def test_what_does_not_fit_is_refused_with_a_reason(self):
        self.post('/restock', {'book_id': 21, 'quantity': 3})
        good = json.dumps({'book_id': 21, 'quantity': 1, 'order_id': 21})
        reserve = '{"order_id":22,"lines":[{"book_id":21,"quantity":%d}],"ttl_seconds":%d}'
        bad = 'INVALID_ARGUMENT'
        table = [  # and the code, or the error's status
            ('GET', '/nothing', None, [], 404, 'NOT_FOUND'),
            ('GET', '/stock/abc', None, [], 400, bad), ('GET', '/stock/-1', None, [], 400, bad),
            ('GET', '/stock/0', None, [], 400, 40001), ('GET', '/stock/22', None, [], 404, 40401),
            ('GET', '/stock?page_token=x', None, [], 400, 40001),
            ('GET', '/stock?low_stock_only=1', None, [], 400, bad),
            ('GET', '/stock?ids=1,x', None, [], 400, bad),
            ('GET', '/stock?ids=1&ids=2', None, [], 400, bad),
            ('GET', '/stock?ids=0', None, [], 400, 40001),
            ('GET', '/stock/1/logs?size=1', None, [], 400, bad),
            ('GET', '/stock/1/logs?change_type=sold', None, [], 400, 40001),
            ('GET', '/stock/1/logs?change_type=%ff', None, [], 400, bad),
            ('GET', '/stock/1/logs?page=4294967295', None, [], 422, 40002),
            ('GET', '/events?ids=x', None, [], 400, bad),
            ('GET', '/events?ids=0', None, [], 400, bad),
            ('GET', '/reservations/29', None, [], 404, 40402),
            ('GET', '/orders/0', None, [], 400, 40001),
            ('PUT', '/stock/21', good, [JSON], 405, 'UNIMPLEMENTED'),
            ('GET', '/deduct', None, [], 405, 'UNIMPLEMENTED'),
            ('POST', '/deduct', good, [], 415, bad),
            ('POST', '/deduct', good, ['Content-Type: text/plain'], 415, bad),
            ('POST', '/deduct', '{', [JSON], 400, bad), ('POST', '/deduct', '[]', [JSON], 400, bad),
            ('POST', '/deduct', '', [JSON], 400, bad),
            ('POST', '/deduct', '{"book":1}', [JSON], 400, bad),
            ('POST', '/deduct', '{"book_id":"x"}', [JSON], 400, bad),
            ('POST', '/deduct', '{}', [JSON], 400, 40001),
            ('POST', '/deduct', good.replace('1', '0'), [JSON], 400, 40001),
            ('POST', '/deduct', good, [JSON, 'Host: shop.example'], 421, 'PERMISSION_DENIED'),
            ('POST', '/deduct', good, [JSON, 'Origin: https://shop.example'], 403,
             'PERMISSION_DENIED'),
            ('POST', '/deduct', good, [JSON, 'Transfer-Encoding: gzip'], 400, bad),
            ('POST', '/restock', '{"request_id":"a"}', [JSON, 'Idempotency-Key: b'], 400, bad),
            ('POST', '/restock', '{"book_id":21}', [JSON], 400, 40001),
            ('POST', '/adjust', '{"book_id":21}', [JSON], 400, 40001),
            ('POST', '/adjust', '{"book_id":21,"delta":-4}', [JSON], 409, 40100),
            ('POST', '/adjust', '{"book_id":21,"set_to":1,"reason":"%s"}' % (256 * 'x'), [JSON],
             422, 40002),
            ('POST', '/release', '{"book_id":21,"order_id":29}', [JSON], 400, 40001),
            ('POST', '/reserve', reserve % (4, 0), [JSON], 409, 40100),
            ('POST', '/reserve', reserve % (1, 9_999_999), [JSON], 422, 40002),
            ('POST', '/reserve', '{"order_id":22}', [JSON], 400, 40001),
            ('POST', '/reservations/29/confirm', '{"order_id":8}', [JSON], 400, bad),
            ('POST', '/reservations/28/confirm', '', [JSON], 404, 40402),
            ('GET', '/' + 'x' * 5_000, None, [], 414, bad),
            ('GET', '/' + 'x' * 9_000, None, [], 431, bad),
            ('POST', '/deduct', ' ' * (1 << 20) + good, [JSON], 413, bad),
        ]
        for method, target, body, fields, status, why in table:
            with self.subTest(f'{method} {target[:40]} {(body or "")[:40]} {fields}'):
                reply = self.ask(method, target, body, *fields)
                self.assertEqual(reply.status, status, reply.body)
                self.assertEqual(reply.fields['Content-Type'], 'application/json')
                if status == 405:
                    self.assertIn(reply.fields['Allow'], ('GET, HEAD', 'POST'))
                if isinstance(why, int):
                    self.assertEqual(reply.json['code'], why)
                    self.assertTrue(reply.json['message'])
                else:
                    self.assertEqual(reply.json['error']['status'], why)
                    self.assertTrue(reply.json['error']['message'])
        self.assertEqual(self.stock(21), 3)

    def test_a_stream_tells_of_each_change(self):
        self.post('/restock', {'book_id': 31, 'quantity': 11})
        stream = self.events('?ids=31&min_interval_ms=1')
        event = stream.next()
        self.assertEqual((event['retry'], event['id']), ('2000', '1'))
        self.assertEqual(event['data'], {'snapshot_done': True, 'changes': [
            {'book_id': '31', 'stock': 11, 'locked_stock': 0, 'total_stock': 11, 'sequence': '1',
             'low': False}]})
        self.post('/deduct', {'book_id': 31, 'quantity': 2, 'order_id': 31})
        event = stream.next()
        self.assertEqual((event['id'], event['data']['changes'][0]['stock'],
                          event['data']['changes'][0]['low']), ('2', 9, True))
        low = self.events('?low_stock_only=true').next()
        self.assertIn('31', [change['book_id'] for change in low['data']['changes']])


class OverMysql(OverMemory):
    """The same."""
    store = 'mysql'


class OverRedis(OverMemory):
    """The same."""
    store = 'redis'


class OverEmbedded(OverMemory):
    """The same, and what has nothing to do with the store."""
    store = 'embedded'

    def test_stock_outlives_a_restart_and_a_stop_is_clean(self):
        self.post('/restock', {'book_id': 41, 'quantity': 3})
        stream = self.events('?ids=41')
        stream.next()
        self.assertEqual(self.service.stop(), 0)
        with self.assertRaisesRegex(AssertionError, 'the stream has ended'):
            stream.next()
        self.service.start()
        self.assertEqual(self.stock(41), 3)

    def test_it_listens_on_this_machine_alone(self):
        listening = pathlib.Path('/proc/net/tcp').read_text()
        self.assertIn(f' 0100007F:{self.port:04X} 00000000:0000 0A', listening)
        self.assertNotIn(f' 00000000:{self.port:04X} 00000000:0000 0A', listening)

    def open_files(self):
        """The soft limit and the hard one."""
        limits = pathlib.Path(f'/proc/{self.service.process.pid}/limits').read_text()
        return re.search(r'Max open files +(\d+) +(\d+)', limits).groups()

    def test_the_limit_on_open_files_is_raised_and_a_low_one_told(self):
        soft, hard = self.open_files()
        self.assertEqual(soft, hard)
        self.addCleanup(self.service.start)
        self.addCleanup(self.service.stop)
        script = self.folder / 'with_few_files'
        script.write_text(f'#!/bin/sh\nulimit -Sn 500\nulimit -Hn 600\n'
                          f'exec {self.service_program} "$@"\n')
        script.chmod(0o755)
        self.addCleanup(setattr, self.service, 'programs', self.service.programs)
        self.service.stop()
        self.service.programs = str(script), ''
        self.service.start()
        self.assertEqual(self.open_files(), ('600', '600'))
        self.assertIn('few files may be open at once', self.service.log)


if __name__ == '__main__':
    OverMemory.service_program, OverMemory.mariadb_program = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
