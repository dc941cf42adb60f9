#!/usr/bin/python3
"""What is in deploy/ for containers, before the linters of its kind: Compose's own, the types of
Kubernetes' Python client, dockerfile-utils.

Usage: lint_test.py FOLDER [unittest's arguments]

FOLDER gets dockerfile-utils from npm.
"""
import json
import pathlib
import subprocess
import sys
import unittest

import yaml
from kubernetes import client

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'e2e'))
from npm import install  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
DEPLOY = HERE.parent.parent / 'deploy'
FOLDER = ''


def faults_of_dockerfile(path):
    """What dockerfile-utils says about it; it has no word for a file it likes."""
    install(HERE, FOLDER)
    done = subprocess.run(['node_modules/.bin/dockerfile-utils', 'lint', path], cwd=FOLDER,
                          capture_output=True, text=True, check=False, timeout=60)
    return (done.stdout + done.stderr).strip()


def faults_of_compose(text):
    """Debian's Compose has no `name` at the top yet."""
    tree = yaml.safe_load(text)
    tree.pop('name')
    done = subprocess.run(['docker-compose', '-f', '-', 'config', '--quiet'], cwd=DEPLOY,
                          input=yaml.safe_dump(tree), capture_output=True, text=True, check=False,
                          timeout=60)
    return done.stderr.strip() or ('' if done.returncode == 0 else 'no reason told')


def model_of(document):
    """The class of the client for what the document says it is: apps/v1, StatefulSet."""
    version = document['apiVersion'].rpartition('/')[2]
    return getattr(client, version.capitalize() + document['kind'])


class Reply:
    """What the client takes a server's answer from."""

    def __init__(self, tree):
        self.data = json.dumps(tree)


def faults_of_manifest(text):
    """Fields that are missing, of the wrong type, or of nobody's."""
    api = client.ApiClient()
    for document in yaml.safe_load_all(text):
        try:
            model = api.deserialize(Reply(document), model_of(document).__name__)
        except (AttributeError, TypeError, ValueError) as error:
            yield f'{document["kind"]}: {error}'
            continue
        yield from differences(document, api.sanitize_for_serialization(model), document['kind'])


def differences(written, understood, path):
    if isinstance(written, dict) and isinstance(understood, dict):
        for name, value in written.items():
            if name in understood:
                yield from differences(value, understood[name], f'{path}.{name}')
            else:
                yield f'{path}.{name}: no such field'
    elif isinstance(written, list) and isinstance(understood, list):
        for number, (one, other) in enumerate(zip(written, understood)):
            yield from differences(one, other, f'{path}[{number}]')
    elif type(written) is not type(understood) or written != understood:
        yield f'{path}: {written!r} is taken for {understood!r}'


class LintTest(unittest.TestCase):
    def test_dockerfile(self):
        path = DEPLOY / 'Dockerfile'
        self.assertEqual(faults_of_dockerfile(path), '')
        bad = pathlib.Path(FOLDER, 'Dockerfile')
        bad.write_text(path.read_text().replace('WORKDIR /src', 'WORKDR /src'))
        self.assertIn('WORKDR', faults_of_dockerfile(bad))

    def test_compose(self):
        text = (DEPLOY / 'compose.yaml').read_text()
        self.assertEqual(faults_of_compose(text), '')
        self.assertIn('healthchek', faults_of_compose(text.replace('healthcheck:', 'healthchek:')))
        self.assertIn('depends', faults_of_compose(text.replace('condition:', 'condtion:')))

    def test_kubernetes(self):
        text = (DEPLOY / 'kubernetes/inventory-service.yaml').read_text()
        self.assertEqual(list(faults_of_manifest(text)), [])
        for good, bad in (('runAsNonRoot:', 'runAsNonroot:'), ('replicas: 1', 'replicas: one'),
                          ('kind: StatefulSet', 'kind: Statefulset'),
                          ('containerPort: 9004', 'port: 9004'), ('mountPath', 'mountpath')):
            self.assertIn(good, text)
            self.assertNotEqual(list(faults_of_manifest(text.replace(good, bad))), [], bad)


if __name__ == '__main__':
    FOLDER = sys.argv.pop(1)
    unittest.main()
