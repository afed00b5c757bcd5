"""Runs command lines in processes of their own, one JSON request a line.

It loads TensorFlow once and forks for each command: the processes are as
separate as any, can be killed, and start in no time.  It has a mount namespace
of its own where it may, so that small and read-only disks can be made, which
end with it.

Requests are of `start` (argv, cwd, said, fault, eager), `wait` (pid), `mount`
(path, bytes), `remount` (path, read_only); see `processes`.
"""

import ctypes
import json
import os
import pathlib
import sys
import traceback

ROOT = pathlib.Path(__file__).parents[2]
_NEWNS, _NEWUSER = 0x00020000, 0x10000000
_RDONLY, _REMOUNT, _REC, _PRIVATE = 1, 32, 16384, 1 << 18
_LIBC = ctypes.CDLL(None, use_errno=True)


def _unshare():
    """Gets a mount namespace; returns whether it may mount there."""
    try:
        uid, gid = os.getuid(), os.getgid()
        if uid and _LIBC.unshare(_NEWUSER | _NEWNS) == 0:
            pathlib.Path("/proc/self/setgroups").write_text("deny")
            pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
            pathlib.Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        elif uid or _LIBC.unshare(_NEWNS):
            return False
        _mount("none", "/", None, _REC | _PRIVATE, None)
    except (AttributeError, OSError):
        return False
    return True


def _mount(source, target, kind, flags, data):
    given = [
        None if text is None else os.fsencode(text)
        for text in (source, target, kind)
    ]
    data = None if data is None else data.encode()
    if _LIBC.mount(*given, ctypes.c_ulong(flags), data):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(target))


def _start(request):
    pid = os.fork()
    if pid:
        return {"pid": pid}
    status = 70  # of no command
    try:
        for number, name in enumerate(["/dev/null", "out", "err"]):
            path = name if number == 0 else f"{request['said']}.{name}"
            flags = os.O_RDWR | (os.O_CREAT | os.O_TRUNC if number else 0)
            descriptor = os.open(path, flags, 0o666)
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(request["cwd"])
        _run(request)
    except SystemExit as error:
        status = error.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run(request):
    import faults

    from sketch_rnn_tf import cli

    if request.get("eager"):
        import tensorflow as tf

        # A step is done at once then; else all that the short trainings here
        # did would be to be compiled.
        tf.config.run_functions_eagerly(True)
    if request.get("fault"):
        faults.install(request["fault"])
    sys.exit(cli.main(request["argv"]))


def _answer(request):
    if request["do"] == "start":
        return _start(request)
    if request["do"] == "wait":
        _, status, used = os.wait4(request["pid"], 0)
        return {
            "status": os.waitstatus_to_exitcode(status),
            "seconds": used.ru_utime + used.ru_stime,
        }
    if request["do"] == "mount":
        size = f"size={request['bytes']}"
        _mount("tmpfs", request["path"], "tmpfs", 0, size)
    else:
        flags = _REMOUNT | (_RDONLY if request["read_only"] else 0)
        _mount("tmpfs", request["path"], "tmpfs", flags, None)
    return {}


def main():
    """Answers requests until there are no more."""
    # Before there are threads.
    mounts = _unshare()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path[:0] = [str(ROOT), str(pathlib.Path(__file__).parent)]
    os.environ |= {
        "TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1", "NO_PROXY": "*",
        "no_proxy": "*", "PYTHONWARNINGS": "ignore",
        "KERAS_BACKEND": "tensorflow", "TF_ENABLE_ONEDNN_OPTS": "1",
    }  # fmt: skip
    import warnings

    warnings.simplefilter("ignore")
    import tensorflow_datasets  # noqa: F401

    import export.tfjs  # noqa: F401
    import tfds_quickdraw  # noqa: F401
    from sketch_rnn_tf.command_line import (  # noqa: F401
        commands,
        converting,
        downloading,
        exporting,
        packing,
        preparing,
    )

    ready = {"pid": os.getpid(), "mounts": mounts}
    print(json.dumps(ready), file=answers, flush=True)
    for line in sys.stdin:
        try:
            answer = _answer(json.loads(line))
        except OSError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
