#!/usr/bin/python3
"""What the pages tell a reader to type works: the README's commands, the Python of docs/api.md.

Usage: docs_test.py FOLDER-OF-BINARIES
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT_S = 30


class Service:
    """The real binary on a free port, its store in memory."""

    def __enter__(self):
        environment = {'INVENTORY_STORE': 'memory', 'INVENTORY_SERVER_PORT': '0',
                       'INVENTORY_SERVER_ADDRESS': '127.0.0.1', 'INVENTORY_HTTP_PORT': '0',
                       'PATH': os.environ['PATH']}
        self.process = subprocess.Popen([BINARIES / 'inventory-service'], env=environment,
                                        stderr=subprocess.PIPE, text=True, cwd='/')
        for line in self.process.stderr:
            ready = re.search(r' ready .*\bport=(\d+)', line)
            if ready:
                self.address = f'127.0.0.1:{ready[1]}'
                return self
        raise AssertionError('inventory-service ended before it was ready')

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=LIMIT_S)


def blocks(page, language):
    """The fenced blocks of a page that are marked as this language."""
    text = (ROOT / page).read_text()
    return re.findall(rf'^```{language}\n(.*?)^```$', text, re.M | re.S)


def commands(page):
    """(command, comment) of each inventoryctl line in a page's shell blocks."""
    found = []
    for block in blocks(page, 'sh'):
        for line in block.splitlines():
            if line.startswith('./inventoryctl '):
                command, _, comment = line.partition('#')
                found.append((command.split(), comment))
    return found


class Docs(unittest.TestCase):

    def test_commands_of_the_readme(self):
        with Service() as service, tempfile.TemporaryDirectory() as home:
            typed = commands('README.md')
            self.assertGreater(len(typed), 8)
            for command, comment in typed:
                result = subprocess.run(
                    command, cwd=BINARIES, capture_output=True, text=True, timeout=LIMIT_S,
                    check=False, env={'INVENTORY_SERVER': service.address, 'HOME': home})
                refused = 'refused' in comment or 'unknown' in comment
                self.assertEqual(result.returncode, 1 if refused else 0,
                                 f'{command}: {result.stdout}{result.stderr}')
                for figure in re.findall(r'\b(\d+) (?:left|available|again)|still (\d+)', comment):
                    self.assertRegex(result.stdout, rf'\b{"".join(figure)}\b', command)

    def test_both_readmes_give_the_same_commands(self):
        self.assertEqual([command for command, _ in commands('README.md')],
                         [command for command, _ in commands('README.zh-CN.md')])

    def test_the_python_caller(self):
        script, = blocks('docs/api.md', 'python')
        stubs = next(block for block in blocks('docs/api.md', 'sh') if 'grpc_python' in block)
        with Service() as service, tempfile.TemporaryDirectory() as folder:
            make = stubs.replace('-I proto', f'-I {ROOT}/proto')
            self.assertNotEqual(make, stubs)
            subprocess.run(make, shell=True, check=True, cwd=folder, timeout=LIMIT_S)
            subprocess.run([BINARIES / 'inventoryctl', 'restock', '1', '100'], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT_S,
                           env={'INVENTORY_SERVER': service.address})
            self.assertIn('localhost:9004', script)
            script = script.replace('localhost:9004', service.address)
            for expected in ('0 扣减成功 95\n', '0 订单已处理（幂等性） 95\n'):
                result = subprocess.run(['/usr/bin/python3', '-c', script], cwd=folder, check=True,
                                        stdout=subprocess.PIPE, text=True, timeout=LIMIT_S,
                                        env={'PYTHONPATH': folder, 'PYTHONIOENCODING': 'utf-8'})
                self.assertEqual(result.stdout, expected)


if __name__ == '__main__':
    BINARIES = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
