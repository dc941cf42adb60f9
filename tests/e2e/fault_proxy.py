"""A TCP proxy on loopback between a client and a server, whose faults come when a test says so.

It knows where a message ends. With Redis' protocol a message is a command or a reply, and replies
come in the order of the commands; for any other server every piece received is a message.

  cut()           resets every connection, now
  refuse()        resets those, and every new one until accept() is called
  delay(seconds)  holds back everything a server says by so long; 0: no more

  plan(fault, text, count)  the fault comes with the count-th message from now on that a client sends
                            and that has this text in it, once; over all connections

  'before'   the connection is reset, and the message never reaches the server
  'after'    the message reaches the server, which answers; the answer is dropped, the connection reset
  'middle'   the same, but half of the answer reaches the client
  'hang'     the same, but the connection stays: no answer comes, nor any after it

A client reads what was answered before. happened() tells whether the last plan's time has come.
"""
import collections
import socket
import struct
import threading
import time

FAULTS = ('before', 'after', 'middle', 'hang')
CHUNK = 64 * 1024


def redis_message_end(data, at=0):
    """Where the message that begins at `at` ends; None: it has not ended yet."""
    line = data.find(b'\r\n', at)
    if line < 0:
        return None
    kind, end = data[at:at + 1], line + 2
    if kind == b'$':
        size = int(data[at + 1:line])
        end += size + 2 if size >= 0 else 0
        return end if end <= len(data) else None
    if kind == b'*':
        for _ in range(max(0, int(data[at + 1:line]))):
            end = redis_message_end(data, end)
            if end is None:
                return None
    return end


class Messages:
    """Bytes in, whole messages out."""

    def __init__(self, redis):
        self.redis, self.data = redis, b''

    def take(self, data):
        if not self.redis:
            return [data]
        self.data += data
        found, at = [], 0
        while at < len(self.data) and (end := redis_message_end(self.data, at)) is not None:
            found.append(self.data[at:end])
            at = end
        self.data = self.data[at:]
        return found


def reset(connection):
    """Closes it as a crashed peer does: with a reset, unsent bytes forgotten."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended
    connection.close()


class Pair:
    """A client's connection and the server's. A thread each way."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.waiting = collections.deque()  # the fault, or none, of each message not answered yet
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self.up, self.down)]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.ended.set()
        reset(self.client)
        reset(self.server)

    def up(self):
        messages = Messages(self.proxy.redis)
        try:
            while data := self.client.recv(CHUNK):
                for message in messages.take(data):
                    fault = self.proxy.fault_of(message)
                    if fault == 'before':
                        # What was answered before it reaches the client first.
                        while self.waiting and not self.ended.wait(0.0005):
                            pass
                        self.proxy.has_happened()
                        return
                    self.waiting.append(fault)
                    self.server.sendall(message)
        except OSError:
            pass  # either side is gone
        finally:
            self.end()

    def down(self):
        messages, hangs = Messages(self.proxy.redis), False
        try:
            while data := self.server.recv(CHUNK):
                for message in messages.take(data):
                    fault = self.waiting.popleft() if self.waiting else None
                    if self.proxy.seconds:
                        time.sleep(self.proxy.seconds)
                    if fault == 'hang':
                        hangs = True
                        self.proxy.has_happened()
                    if hangs:
                        continue
                    if fault == 'middle':
                        self.client.sendall(message[:len(message) // 2])
                        # A reset would take the half with it.
                        self.client.shutdown(socket.SHUT_WR)
                    if fault:
                        self.proxy.has_happened()
                        return
                    self.client.sendall(message)
        except OSError:
            pass  # either side is gone
        finally:
            self.end()


class FaultProxy:
    """In threads of its own; close() ends them."""

    def __init__(self, server_port, redis=True):
        self.server_port, self.redis = server_port, redis
        self.seconds = 0
        self.lock = threading.Lock()
        self.refusing = self.closing = False
        self.planned = None  # (fault, text), `left` messages away
        self.left = 0
        self.happening = threading.Event()
        self.pairs = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return f'127.0.0.1:{self.port}'

    def run(self):
        while True:
            client, _ = self.listener.accept()
            with self.lock:
                if self.closing:
                    reset(client)
                    return
                self.pairs = [pair for pair in self.pairs if not pair.ended.is_set()]
                if self.refusing:
                    reset(client)
                    continue
                server = socket.socket()
                if server.connect_ex(('127.0.0.1', self.server_port)) != 0:
                    reset(client)  # as the server does
                    server.close()
                    continue
                for connection in (client, server):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.pairs.append(Pair(self, client, server))

    def fault_of(self, message):
        """The fault that comes with this message, if one does."""
        with self.lock:
            if self.planned is None or self.planned[1] not in message:
                return None
            self.left -= 1
            if self.left:
                return None
            fault, self.planned = self.planned[0], None
            return fault

    def has_happened(self):
        self.happening.set()

    def plan(self, fault, text, count=1):
        if fault not in FAULTS:
            raise ValueError(f'{fault} is none of {FAULTS}')
        with self.lock:
            self.planned = fault, text.encode() if isinstance(text, str) else text
            self.left = count
            self.happening.clear()

    def happened(self, within=0):
        """Whether the planned fault has come, within so many seconds."""
        return self.happening.wait(within)

    def cut(self):
        with self.lock:
            for pair in self.pairs:
                pair.end()

    def refuse(self):
        with self.lock:
            self.refusing = True
        self.cut()

    def accept(self):
        with self.lock:
            self.refusing = False

    def delay(self, seconds):
        self.seconds = seconds

    def connections(self):
        with self.lock:
            return sum(not pair.ended.is_set() for pair in self.pairs)

    def close(self):
        with self.lock:
            self.closing = True
            pairs = self.pairs
        self.cut()
        with socket.socket() as last:  # wakes the listener
            last.connect_ex(('127.0.0.1', self.port))
        self.thread.join()
        self.listener.close()
        for pair in pairs:
            for thread in pair.threads:
                thread.join()
