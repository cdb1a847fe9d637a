"""Look at a machine before a test with nothing but its shell: it may have no Python, or no room to write."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.perfops.perfops.plugins.module_utils import collections

MARK = "perfops:"  # begins each line that is ours: a login may say more
SCRIPT = r"""
say() { echo "perfops:$1=$2"; }
home=$1 python=$2 receiver=$3 port=$4
case $home in "~"*) home=$HOME${home#"~"};; esac
say system "$(uname -sr)"
say user "$(id -un)"
if command -v "$python" >/dev/null 2>&1; then
  say python "$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)"
fi
place=$home
while [ ! -d "$place" ] && [ "$place" != / ] && [ "$place" != . ]; do place=$(dirname "$place"); done
say home "$home"
if [ -w "$place" ] && [ -x "$place" ]; then say writable yes; else say writable "$place"; fi
say free "$(df -Pk "$place" 2>/dev/null | awk 'END { print $4 }')"
for id in $({ ls "$home/collections"; ls "$home/spool"; } 2>/dev/null | sort -u); do
  state=left
  for line in /proc/[0-9]*/cmdline; do
    if tr '\0' ' ' <"$line" 2>/dev/null | grep -q -e "--id $id "; then state=samples; fi
  done
  say "$state" "$id"
done
if [ -n "$receiver" ]; then
  if "$python" -c pass >/dev/null 2>&1; then
    say receiver "$("$python" -c 'import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()
    print("yes")
except OSError as error:
    print(error)' "$receiver" "$port" 2>&1)"
  elif command -v bash >/dev/null && command -v timeout >/dev/null; then
    if timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$receiver" "$port" 2>/dev/null; then say receiver yes
    else say receiver "no connection"; fi
  fi
fi
"""


class ActionModule(ActionBase):
    """Two calls: the first does the looking, the second, over the connection that is there now, asks for the time."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """What was found, also in a file of the machine's name; a machine that cannot be reached is a finding."""
        result = super().run(tmp, task_vars)
        given = self._task.args
        words = [str(given.get(name) or "") for name in ("home", "python", "receiver", "port")]
        host = task_vars["inventory_hostname"]
        found = {"host": host, "samples": [], "left": []}
        try:
            told = self._low_level_execute_command(
                f"sh -c {shlex.quote(SCRIPT)} sh {' '.join(map(shlex.quote, words))}"
            )
            before = time.time()
            clock = self._low_level_execute_command("date +perfops:clock=%s.%N")
            found["asked"] = [before, time.time()]
            for line in (told["stdout"] + "\n" + clock["stdout"]).splitlines():
                name, equals, value = line.strip().removeprefix(MARK).partition("=")
                if not equals or not line.strip().startswith(MARK):
                    continue
                if name not in ("samples", "left"):
                    found[name] = value
                elif collections.UUID.match(value):  # what bears no id is somebody else's
                    found[name].append(value)
            found["said"] = told["stderr"].strip()
        except AnsibleConnectionFailure as error:
            found["unreachable"] = " ".join(str(error).split())
        place = Path(given["output"]) / (host.replace("/", "_") + ".json")
        place.write_text(json.dumps(found), encoding="utf-8")
        return dict(result, changed=False, found=found)
