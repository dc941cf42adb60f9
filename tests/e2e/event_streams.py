#!/usr/bin/python3
"""What thousands of open event streams cost the sales of another book: the same load of sales, with
the streams and without, in turns.

Usage: event_streams.py INVENTORY_SERVICE INVENTORY_BENCH [--streams N] [--rounds N] [--seconds N]
                        [--changes N] [--check]

The streams watch 1,000 books, one each, as a shop's product pages would; 100 of them watch nearly all
of those books and read nothing. Meanwhile the books change, in both kinds of turns. --check: fails
where sales lose more than a tenth of their throughput or their p99 doubles, where memory grows by more
than 20 KB a stream, or where a stream that is not read is not cut off.
"""
import argparse
import contextlib
import http.client
import json
import multiprocessing
import pathlib
import resource
import select
import socket
import statistics
import sys
import tempfile
import threading
import time

from redis_server import free_port
from service import Service

BOOKS = 1_000
NOT_READING = 100
MOST_IN_A_URL = 900  # books
CUT_OFF_SECONDS = 90


class Readers:
    """Open streams in a process of their own."""

    def __init__(self, port, streams):
        self.events = multiprocessing.Value('Q', 0)
        self.ready, self.stop = multiprocessing.Event(), multiprocessing.Event()
        self.process = multiprocessing.Process(target=self.run, args=(port, streams), daemon=True)
        self.process.start()

    def run(self, port, streams):
        poll, sockets = select.epoll(), {}
        for number in range(streams):
            slow = number < NOT_READING
            stream = socket.socket()
            if slow:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            stream.connect(('127.0.0.1', port))
            books = range(1, MOST_IN_A_URL + 1) if slow else [number % BOOKS + 1]
            stream.sendall(f'GET /events?ids={",".join(map(str, books))} HTTP/1.1\r\n'
                           'Host: localhost\r\n\r\n'.encode())
            sockets[stream.fileno()] = stream
            if not slow:
                assert stream.recv(65_536).startswith(b'HTTP/1.1 200')
                poll.register(stream.fileno(), select.EPOLLIN)
        self.ready.set()
        while not self.stop.is_set():
            for number, _ in poll.poll(0.1):
                data = sockets[number].recv(65_536)
                assert data, 'a stream that is read has ended'
                self.events.value += data.count(b'\ndata: ')

    def close(self):
        self.stop.set()
        self.process.join()


class Changes:
    """Changes the books, `rate` times a second, in a thread."""

    def __init__(self, port, rate):
        self.connection = http.client.HTTPConnection('127.0.0.1', port)
        self.rate, self.done, self.stop = rate, 0, threading.Event()
        for book in range(1, BOOKS + 1):
            self.change(book)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def change(self, book):
        self.connection.request('POST', '/restock', json.dumps({'book_id': book, 'quantity': 1}),
                                {'Content-Type': 'application/json'})
        reply = self.connection.getresponse()
        assert reply.status == 200, reply.read()
        reply.read()

    def run(self):
        begin, count = time.monotonic(), 0
        while not self.stop.wait(max(0, begin + count / self.rate - time.monotonic())):
            self.change(count % BOOKS + 1)
            count += 1

    def close(self):
        self.stop.set()
        self.thread.join()


class Run:
    """One service and what was measured of it."""

    def __init__(self, service, options, port):
        self.service, self.options, self.port = service, options, port

    def sales(self):
        """(orders a second, p99 in ms) of sales of one hot book."""
        bench = self.service.bench('deduct', '--in-flight', '256', '--json',
                                   '--seconds', str(self.options.seconds))
        output, _ = bench.communicate(timeout=10 * self.options.seconds + 60)
        assert bench.returncode == 0, output
        report = json.loads(output)
        return report['items_per_second'], report['latency_p99_ns'] / 1e6

    def watchers(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.port)
        with contextlib.closing(connection):
            connection.request('GET', '/status')
            figures = json.loads(connection.getresponse().read())['figures']
        return int(next(one['value'] for one in figures if one['name'] == 'watchers'))

    def round(self):
        """Sales without streams, then with them, and how the slow ones end."""
        memory = [self.service.memory_kb()]
        without = self.sales()
        memory.append(self.service.memory_kb())
        begin = time.monotonic()
        readers = Readers(self.port, self.options.streams)
        readers.ready.wait()
        opened = time.monotonic() - begin
        events, begin = readers.events.value, time.monotonic()
        memory.append(self.service.memory_kb())
        with_streams = self.sales()
        rate = (readers.events.value - events) / (time.monotonic() - begin)
        memory.append(self.service.memory_kb())
        end = time.monotonic() + CUT_OFF_SECONDS
        while self.watchers() > self.options.streams - NOT_READING and time.monotonic() < end:
            time.sleep(0.2)
        left = self.watchers()
        # Sales are remembered, so they take memory without streams too.
        grown = memory[2] - memory[1] + max(0, memory[3] - memory[2] - (memory[1] - memory[0]))
        readers.close()
        print(f'without: {without[0]:8.0f}/s p99 {without[1]:6.2f} ms   '
              f'with: {with_streams[0]:8.0f}/s p99 {with_streams[1]:6.2f} ms   '
              f'opened in {opened:.1f} s, {rate:.0f} events/s read, {grown / 1_024:.0f} MB more, '
              f'{self.options.streams - left} streams cut off', flush=True)
        return without, with_streams, grown, self.options.streams - left


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('programs', nargs=2)
    parser.add_argument('--streams', type=int, default=10_000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=int, default=10)
    parser.add_argument('--changes', type=int, default=100)
    parser.add_argument('--check', action='store_true')
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port = free_port()
    with tempfile.TemporaryDirectory(prefix='inventory-streams-') as folder:
        service = Service(*options.programs, pathlib.Path(folder), 'embedded')
        service.environment['INVENTORY_HTTP_PORT'] = str(port)
        service.start()
        with contextlib.closing(service), contextlib.closing(Changes(port, options.changes)):
            rounds = [Run(service, options, port).round() for _ in range(options.rounds)]
    throughput = statistics.median(with_streams[0] / without[0]
                                   for without, with_streams, _, _ in rounds)
    p99 = statistics.median(with_streams[1] / without[1] for without, with_streams, _, _ in rounds)
    grown = max(grown for _, _, grown, _ in rounds)
    cut_off = min(cut_off for _, _, _, cut_off in rounds)
    print(f'median: throughput {throughput:.3f}, p99 {p99:.2f} of without; at most '
          f'{grown / options.streams:.1f} KB a stream; {cut_off} of {NOT_READING} cut off')
    if options.check and (throughput < 0.9 or p99 > 2 or grown > 20 * options.streams or
                          cut_off != NOT_READING):
        sys.exit('not as it must be')


if __name__ == '__main__':
    main()
