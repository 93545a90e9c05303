import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const PROGRAMS = new Set(['postgres', 'initdb']);

/**
 * Finds the PostgreSQL processes whose command line contains `mark`: the postmaster by its data directory, and its
 * child processes by the `cluster_name` in their titles. It finds no other process, not even a `tail` of the log.
 */
export function findPostgres(mark: string): readonly number[] {
  return process.platform === 'linux' ? findInProc(mark) : findWithPs(mark);
}

function findInProc(mark: string): readonly number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      if (!PROGRAMS.has(readFileSync(`/proc/${entry}/comm`, 'utf8').trim())) return [];
      return readFileSync(`/proc/${entry}/cmdline`, 'latin1').includes(mark) ? [Number(entry)] : [];
    } catch {
      return []; // The process ended meanwhile.
    }
  });
}

function findWithPs(mark: string): readonly number[] {
  return ps('-axww', '-o', 'pid=,ucomm=,command=')
    .split('\n')
    .flatMap((line) => {
      const [, pid, program = '', command = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      return PROGRAMS.has(program) && command.includes(mark) ? [Number(pid)] : [];
    });
}

/**
 * Identifies a process even if its number is used again: the number, its start time, and the boot and process
 * namespace. Undefined if there is no such process.
 */
export function identityOf(
  pid: number,
): { readonly pid: number; readonly started: string; readonly world: string } | undefined {
  try {
    if (process.platform !== 'linux') {
      const started = ps('-o', 'lstart=', '-p', String(pid)).trim();
      return started === '' ? undefined : { pid, started, world: process.platform };
    }
    // The program's name may contain spaces and brackets. The fields start after its last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return { pid, started: `${boot} ${started}`, world: readlinkSync('/proc/self/ns/pid') };
  } catch {
    return undefined;
  }
}

function ps(...args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

/** Sends a signal to each process. One that has ended meanwhile is ignored. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended.
    }
  }
}
