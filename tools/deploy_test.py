#!/usr/bin/python3
"""What lies in deploy/ fits the service: each setting in it is one, and what compose and Kubernetes
are told holds together.

Usage: deploy_test.py INVENTORY_SERVICE
"""
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPLOY = ROOT / 'deploy'


def settings():
    """The paths in the table of settings: "redis.addr"."""
    table = (ROOT / 'src/server/config_table.inc').read_text()
    return set(re.findall(r'^(?:INTEGER|TEXT|SECRET|CHOICE|BOOLEAN)\(\w+, "([\w.]+)"', table, re.M))


def leaves(tree, path=''):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f'{path}{name}.')
        else:
            yield path + name


class DeployTest(unittest.TestCase):
    def assert_good(self, *arguments, **environment):
        """The service finds no fault with these settings."""
        done = subprocess.run([SERVICE, *arguments, '--check-config'], env=environment, cwd='/',
                              capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(done.returncode, 0, f'{arguments}: {done.stdout}{done.stderr}')

    def test_configurations_hold_settings_only(self):
        known = settings()
        self.assertIn('redis.addr', known)
        files = [path for path in DEPLOY.glob('*.yaml') if path.name != 'compose.yaml']
        self.assertGreater(len(files), 2)
        for path in files:
            self.assertLessEqual(set(leaves(yaml.safe_load(path.read_text()))), known, path.name)
            self.assert_good('--config', path)

    def test_compose_holds_together(self):
        compose = yaml.safe_load((DEPLOY / 'compose.yaml').read_text())
        services = compose['services']
        for name, service in services.items():
            self.assertIn('healthcheck', service, name)
            for other, how in service.get('depends_on', {}).items():
                self.assertIn(other, services)
                self.assertEqual(how, {'condition': 'service_healthy'})
            for mounted in service.get('volumes', []):
                self.assertIn(mounted.partition(':')[0], compose['volumes'])
        build = services['service']['build']
        self.assertTrue((DEPLOY / build['context'] / build['dockerfile']).is_file())
        redis = services['redis']['command']
        self.assertEqual(redis[redis.index('--appendonly') + 1], 'yes')
        self.assertEqual(redis[redis.index('--maxmemory-policy') + 1], 'noeviction')

    def test_compose_sets_settings_only(self):
        variables = {'INVENTORY_' + path.upper().replace('.', '_') for path in settings()}
        text = (DEPLOY / 'compose.yaml').read_text()
        self.assertLessEqual(set(re.findall(r'\bINVENTORY_\w+', text)), variables)
        environment = yaml.safe_load(text)['services']['service']['environment']
        self.assertLessEqual(set(environment), variables)
        # As compose would fill it in.
        self.assert_good(**{name: re.sub(r'\$\{\w+:-(.*?)\}', r'\1', value)
                            for name, value in environment.items()})

    def test_the_pod_holds_together(self):
        manifest = DEPLOY / 'kubernetes/inventory-service.yaml'
        documents = {each['kind']: each for each in yaml.safe_load_all(manifest.read_text())}
        service, stateful = documents['Service']['spec'], documents['StatefulSet']['spec']
        pod = stateful['template']
        self.assertEqual(stateful['serviceName'], documents['Service']['metadata']['name'])
        for labels in (service['selector'], stateful['selector']['matchLabels']):
            self.assertEqual(labels, pod['metadata']['labels'])
        container, = pod['spec']['containers']
        ports = {each['name']: each['containerPort'] for each in container['ports']}
        self.assertEqual(ports, {each['targetPort']: each['port'] for each in service['ports']})
        for probe in ('startupProbe', 'livenessProbe', 'readinessProbe'):
            self.assertIn(container[probe]['httpGet']['port'], ports)
        self.assertEqual(container['readinessProbe']['httpGet']['path'], '/readyz')
        volumes = {each['name'] for each in pod['spec']['volumes']}
        volumes |= {each['metadata']['name'] for each in stateful['volumeClaimTemplates']}
        mounts = {each['name']: each['mountPath'] for each in container['volumeMounts']}
        self.assertEqual(set(mounts), volumes)

        environment = {each['name']: each['value'] for each in container['env']}
        known = {'INVENTORY_' + path.upper().replace('.', '_') for path in settings()}
        self.assertLessEqual(set(environment), known)
        self.assert_good(**environment)
        # What it reads is mounted, and what it writes too: the rest is read-only.
        for name, value in environment.items():
            if value.startswith('/'):
                self.assertTrue(value.startswith(tuple(f'{path}/' for path in mounts.values())), name)
        self.assertTrue(container['securityContext']['readOnlyRootFilesystem'])
        self.assertEqual(stateful['replicas'], 1)  # of the embedded store


if __name__ == '__main__':
    SERVICE = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
