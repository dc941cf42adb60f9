#!/usr/bin/python3
"""What lies in deploy/ fits the service: each setting in it is one, and the compose file holds together.

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


if __name__ == '__main__':
    SERVICE = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
