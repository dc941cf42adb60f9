"""A bare Debian 12, as a tar that is kept between runs. It takes root and a Debian mirror."""
import pathlib
import shutil
import subprocess

BARE = 'bare.tar'


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise AssertionError(f'{command}: {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def bare_debian(folder):
    """The tar; its apt and its names are as on the machine that runs the test."""
    bare = folder / BARE
    if bare.exists():
        return bare
    print('making a bare Debian 12', flush=True)
    fresh = folder / 'fresh'
    shutil.rmtree(fresh, ignore_errors=True)
    run('debootstrap', '--variant=minbase', '--make-tarball', folder / 'packages.tar', 'bookworm',
        folder / 'unused')
    run('debootstrap', '--variant=minbase', '--unpack-tarball', folder / 'packages.tar', 'bookworm',
        fresh)
    # Mirror, proxy, names.
    for name in ('/etc/apt/sources.list', '/etc/apt/sources.list.d', '/etc/apt/apt.conf.d',
                 '/etc/resolv.conf', '/etc/hosts'):
        source, target = pathlib.Path(name), fresh / name[1:]
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)
    run('tar', '-C', fresh, '-cf', bare, '.')
    shutil.rmtree(fresh)
    return bare
