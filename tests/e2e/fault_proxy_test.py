#!/usr/bin/python3
"""The fault proxy, judged by a private Redis: what reached it, and what came back.

Usage: fault_proxy_test.py [unittest's arguments]
"""
import pathlib
import socket
import tempfile
import threading
import time
import unittest

from fault_proxy import FaultProxy, Messages, redis_message_end
from redis_server import Redis, Session, encode

WAIT_SECONDS = 30


class TcpSession(Session):
    """A client of the proxy."""

    def __init__(self, port):  # pylint: disable=super-init-not-called
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=WAIT_SECONDS)
        self.file = self.socket.makefile('rb')

    def send(self, *commands):
        self.socket.sendall(b''.join(map(encode, commands)))

    def rest(self):
        """What comes until the connection ends."""
        received = b''
        try:
            while data := self.socket.recv(1024):
                received += data
        except ConnectionResetError:
            pass
        return received


class ProtocolTest(unittest.TestCase):
    def test_finds_where_a_message_ends(self):
        for message in (b'+OK\r\n', b':12\r\n', b'$2\r\n\r\n\r\n', b'$-1\r\n', b'*0\r\n', b'*-1\r\n',
                        b'*2\r\n$1\r\na\r\n*1\r\n:1\r\n', b'-ERR no\r\n', encode(['SET', 'a', ''])):
            for size in range(len(message)):
                self.assertIsNone(redis_message_end(message[:size]), message[:size])
            self.assertEqual(redis_message_end(message + b'+next\r\n'), len(message))

    def test_puts_pieces_together(self):
        messages = Messages(redis=True)
        stream = encode(['GET', 'a']) + encode(['SET', 'a', b'\r\n*1'])
        found = [m for i in range(len(stream)) for m in messages.take(stream[i:i + 1])]
        self.assertEqual(found, [encode(['GET', 'a']), encode(['SET', 'a', b'\r\n*1'])])


class FaultProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='inventory-proxy-')
        cls.redis = Redis(pathlib.Path(cls.folder.name, 'redis')).start()

    @classmethod
    def tearDownClass(cls):
        cls.redis.kill()
        cls.folder.cleanup()

    def setUp(self):
        self.redis.ask('FLUSHALL')
        self.proxy = FaultProxy(self.redis.port)
        self.addCleanup(self.proxy.close)

    def connect(self):
        session = TcpSession(self.proxy.port)
        self.addCleanup(session.close)
        return session

    def assert_turned_away(self, proxy):
        try:
            session = TcpSession(proxy.port)
        except OSError:
            return  # already while it connected
        self.addCleanup(session.close)
        self.assertEqual(session.rest(), b'')

    def wait_for(self, condition):
        end = time.monotonic() + WAIT_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.001)

    def test_passes_everything_on(self):
        session, big = self.connect(), 'x' * 1_000_000
        self.assertEqual(session.run('SET', 'a', big), 'OK')
        self.assertEqual(session.run_all([('GET', 'a'), ('INCR', 'n'), ('GET', 'none'),
                                          ('MGET', 'n', 'none')]), [big, 1, None, ['1', None]])

    def test_before(self):
        session = self.connect()
        self.proxy.plan('before', 'INCR', 2)
        session.send(('INCR', 'n'), ('SET', 'a', '1'), ('INCR', 'n'), ('SET', 'b', '1'))
        self.assertEqual(session.rest(), b':1\r\n+OK\r\n')
        self.assertTrue(self.proxy.happened(WAIT_SECONDS))
        self.assertEqual(self.redis.ask('MGET', 'n', 'a', 'b'), ['1', '1', None])

    def test_after(self):
        session = self.connect()
        self.proxy.plan('after', 'INCR', 2)
        session.send(('INCR', 'n'), ('INCR', 'n'))
        self.assertEqual(session.rest(), b':1\r\n')
        self.assertTrue(self.proxy.happened(WAIT_SECONDS))
        self.assertEqual(self.redis.ask('GET', 'n'), '2')

    def test_middle(self):
        self.redis.ask('SET', 'a', 'abcdefgh')
        session = self.connect()
        self.proxy.plan('middle', 'GET')
        session.send(('GET', 'a'))
        self.assertEqual(session.rest(), b'$8\r\nabc')
        self.assertTrue(self.proxy.happened(WAIT_SECONDS))

    def test_hang(self):
        session = self.connect()
        self.proxy.plan('hang', 'INCR')
        session.send(('SET', 'a', '1'), ('INCR', 'n'), ('INCR', 'n'))
        self.assertTrue(self.proxy.happened(WAIT_SECONDS))
        self.wait_for(lambda: self.redis.ask('GET', 'n') == '2')
        session.socket.settimeout(0.1)
        self.assertEqual(session.read(), 'OK')
        with self.assertRaises(TimeoutError):
            session.socket.recv(1)
        self.assertEqual(self.connect().run('GET', 'n'), '2')

    def test_a_plan_counts_over_all_connections_and_comes_once(self):
        sessions = [self.connect() for _ in range(3)]
        self.proxy.plan('before', 'INCR', 3)
        self.assertEqual(sessions[0].run('INCR', 'n'), 1)
        self.assertEqual(sessions[1].run('INCR', 'n'), 2)
        sessions[2].send(('INCR', 'n'))
        self.assertEqual(sessions[2].rest(), b'')
        self.assertEqual(sessions[0].run('INCR', 'n'), 3)

    def test_cut(self):
        session = self.connect()
        self.assertEqual(session.run('PING'), 'PONG')
        self.proxy.cut()
        self.assertEqual(session.rest(), b'')
        self.assertEqual(self.connect().run('PING'), 'PONG')
        self.assertEqual(self.proxy.connections(), 1)

    def test_refuse_and_accept(self):
        session = self.connect()
        self.assertEqual(session.run('PING'), 'PONG')
        self.proxy.refuse()
        self.assertEqual(session.rest(), b'')
        self.assert_turned_away(self.proxy)
        self.proxy.accept()
        self.assertEqual(self.connect().run('PING'), 'PONG')

    def test_delay(self):
        session = self.connect()
        self.proxy.delay(0.05)
        begin = time.monotonic()
        self.assertEqual(session.run('PING'), 'PONG')
        self.assertGreaterEqual(time.monotonic() - begin, 0.05)

    def test_a_server_that_is_not_there(self):
        with socket.create_server(('127.0.0.1', 0)) as free:
            port = free.getsockname()[1]
        proxy = FaultProxy(port)
        self.addCleanup(proxy.close)
        self.assert_turned_away(proxy)

    def test_any_protocol(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            def answer():
                connection, _ = server.accept()
                with connection:
                    while data := connection.recv(100):
                        connection.sendall(data.upper())
            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            proxy = FaultProxy(server.getsockname()[1], redis=False)
            self.addCleanup(proxy.close)
            session = TcpSession(proxy.port)
            self.addCleanup(session.close)
            session.socket.sendall(b'begin')
            self.assertEqual(session.socket.recv(100), b'BEGIN')
            proxy.plan('middle', 'commit')
            session.socket.sendall(b'commit')
            self.assertEqual(session.rest(), b'COM')
            thread.join(WAIT_SECONDS)


if __name__ == '__main__':
    unittest.main()
