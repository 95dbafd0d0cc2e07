"""Work that only the programs' own user may do, in a child process of that user."""

import os

from harness.failure import Failure


def as_user(identity, work):
    """What work() returns as text; files it makes are the user's."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if identity.ids:
                os.setgroups([])
                os.setgid(identity.gid)
                os.setuid(identity.uid)
            os.write(write, work().encode())
            code = 0
        except BaseException as error:
            os.write(write, repr(error).encode())
        finally:
            os._exit(code)
    os.close(write)
    with open(read, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise Failure("the user's own process to do it", text)
    return text
