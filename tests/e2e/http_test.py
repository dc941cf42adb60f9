#!/usr/bin/python3
"""The HTTP/JSON gateway of the real service: every route of docs/http.md, what it refuses, a restart.

Usage: http_test.py INVENTORY_SERVICE [unittest's arguments]
"""
import http.client
import json
import pathlib
import re
import socket
import sys
import unittest

from service import ServiceTest, WAIT_SECONDS

PAGE = pathlib.Path(__file__).resolve().parents[2] / 'docs/http.md'
JSON = {'Content-Type': 'application/json'}


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def routes_of_the_page():
    """'GET /stock/{book_id}' and so on, as the table of docs/http.md has them."""
    return set(re.findall(r'^\| `((?:GET|POST) /[^`?]*)', PAGE.read_text(), re.M))


class HttpTest(ServiceTest):
    def setUp(self):
        self.port = free_port()
        self.service = self.serve('embedded', INVENTORY_HTTP_PORT=str(self.port))
        self.connect()
        self.walked = set()

    def connect(self):
        self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WAIT_SECONDS)
        self.addCleanup(self.connection.close)

    def ask(self, method, target, body=None, headers=None):
        """(status, JSON or None, header fields)"""
        if isinstance(body, dict):
            body, headers = json.dumps(body), {**JSON, **(headers or {})}
        self.connection.request(method, target, body, headers or {})
        reply = self.connection.getresponse()
        text = reply.read()
        self.walked.add(method + ' ' + re.sub(r'\?.*', '', target))
        return reply.status, json.loads(text) if text else None, reply.headers

    def get(self, target, status=200, **headers):
        got, answer, _ = self.ask('GET', target, headers=headers)
        self.assertEqual(got, status, answer)
        return answer

    def post(self, target, body, status=200, **headers):
        got, answer, _ = self.ask('POST', target, body,
                                  {name.replace('_', '-'): value for name, value in headers.items()})
        self.assertEqual(got, status, answer)
        return answer

    def stock(self, book):
        return self.get(f'/stock/{book}')['stock']

    def test_every_route(self):
        self.assertEqual(self.get('/healthz'), {'status': 'SERVING'})
        self.assertEqual(self.get('/readyz'), {'status': 'SERVING'})
        self.assertEqual(self.post('/restock', {'book_id': 1, 'quantity': 100}, Idempotency_Key='a'),
                         {'code': 0, 'message': '补充成功', 'current_stock': 100})
        self.assertEqual(self.post('/restock', {'book_id': 1, 'quantity': 100}, Idempotency_Key='a'),
                         {'code': 0, 'message': '请求已处理（幂等性）', 'current_stock': 100})
        self.post('/restock', {'book_id': 1, 'quantity': 9}, 422, Idempotency_Key='a')
        self.assertEqual(self.post('/adjust', {'book_id': 1, 'set_to': 90}, Idempotency_Key='b'),
                         {'code': 0, 'message': '调整成功', 'current_stock': 90})
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
        lines = [{'book_id': 1, 'quantity': 4}]
        self.post('/reserve', {'order_id': 7, 'lines': lines})
        self.assertEqual(self.get('/reservations/7')['state'], 'RESERVATION_STATE_RESERVED')
        self.assertEqual(self.post('/reservations/7/confirm', {})['message'], '确认成功')
        self.post('/reserve', {'order_id': 8, 'lines': lines, 'ttl_seconds': 60})
        self.assertEqual(self.post('/reservations/8/cancel', {'reason': 'x'})['message'], '取消成功')
        order = self.get('/orders/7')
        self.assertEqual(order['lines'], [{'book_id': '1', 'quantity': 4, 'expires_at_ms': '0',
                                           'state': 'ORDER_LINE_STATE_SOLD'}])
        self.assertEqual([log['change_type'] for log in order['logs']], ['reserve', 'confirm'])
        self.assertEqual(self.get('/stock/1'),
                         {'code': 0, 'message': 'success', 'book_id': '1', 'stock': 85,
                          'locked_stock': 0, 'total_stock': 85, 'sequence': '9'})
        self.assertEqual([one['stock'] for one in self.get('/stock?ids=1,2')['stocks']], [85, 0])
        self.assertEqual([one['book_id'] for one in self.get('/stock')['stocks']], ['1'])
        self.assertEqual(self.get('/stock?low_stock_only=true')['stocks'], [])
        status = self.get('/status')
        self.assertEqual((status['store'], status['serving']), ('embedded', True))
        logs = self.get('/stock/1/logs?page_size=4')
        rest = self.get('/stock/1/logs?page_size=100&page_token=' + logs['next_page_token'])
        self.assertEqual([int(log['sequence']) for log in logs['logs'] + rest['logs']],
                         list(range(9, 0, -1)))
        self.assertEqual(self.all_walked(), routes_of_the_page())

    def all_walked(self):
        """The walked paths with names for the ids, as the page has them."""
        def named(path):
            path = re.sub(r'/stock/\d+', '/stock/{book_id}', path)
            return re.sub(r'/(orders|reservations)/\d+', r'/\1/{order_id}', path)
        return {named(path) for path in self.walked}

    def test_a_copy_is_asked_about_by_its_tag(self):
        self.post('/restock', {'book_id': 1, 'quantity': 3})
        _, _, headers = self.ask('GET', '/stock/1')
        self.assertEqual(headers['Cache-Control'], 'private, max-age=1')
        tag = {'If-None-Match': headers['ETag']}
        status, answer, again = self.ask('GET', '/stock/1', headers=tag)
        self.assertEqual((status, answer, again['ETag']), (304, None, headers['ETag']))
        self.post('/deduct', {'book_id': 1, 'quantity': 1, 'order_id': 7})
        status, answer, _ = self.ask('GET', '/stock/1', headers=tag)
        self.assertEqual((status, answer['stock']), (200, 2))

    def test_what_does_not_fit_is_refused_with_a_reason(self):
        self.post('/restock', {'book_id': 1, 'quantity': 3})
        good = json.dumps({'book_id': 1, 'quantity': 1, 'order_id': 7})
        table = [
            ('GET', '/', None, {}, 404), ('GET', '/stock/abc', None, {}, 400),
            ('GET', '/stock?page_token=x', None, {}, 400), ('GET', '/stock?ids=1,x', None, {}, 400),
            ('GET', '/stock/1/logs?size=1', None, {}, 400), ('GET', '/stock/0', None, {}, 400),
            ('GET', '/stock/2', None, {}, 404), ('GET', '/reservations/9', None, {}, 404),
            ('PUT', '/stock/1', good, JSON, 405), ('GET', '/deduct', None, {}, 405),
            ('POST', '/deduct', good, {}, 415),
            ('POST', '/deduct', good, {'Content-Type': 'text/plain'}, 415),
            ('POST', '/deduct', '{', JSON, 400), ('POST', '/deduct', '[]', JSON, 400),
            ('POST', '/deduct', '', JSON, 400), ('POST', '/deduct', '{"book":1}', JSON, 400),
            ('POST', '/deduct', '{"book_id":"x"}', JSON, 400), ('POST', '/deduct', '{}', JSON, 400),
            ('POST', '/deduct', good, {**JSON, 'Host': 'shop.example'}, 421),
            ('POST', '/deduct', good, {**JSON, 'Origin': 'https://shop.example'}, 403),
            ('POST', '/restock', '{"request_id":"a"}', {**JSON, 'Idempotency-Key': 'b'}, 400),
            ('POST', '/reservations/7/confirm', '{"order_id":8}', JSON, 400),
            ('POST', '/reserve', '{"order_id":7,"lines":[{"book_id":1,"quantity":1}],'
                                 '"ttl_seconds":9999999}', JSON, 422),
            ('GET', '/' + 'x' * 5_000, None, {}, 414), ('GET', '/' + 'x' * 9_000, None, {}, 431),
            ('POST', '/deduct', ' ' * (1 << 20) + good, JSON, 413),
        ]
        for method, target, body, headers, expected in table:
            with self.subTest(f'{method} {target[:40]} {(body or "")[:40]} {headers}'):
                status, answer, fields = self.ask(method, target, body, headers)
                self.assertEqual(status, expected, answer)
                self.assertEqual(fields['Content-Type'], 'application/json')
                if status == 405:
                    self.assertIn(fields['Allow'], ('GET, HEAD', 'POST'))
                if 'code' not in answer:
                    self.assertTrue(answer['error']['message'] and answer['error']['status'])
        self.assertEqual(self.stock(1), 3)

    def test_stock_outlives_a_restart_and_a_stop_is_clean(self):
        self.post('/restock', {'book_id': 1, 'quantity': 3})
        self.assertEqual(self.service.stop(), 0)
        self.service.start()
        self.connect()
        self.assertEqual(self.stock(1), 3)

    def test_it_listens_on_this_machine_alone(self):
        listening = pathlib.Path('/proc/net/tcp').read_text()
        self.assertIn(f' 0100007F:{self.port:04X} 00000000:0000 0A', listening)
        self.assertNotIn(f' 00000000:{self.port:04X} 00000000:0000 0A', listening)


if __name__ == '__main__':
    HttpTest.programs = sys.argv[1], ''
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
