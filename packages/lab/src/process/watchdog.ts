import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';

/**
 * Reads its standard input until the other end is closed, which the kernel does in every case when the lab's process
 * ends. Then it ends the servers and removes the directory. It is a shell, because it must outlive the lab and cost
 * almost nothing. It kills a postmaster only after the five seconds that a postmaster gives its own children: a killed
 * one leaves its shared memory behind.
 */
const SCRIPT = `
trap '' HUP INT TERM
while read -r _; do :; done
mark="$2/"
pids() {
  if [ -r /proc/self/comm ]; then
    for p in /proc/[0-9]*; do
      read -r name 2>/dev/null <"$p/comm" || continue
      case "$name" in postgres|initdb) grep -qF -- "$mark" "$p/cmdline" 2>/dev/null && echo "\${p#/proc/}";; esac
    done
  else
    ps -axww -o pid=,ucomm=,command= | while read -r pid name command; do
      case "$name" in postgres|initdb) case "$command" in *"$mark"*) echo "$pid";; esac;; esac
    done
  fi
}
asked=' '
n=0
while [ $n -lt 300 ]; do
  found=$(pids)
  [ -z "$found" ] && break
  for p in $found; do
    if [ $n -gt 200 ]; then kill -KILL "$p"; else
      case "$asked" in *" $p "*) ;; *) kill -QUIT "$p"; asked="$asked$p ";; esac
      kill -CONT "$p"
    fi
  done
  n=$((n + 1))
  sleep 0.05
done
case "$2" in regionkit-lab-*) rm -rf -- "$1";; esac
`;

/** Cleans up after this process if it cannot do so itself. */
export interface Watchdog {
  readonly pid: number | undefined;
  /** Starts the clean-up now, and waits until it has ended. */
  dismiss(): Promise<void>;
}

export function startWatchdog(directory: string): Watchdog {
  const child: ChildProcess = spawn(
    '/bin/sh',
    ['-c', SCRIPT, 'regionkit-lab-watchdog', directory, basename(directory)],
    {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  (child.stdin as unknown as { unref(): void } | null)?.unref();
  return {
    pid: child.pid,
    dismiss: async () => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.ref();
      child.stdin?.end();
      await ended;
    },
  };
}
