#!/usr/bin/python3
"""The Debian package in a fresh Debian 12: it installs with what it depends on, starts with its
unit's command line, account and folder, tells the service manager so, and passes the eight checks;
an upgrade keeps the settings, and a purge the stock.

Usage: deb_test.py PACKAGE_FOLDER FOLDER [unittest's arguments]

It needs root (chroot, mount) and a Debian mirror. FOLDER keeps the bare root between runs.
"""
import configparser
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

E2E = pathlib.Path(__file__).resolve().parent.parent / 'e2e'
sys.path.insert(0, str(E2E))
# pylint: disable=wrong-import-position
import eight_checks_test  # noqa: E402
import own_network  # noqa: E402
from debian_root import OF_THE_MACHINE, bare_debian, run  # noqa: E402
from service import WAIT_SECONDS, wait_for  # noqa: E402

PACKAGE = ROOT = None


def in_root(*command):
    return run('chroot', ROOT, 'env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', *command)


def make_root(folder):
    """A bare Debian 12 with the package installed, as an administrator would."""
    bare = bare_debian(folder)
    ROOT.mkdir()
    run('tar', '-C', ROOT, '-xf', bare)
    for name in OF_THE_MACHINE:
        source, target = pathlib.Path(name), ROOT / name[1:]
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)
    shutil.copy(PACKAGE, ROOT / 'tmp/package.deb')
    print('installing the package', flush=True)
    in_root('apt-get', 'update', '-q')
    in_root('apt-get', 'install', '-y', '--no-install-recommends', '/tmp/package.deb')


class Unit:
    """What the installed unit says, as far as starting goes."""

    def __init__(self):
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str
        parser.read(ROOT / 'lib/systemd/system/inventory-service.service')
        self.values = parser['Service']

    def __getitem__(self, name):
        return self.values[name]


class Service:
    """The unit's command line, under its account, told where the service manager listens."""

    target = '127.0.0.1:9004'

    def __init__(self):
        unit = Unit()
        state = ROOT / 'var/lib' / unit['StateDirectory']
        state.mkdir(mode=int(unit['StateDirectoryMode'], 8), exist_ok=True)
        owner = run('chroot', ROOT, 'id', '-u', unit['User']).strip()
        os.chown(state, int(owner), -1)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.settimeout(WAIT_SECONDS)
        notify = ROOT / 'run/notify'
        notify.unlink(missing_ok=True)
        self.manager.bind(str(notify))
        notify.chmod(0o777)
        directory, command = unit['WorkingDirectory'], unit['ExecStart']
        self.log_path = ROOT / 'tmp/service.log'
        with open(self.log_path, 'ab') as out:
            self.process = subprocess.Popen(
                ['chroot', f'--userspec={unit["User"]}:{unit["Group"]}', ROOT,
                 'env', '-i', 'PATH=/usr/bin:/bin', 'NOTIFY_SOCKET=/run/notify',
                 'sh', '-c', f'umask {unit["UMask"]}; cd {directory} && exec {command}'],
                stdout=out, stderr=out)
        wait_for('it is ready', lambda: ' ready ' in self.log, self.process)

    @property
    def log(self):
        return self.log_path.read_text(errors='replace')

    def told(self):
        """What the service manager was told next."""
        return self.manager.recv(4096).decode()

    def stop(self):
        self.process.terminate()
        return self.process.wait(WAIT_SECONDS)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.manager.close()


class Package(eight_checks_test.ThroughInventoryctl):
    def setUp(self):
        self.service = Service()
        self.addCleanup(self.service.close)

    def test_eight_checks(self):
        self.assertRegex(self.service.told(), r'^READY=1\nSTATUS=serves from the embedded store')
        super().test_eight_checks()
        self.assertEqual(self.service.stop(), 0)
        self.assertIn('STOPPING=1', self.service.told())

        with self.subTest('what is installed'):
            for name in ('config.yaml', ):
                self.assertTrue((ROOT / 'etc/inventory-service' / name).is_file())
            secrets = (ROOT / 'etc/default/inventory-service').stat()
            self.assertEqual(secrets.st_mode & 0o777, 0o640)
            self.assertIn('inventory', in_root('stat', '-c', '%G', '/etc/default/inventory-service'))
            self.assertIn('/usr/share/doc/inventory-service/README.md',
                          in_root('dpkg', '-L', 'inventory-service'))
            self.assertIn('inventory-service', in_root('inventory-service', '--version'))

        with self.subTest('an upgrade keeps the settings, a purge the stock'):
            settings = ROOT / 'etc/inventory-service/config.yaml'
            settings.write_text(settings.read_text().replace('port: 9004', 'port: 9005'))
            in_root('dpkg', '-i', '--force-confdef', '--force-confold', '/tmp/package.deb')
            self.assertIn('port: 9005', settings.read_text())
            in_root('dpkg', '--purge', 'inventory-service')
            self.assertFalse(settings.exists())
            self.assertTrue((ROOT / 'var/lib/inventory-service/data/inventory').is_dir())


def main():
    global PACKAGE, ROOT  # pylint: disable=global-statement
    folder, kept = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    PACKAGE, = folder.glob('inventory-service_*.deb')
    kept.mkdir(parents=True, exist_ok=True)
    ROOT = kept / 'root'
    if own_network.INSIDE not in os.environ:
        shutil.rmtree(ROOT, ignore_errors=True)
        make_root(kept)  # with the network, that is
    own_network.enter()
    with tempfile.NamedTemporaryFile('w', suffix='-inventoryctl', delete=False) as tool:
        tool.write(f'#!/bin/sh\nexec chroot {ROOT} /usr/bin/inventoryctl "$@"\n')
    os.chmod(tool.name, 0o755)
    eight_checks_test.INVENTORYCTL = tool.name
    try:
        unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
    finally:
        os.unlink(tool.name)
        shutil.rmtree(ROOT)


if __name__ == '__main__':
    main()
