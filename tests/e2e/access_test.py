#!/usr/bin/python3
"""Who may call the real service: every row of docs/access.md, over HTTP and gRPC, and from where.

Usage: access_test.py INVENTORY_SERVICE INVENTORYCTL INVENTORY_BENCH [unittest's arguments]
"""
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import grpc

from redis_server import free_port
from service import ServiceTest, WAIT_SECONDS, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
INVENTORYCTL = ''
TOKENS = {role: f'{role}-token-0123456789' for role in ('viewer', 'seller', 'operator')}
REFUSED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED


def lines(tokens):
    """A tokens file in which each role has a token of its own, named after it."""
    return ''.join(f'{role}-name {role} {token}\n' for role, token in tokens.items())


def rows():
    """(RPC or '', 'GET /stock/{book_id}' or '', role) of the page."""
    text = (ROOT / 'docs/access.md').read_text()
    return re.findall(r'^\| (\w*) ?\| (?:`((?:GET|POST) [^`]+)`)? ?\| (viewer|seller|operator|none) \|$',
                      text, re.M)


def may(role, needed):
    return needed in ('none', 'viewer') or role == needed


class AccessTest(ServiceTest):
    def start(self, **environment):
        self.port = free_port()
        self.service = self.serve('embedded', INVENTORY_HTTP_PORT=str(self.port), **environment)
        self.channel = grpc.insecure_channel(self.service.target)
        self.addCleanup(self.channel.close)

    def start_with_file(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.tokens = pathlib.Path(folder, 'tokens')
        self.tokens.write_text(lines(TOKENS))
        self.start(INVENTORY_ACCESS_TOKENS_FILE=str(self.tokens))

    def ask(self, route, token=None, body=None):
        """(status, answer, header fields)"""
        method, _, target = route.partition(' ')
        headers = {'Authorization': f'Bearer {token}'} if token else {}
        if method == 'POST':
            body, headers['Content-Type'] = json.dumps(body or {}), 'application/json'
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WAIT_SECONDS)
        connection.request(method, re.sub(r'{\w+}', '1', target), body, headers)
        reply = connection.getresponse()
        has_end = reply.headers['Content-Type'] != 'text/event-stream'
        text = reply.read() if has_end else b''
        connection.close()
        return reply.status, text.decode(), reply.headers

    def call(self, rpc, token=None):
        """The status code of a call with an empty request; None: it was let in."""
        service = self.service_of[rpc]
        metadata = [('authorization', f'Bearer {token}')] if token else []
        call = self.channel.stream_stream(f'/inventory.v1.{service}/{rpc}')(
            iter([b'']), timeout=WAIT_SECONDS, metadata=metadata)
        try:
            next(call, None)
            call.cancel()
        except grpc.RpcError as error:
            return error.code() if error.code() in REFUSED else None
        return None

    def setUp(self):
        proto = (ROOT / 'proto/inventory/v1/inventory.proto').read_text()
        self.service_of = {rpc: service
                           for service, text in re.findall(r'^service (\w+) {(.*?)^}', proto,
                                                           re.M | re.S)
                           for rpc in re.findall(r'^  rpc (\w+)', text, re.M)}

    def test_the_page_names_every_call_and_every_route(self):
        self.assertEqual(sorted(rpc for rpc, _, _ in rows() if rpc), sorted(self.service_of))
        page = (ROOT / 'docs/http.md').read_text()
        routes = re.findall(r'^\| `((?:GET|POST) /[^`]*)', page, re.M)
        self.assertEqual(sorted(route for _, route, _ in rows() if route), sorted(routes))

    def test_each_route_and_call_lets_its_role_in_and_nobody_else(self):
        self.start_with_file()
        for rpc, route, needed in rows():
            for role in (None, *TOKENS):
                with self.subTest(f'{rpc} {route} by {role}'):
                    token = TOKENS.get(role)
                    if route:
                        status, answer, fields = self.ask(route, token)
                        if role is None and needed != 'none':
                            self.assertEqual(status, 401, answer)
                            self.assertTrue(fields['WWW-Authenticate'].startswith('Bearer'))
                        else:
                            self.assertNotEqual(status, 401)
                            self.assertEqual(status == 403, not may(role, needed), answer)
                    # What an operator may do is not tried out here: it includes giving stock away.
                    if rpc and (needed != 'operator' or not may(role, needed)):
                        code = self.call(rpc, token)
                        expected = (REFUSED[0] if role is None else
                                    None if may(role, needed) else REFUSED[1])
                        self.assertEqual(code, expected)
        self.assertNotIn('token-0123456789', self.service.log)
        self.assertIn('reason="no token"', self.service.log)

    def test_the_log_of_stock_says_who(self):
        self.start(INVENTORY_ACCESS_TOKENS=lines(TOKENS).replace('\n', ';'))
        self.assertEqual(self.ask('POST /restock', TOKENS['operator'],
                                  {'book_id': 1, 'quantity': 5})[0], 200)
        self.assertEqual(self.ask('POST /deduct', TOKENS['seller'],
                                  {'book_id': 1, 'quantity': 1, 'order_id': 7})[0], 200)
        status, answer, _ = self.ask('GET /stock/1/logs', TOKENS['viewer'])
        self.assertEqual(status, 200)
        self.assertEqual([log['actor'] for log in json.loads(answer)['logs']],
                         ['seller-name', 'operator-name'])

    def test_a_changed_file_is_taken_over_and_a_bad_one_is_not(self):
        self.start_with_file()
        self.tokens.write_text(lines(TOKENS) + 'new viewer new-token-0123456789\n')
        wait_for('the new token is known',
                 lambda: self.ask('GET /stock/1', 'new-token-0123456789')[0] == 404)
        self.tokens.write_text('new viewer short\n')
        wait_for('the log says what is wrong', lambda: f'{self.tokens}:1: ' in self.service.log)
        self.assertEqual(self.ask('GET /stock/1', 'new-token-0123456789')[0], 404)
        self.tokens.write_text(lines(TOKENS))
        wait_for('the token has ended',
                 lambda: self.ask('GET /stock/1', 'new-token-0123456789')[0] == 401)

    def test_a_bad_file_is_an_error_at_the_start(self):
        with self.assertRaises(AssertionError):
            self.start(INVENTORY_ACCESS_TOKENS_FILE='/nowhere/tokens')

    def test_a_token_in_a_url_is_refused(self):
        self.start_with_file()
        status, answer, _ = self.ask(f'GET /stock/1?token={TOKENS["viewer"]}', TOKENS['viewer'])
        self.assertEqual(status, 400, answer)
        self.assertNotIn('0123456789', self.service.log)

    def test_a_page_from_elsewhere_is_told_nothing(self):
        self.start()
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WAIT_SECONDS)
        self.addCleanup(connection.close)
        for method, expected in (('OPTIONS', 405), ('GET', 403)):
            connection.request(method, '/stock/1', headers={
                'Origin': 'https://shop.example', 'Access-Control-Request-Method': 'GET'})
            reply = connection.getresponse()
            reply.read()
            self.assertEqual(reply.status, expected)
            self.assertFalse([name for name in reply.headers if name.startswith('Access-Control')])


def make_pair(folder, names):
    """A certificate for these names, its key, and the authority that vouches for it: three files."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    authority, authority_key, request, extension, certificate, key = [
        folder / name for name in ('ca.pem', 'ca-key.pem', 'request.pem', 'names', 'certificate.pem',
                                   'key.pem')]
    extension.write_text(f'subjectAltName={names}')
    new = ['openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    for command in ([*new, '-x509', '-days', '1', '-subj', '/CN=an authority', '-keyout',
                     authority_key, '-out', authority],
                    [*new, '-subj', '/CN=a service', '-keyout', key, '-out', request],
                    ['openssl', 'x509', '-req', '-days', '1', '-in', request, '-CA', authority,
                     '-CAkey', authority_key, '-CAcreateserial', '-extfile', extension, '-out',
                     certificate]):
        subprocess.run(command, check=True, capture_output=True)
    return certificate, key, authority


class TlsTest(ServiceTest):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.certificate, self.key, self.authority = make_pair(
            self.folder / 'one', 'IP:127.0.0.1,DNS:localhost')
        self.port = free_port()
        self.service = self.serve(
            'embedded', INVENTORY_HTTP_PORT=str(self.port),
            INVENTORY_TLS_CERTIFICATE=str(self.certificate), INVENTORY_TLS_KEY=str(self.key),
            INVENTORY_ACCESS_TOKENS=lines(TOKENS).replace('\n', ';') +
            'both seller,operator both-token-0123456789')

    def curl(self, target, authority, token=''):
        """The status; None: no connection."""
        done = subprocess.run(
            ['curl', '-sS', '--noproxy', '*', '-o', '/dev/null', '-w', '%{http_code}', '--cacert',
             authority, '-K', '-', target], text=True, capture_output=True, check=False,
            input=f'header = "Authorization: Bearer {token}"', timeout=WAIT_SECONDS)
        return int(done.stdout) if done.returncode == 0 else None

    def ctl(self, *words, **environment):
        done = subprocess.run([INVENTORYCTL, '--server', self.service.target, *words], text=True,
                              env=environment, capture_output=True, check=False,
                              timeout=WAIT_SECONDS)
        return done.returncode, done.stdout + done.stderr

    def test_both_listeners_speak_it_and_nothing_else(self):
        for host in ('127.0.0.1', 'localhost'):
            url = f'{host}:{self.port}'
            self.assertEqual(self.curl(f'https://{url}/healthz', self.authority), 200)
            self.assertEqual(self.curl(f'https://{url}/stock/1', self.authority), 401)
            self.assertEqual(self.curl(f'https://{url}/stock/1', self.authority,
                                       TOKENS['viewer']), 404)
            self.assertIsNone(self.curl(f'http://{url}/healthz', self.authority))
        ca = {'INVENTORY_TLS_CA': str(self.authority)}
        status, text = self.ctl('restock', '1', '5', INVENTORY_TOKEN=TOKENS['operator'], **ca)
        self.assertEqual(status, 0, text)
        file = self.folder / 'token'
        file.write_text(TOKENS['viewer'] + '\n')
        status, text = self.ctl('--tls-ca', str(self.authority), 'get', '1',
                                INVENTORY_TOKEN_FILE=str(file))
        self.assertEqual(status, 0, text)
        for environment, expected in (({}, 'UNAUTHENTICATED'),
                                      ({'INVENTORY_TOKEN': TOKENS['seller']}, 'PERMISSION_DENIED')):
            status, text = self.ctl('restock', '1', '5', **ca, **environment)
            self.assertEqual(status, 3)
            self.assertIn(expected, text)
        other = make_pair(self.folder / 'other', 'IP:127.0.0.1')[2]
        for words in (('--tls-ca', str(other)), ()):
            status, text = self.ctl(*words, '--timeout', '1', 'get', '1',
                                    INVENTORY_TOKEN=TOKENS['viewer'])
            self.assertEqual(status, 3, text)
        self.assertEqual(self.ctl('--tls-ca', '/nowhere', 'get', '1')[0], 2)
        self.assertEqual(self.ctl('get', '1', INVENTORY_TOKEN_FILE='/nowhere')[0], 2)

    def test_a_bench_run_shows_its_token(self):
        done = subprocess.run(
            [self.programs[1], 'flash-sale', '--buyers', '200', '--copies', '20', '--address',
             self.service.target, '--tls-ca', self.authority], text=True, capture_output=True,
            env={'INVENTORY_TOKEN': 'both-token-0123456789'}, check=False, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_new_pair_is_shown_without_a_restart_and_a_broken_one_is_not(self):
        url = f'https://127.0.0.1:{self.port}/healthz'
        certificate, key, authority = make_pair(self.folder / 'two', 'IP:127.0.0.1')
        certificate.rename(self.certificate)
        key.rename(self.key)
        wait_for('the new pair is shown', lambda: self.curl(url, authority) == 200)
        self.assertIsNone(self.curl(url, self.authority))
        viewer = {'INVENTORY_TOKEN': TOKENS['viewer'], 'INVENTORY_TLS_CA': str(authority)}
        self.assertEqual(self.ctl('status', **viewer)[0], 0)
        self.key.write_text('no key')
        wait_for('the log says so', lambda: 'stays as it was' in self.service.log)
        self.assertEqual(self.curl(url, authority), 200)
        self.assertEqual(self.ctl('status', **viewer)[0], 0)


# Another machine, as far as the network goes: a namespace of its own, joined to ours by a cable. Both
# live until the input ends.
HERE, ELSEWHERE = '10.99.7.1', '10.99.7.2'
CABLE = f"""
set -e
exec 3<&0
ip link set lo up
unshare --net cat <&3 >/dev/null & elsewhere=$!
until [ "$(readlink /proc/$elsewhere/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link add here type veth peer name there netns $elsewhere
ip addr add {HERE}/24 dev here
ip link set here up
nsenter --net=/proc/$elsewhere/ns/net sh -c \
  'ip link set lo up; ip addr add {ELSEWHERE}/24 dev there; ip link set there up'
echo $elsewhere
exec cat
"""
# What a caller from there gets: "grpc: <code>", "http: <status>", or that nobody listens.
CALLER = """
import http.client, sys, grpc
host, port, http_port, token = sys.argv[1:]
metadata = [('authorization', 'Bearer ' + token)] if token else []
try:
    grpc.insecure_channel(f'{host}:{port}').unary_unary(
        '/inventory.v1.InventoryService/RestockInventory')(
            b'\\x08\\x01\\x10\\x01', timeout=20, metadata=metadata)
    print('grpc: OK')
except grpc.RpcError as error:
    refused = 'Connection refused' in error.details()
    print('grpc:', 'nobody listens' if refused else error.code().name)
connection = http.client.HTTPConnection(host, int(http_port), timeout=20)
try:
    connection.request('POST', '/restock', '{"book_id":1,"quantity":1}', {
        'Content-Type': 'application/json', **({'Authorization': 'Bearer ' + token} if token else {})})
    print('http:', connection.getresponse().status)
except ConnectionRefusedError:
    print('http: nobody listens')
"""


class NetworkTest(ServiceTest):
    """In namespaces of users and network, which need no root where the kernel lets everybody make
    them."""

    def setUp(self):
        self.cable = subprocess.Popen(
            ['unshare', '--user', '--map-root-user', '--net', 'sh', '-c', CABLE], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.cable.communicate)
        line = self.cable.stdout.readline()
        if not line:
            self.fail('no network namespace: ' + self.cable.stderr.read())
        self.elsewhere = int(line)
        self.here = self.cable.pid

    def enter(self, process):
        """What runs a command in the process' namespaces."""
        return ['nsenter', f'--target={process}', '--user', '--net', '--preserve-credentials']

    def start(self, **settings):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        log = pathlib.Path(folder, 'log')
        environment = {'PATH': os.environ['PATH'], 'INVENTORY_STORE': 'memory',
                       'INVENTORY_SERVER_PORT': '9004', **settings}
        with open(log, 'wb') as out:
            service = subprocess.Popen([*self.enter(self.here), self.programs[0]], cwd=folder,
                                       env=environment, stdout=out, stderr=out)
        self.addCleanup(service.wait)
        self.addCleanup(service.kill)
        wait_for('it is ready', lambda: ' ready ' in log.read_text(), service)
        return log

    def call(self, process, host, token=''):
        done = subprocess.run([*self.enter(process), '/usr/bin/python3', '-c', CALLER, host, '9004',
                               '9080', token], capture_output=True, text=True, check=False,
                              timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split('\n')[:2]

    def test_without_a_token_from_another_address_nothing_is_served(self):
        nothing = ['grpc: nobody listens', 'http: nobody listens']
        for settings in ({}, {'INVENTORY_ACCESS_TOKENS': f'anna operator {TOKENS["operator"]}'}):
            with self.subTest(settings):
                self.start(**settings)
                self.assertEqual(self.call(self.elsewhere, HERE, TOKENS['operator']), nothing)
                self.assertEqual(self.call(self.here, '127.0.0.1', TOKENS['operator']),
                                 ['grpc: OK', 'http: 200'])
                self.doCleanups()
                self.setUp()

    def test_from_another_address_each_role_may_do_its_own(self):
        log = self.start(INVENTORY_ACCESS_TOKENS=lines(TOKENS).replace('\n', ';'),
                         INVENTORY_ACCESS_ALLOW_PLAINTEXT_TOKENS='true')
        self.assertEqual(self.call(self.elsewhere, HERE), ['grpc: UNAUTHENTICATED', 'http: 401'])
        self.assertEqual(self.call(self.elsewhere, HERE, TOKENS['seller']),
                         ['grpc: PERMISSION_DENIED', 'http: 403'])
        self.assertEqual(self.call(self.elsewhere, HERE, TOKENS['operator']),
                         ['grpc: OK', 'http: 200'])
        self.assertRegex(log.read_text(), fr'reason="wrong role" .*{ELSEWHERE}.* token=seller-name')

    def test_over_tls_no_word_is_needed(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        certificate, key, authority = make_pair(folder, f'IP:{HERE}')
        self.start(INVENTORY_ACCESS_TOKENS=lines(TOKENS).replace('\n', ';'),
                   INVENTORY_TLS_CERTIFICATE=str(certificate), INVENTORY_TLS_KEY=str(key))
        for token, expected in (('', '401'), (TOKENS['viewer'], '404')):
            done = subprocess.run(
                [*self.enter(self.elsewhere), 'curl', '-sS', '-w', '%{http_code}', '-o', '/dev/null',
                 '--cacert', authority, '-H', f'Authorization: Bearer {token}',
                 f'https://{HERE}:9080/stock/1'], text=True, capture_output=True, check=False,
                timeout=WAIT_SECONDS)
            self.assertEqual(done.stdout, expected, done.stderr)

    def test_a_word_opens_it_without_tokens(self):
        self.start(INVENTORY_ACCESS_OPEN_TO_NETWORK='true')
        self.assertEqual(self.call(self.elsewhere, HERE), ['grpc: OK', 'http: 200'])


if __name__ == '__main__':
    AccessTest.programs = NetworkTest.programs = TlsTest.programs = sys.argv[1], sys.argv[3]
    INVENTORYCTL = sys.argv[2]
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
