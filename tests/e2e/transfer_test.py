#!/usr/bin/python3
"""Exports and imports with the real binaries: 100,000 movements there and back, and what goes
wrong.

Usage: transfer_test.py INVENTORY_SERVICE INVENTORYCTL INVENTORY_BENCH PRIVATE_MARIADB
                        [unittest's arguments]
"""
import json
import os
import subprocess
import sys
import unittest

from service import ServiceTest, WAIT_SECONDS, wait_for

INVENTORYCTL = ''
DONE, REFUSED, USAGE, FAULT = 0, 1, 2, 3
SALES = 100_000


class TransferTest(ServiceTest):
    def run_tool(self, service, words, expected=DONE, stdin=''):
        """The output of `inventoryctl words…`, its exit status checked."""
        done = subprocess.run([INVENTORYCTL, *words.split()], input=stdin, capture_output=True,
                              text=True, check=False, timeout=2 * WAIT_SECONDS,
                              env={'INVENTORY_SERVER': service.target, 'TZ': 'UTC'})
        self.assertEqual(done.returncode, expected, f'{words}\n{done.stdout}{done.stderr}')
        self.errors = done.stderr
        return done.stdout

    def run_json(self, service, words, expected=DONE):
        return json.loads(self.run_tool(service, '--json ' + words, expected))

    def status(self, service):
        """What `status` says, whether or not the service serves."""
        done = subprocess.run([INVENTORYCTL, '--json', 'status'], capture_output=True, text=True,
                              check=False, timeout=WAIT_SECONDS,
                              env={'INVENTORY_SERVER': service.target})
        self.assertIn(done.returncode, (DONE, REFUSED), done.stderr)
        return json.loads(done.stdout)

    def live(self, service, sales):
        """Sales in bulk and something of everything else."""
        for book in range(1, 6):
            self.run_tool(service, f'restock {book} 1000000 --request-id r{book} --remark 到货')
        self.run_tool(service, 'adjust 5 --set-to 999 --expected 1000000 --request-id count')
        self.run_tool(service, 'adjust 5 --delta -9 --reason lost')
        rows = ''.join(f'{1 + n % 5 % 4},{1 + n % 3},{1000 + n}\n' for n in range(sales))
        self.run_tool(service, 'batch-deduct -', stdin=rows)
        for order in range(1, 8):
            self.run_tool(service, f'reserve 3:2 1:1 --order {order} --ttl 1h')
        self.run_tool(service, 'reserve 4:1 --order 8 --ttl 1s')
        self.run_tool(service, 'confirm 1')
        self.run_tool(service, 'confirm 2')
        self.run_tool(service, 'release 1 --order 2 --reason returned')
        self.run_tool(service, 'cancel 3 --reason 太晚')
        self.run_tool(service, 'cancel 90', REFUSED)
        self.run_tool(service, 'release 5 --order 91', REFUSED)
        self.run_tool(service, 'release 1 --order 1000')
        wait_for('order 8 expires', lambda: any(
            log['changeType'] == 'expire'
            for log in self.run_json(service, 'order 8')['logs']))

    def reads(self, service):
        """What readers see, without the names that every store gives its own movements."""
        seen = [self.run_tool(service, 'list')]
        for words in ['logs 1 --page-size 100', 'logs 1 --page 70', 'logs 3 --order 2',
                      'logs 1 --order 1000', 'logs 5', 'logs 5 --type restock',
                      *(f'order {order}' for order in (*range(1, 9), 90, 91, 1000, 1001, 77777)),
                      *(f'reservation {order}' for order in range(1, 9))]:
            answer = self.run_json(service, words)
            for log in answer.get('logs', []):
                del log['id']
            answer.pop('nextPageToken', None)
            seen.append((words, answer))
        return seen

    def test_a_hundred_thousand_movements_there_and_back(self):
        first = self.serve('embedded')
        self.live(first, SALES)
        one = first.folder / 'one'
        figures = self.run_json(first, f'export {one}')
        self.assertGreater(int(figures['movements']), SALES)
        self.assertFalse((first.folder / 'one.part').exists())
        again = subprocess.run([INVENTORYCTL, 'export', '-'], check=True, capture_output=True,
                               env={'INVENTORY_SERVER': first.target}).stdout
        self.assertEqual(again, one.read_bytes(), 'the same stock makes the same file')

        for kind in ('embedded', 'memory'):
            with self.subTest(kind):
                second = self.serve(kind)
                imported = self.run_json(second, f'import {one}')
                self.assertEqual(imported['imported'], figures)
                two = second.folder / 'two'
                self.run_tool(second, f'export {two}')
                subprocess.run(['cmp', one, two], check=True)
                self.assertEqual(self.reads(second), self.reads(first))
                if kind == 'embedded':  # and after a restart
                    self.assertEqual(second.stop(), 0)
                    second.start()
                    self.run_tool(second, f'export --force {two}')
                    subprocess.run(['cmp', one, two], check=True)
                    self.assertEqual(self.reads(second), self.reads(first))
                self.goes_on(second)

    def goes_on(self, service):
        """Duplicates are duplicates, open reservations are open, refusals are refused."""
        run = lambda words, expected=DONE: self.run_json(service, words, expected)
        self.assertEqual(run('deduct 2 2 --order 1001')['message'], '订单已处理（幂等性）')
        self.assertEqual(run('restock 1 1000000 --request-id r1')['message'], '请求已处理（幂等性）')
        self.assertEqual(run('restock 1 5 --request-id r1', REFUSED)['code'], 40904)
        self.assertEqual(run('adjust 5 --set-to 999 --expected 1000000 --request-id count')
                         ['message'], '请求已处理（幂等性）')
        self.assertEqual(run('confirm 1')['message'], '订单已处理（幂等性）')
        self.assertEqual(run('confirm 4')['message'], '确认成功')
        self.assertEqual(run('cancel 5')['message'], '取消成功')
        self.assertEqual(run('reserve 1:1 --order 90', REFUSED)['code'], 40902)
        self.assertEqual(run('deduct 5 1 --order 91', REFUSED)['code'], 40902)
        self.assertEqual(run('confirm 8', REFUSED)['code'], 40903)
        self.assertEqual(len(run('order 4')['logs']), 4)

    def test_from_embedded_to_mysql_and_back(self):
        first = self.serve('embedded')
        self.live(first, 1_000)
        # Orders of every kind, and then as many movements as are missing.
        for load in (['mixed', '--seconds', '1'], ['deduct', '--orders', f'{SALES}', '--batch',
                                                   '1000', '--in-flight', '4']):
            status, output = self.finish(first.bench(*load, '--books', '100', '--popularity',
                                                     'zipf', '--warm-up', '0'))
            self.assertEqual(status, 0, output)
        files = [first.folder / 'stock']
        figures = self.run_json(first, f'export {files[0]}')
        self.assertGreater(int(figures['movements']), SALES)
        services = [first]
        for kind in ('mysql', 'embedded'):
            services.append(self.serve(kind))
            imported = self.run_json(services[-1], f'import {files[-1]}')
            self.assertEqual(imported['imported'], figures)
            files.append(services[-1].folder / 'stock')
            self.run_tool(services[-1], f'export {files[-1]}')
            subprocess.run(['cmp', files[-2], files[-1]], check=True)
        subprocess.run(['cmp', files[0], files[-1]], check=True)
        for service in services[1:]:
            self.assertEqual(self.reads(service), self.reads(first))
            self.goes_on(service)

    def test_what_is_no_export_is_not_sent(self):
        service = self.serve('embedded')
        self.live(service, 500)
        whole = service.folder / 'whole'
        self.run_tool(service, f'export {whole}')
        self.run_tool(service, f'export {whole}', USAGE)
        self.assertIn('--force', self.errors)
        empty = self.serve('embedded')
        data = whole.read_bytes()
        flipped = bytearray(data)
        flipped[len(data) // 2] ^= 1
        for name, content in (('cut', data[:-1]), ('half', data[:len(data) // 2]),
                              ('flipped', bytes(flipped)), ('longer', data + b'\n'),
                              ('foreign', b'1,100\n2,100\n')):
            with self.subTest(name):
                bad = service.folder / name
                bad.write_bytes(content)
                self.run_tool(empty, f'import {bad}', USAGE)
                self.assertIn('nothing was sent', self.errors)
        self.run_tool(service, f'import {whole}', FAULT)
        self.assertIn('FAILED_PRECONDITION: the store is not empty', self.errors)
        # A pipe cannot be looked at beforehand; the service keeps nothing of it, and serves.
        for content in (data[:-1], bytes(flipped)):
            done = subprocess.run([INVENTORYCTL, 'import', '-'], input=content, check=False,
                                  capture_output=True, env={'INVENTORY_SERVER': empty.target})
            self.assertEqual(done.returncode, FAULT, done.stderr)
        self.assertEqual(len(self.run_tool(empty, 'list').splitlines()), 1)
        with open(whole, 'rb') as stdin:
            subprocess.run([INVENTORYCTL, 'import', '-'], stdin=stdin, check=True,
                           stdout=subprocess.DEVNULL, env={'INVENTORY_SERVER': empty.target})
        self.assertEqual(self.reads(empty), self.reads(service))

    def begin_import(self, service, data):
        """An import that has sent all but its end, and waits."""
        process = subprocess.Popen([INVENTORYCTL, 'import', '-'], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env={'INVENTORY_SERVER': service.target})
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdin.write(data)
        process.stdin.flush()
        wait_for('the import is under way',
                 lambda: 'an import is under way' in self.status(service)['reason'])
        return process

    def end_import(self, client, data):
        """The client has all it waited for, and says that the service went away."""
        client.stdin.write(data[-1:])
        client.stdin.close()
        self.assertEqual(client.wait(WAIT_SECONDS), FAULT)

    def test_an_import_that_is_broken_off(self):
        first = self.serve('embedded')
        self.live(first, 30_000)
        one = first.folder / 'one'
        self.run_tool(first, f'export {one}')
        data = one.read_bytes()
        second = self.serve('embedded')

        # By its client: the store is empty again.
        client = self.begin_import(second, data[:-1])
        self.run_tool(second, 'get 1 --timeout 500ms', FAULT)
        self.assertIn('an import is under way', self.errors)
        client.kill()
        client.wait()
        wait_for('it serves again', lambda: self.status(second)['serving'])
        self.assertEqual(len(self.run_tool(second, 'list').splitlines()), 1)

        # By a stop of the service: the same.
        client = self.begin_import(second, data[:-1])
        self.assertEqual(second.stop(), 0)
        self.end_import(client, data)
        second.start()
        self.assertEqual(len(self.run_tool(second, 'list').splitlines()), 1)

        # By a crash: it does not start, and says what to do.
        client = self.begin_import(second, data[:-1])
        second.kill()
        self.end_import(client, data)
        command = [second.programs[0], '--config', second.folder / 'config.yaml']
        refused = subprocess.run(command, capture_output=True, text=True, check=False,
                                 timeout=WAIT_SECONDS)
        self.assertEqual(refused.returncode, 1)
        self.assertIn('an import into this store was cut short', refused.stderr)
        self.assertIn(f'remove the folder {second.folder}/data/db', refused.stderr)
        subprocess.run(['rm', '-r', second.folder / 'data/db'], check=True)
        second.start()
        self.run_tool(second, f'import {one}')
        two = second.folder / 'two'
        self.run_tool(second, f'export {two}')
        subprocess.run(['cmp', one, two], check=True)

    def test_sales_go_on_beside_an_export(self):
        service = self.serve('embedded')
        self.live(service, 2_000)
        stream = subprocess.Popen([INVENTORYCTL, 'export', '-'], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL,
                                  env={'INVENTORY_SERVER': service.target})
        self.addCleanup(stream.wait)
        self.addCleanup(stream.kill)
        begun = os.read(stream.stdout.fileno(), 10)
        rows = ''.join(f'2,1,{10_000_000 + n}\n' for n in range(20_000))
        self.run_tool(service, 'batch-deduct -', stdin=rows)
        data, _ = stream.communicate(timeout=WAIT_SECONDS)
        self.assertEqual(stream.returncode, DONE)
        other = self.serve('memory')
        subprocess.run([INVENTORYCTL, 'import', '-'], input=begun + data, check=True,
                       stdout=subprocess.DEVNULL, env={'INVENTORY_SERVER': other.target})
        self.assertEqual(self.run_json(other, 'order 10000000')['logs'], [])
        self.assertEqual(len(self.run_json(service, 'order 10000000')['logs']), 1)


if __name__ == '__main__':
    INVENTORYCTL, ServiceTest.programs = sys.argv[2], (sys.argv[1], sys.argv[3])
    ServiceTest.mariadb = sys.argv[4]
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
