import { spawn } from 'node:child_process';
import type { CheckedHook } from '../config/check-failover.ts';

export interface HookResult {
  readonly ok: boolean;
  /** How it ended. Our own words: what a hook prints may hold anything. */
  readonly says: string;
}

/** What a hook gets: on its standard input, or as the body of a POST. */
export type HookMessage = Readonly<Record<string, string | number | undefined>>;

/** Runs one hook within its time limit. Never rejects. */
export function runHook(hook: CheckedHook, message: HookMessage, signal: AbortSignal): Promise<HookResult> {
  const body = JSON.stringify(message);
  return hook.command === undefined ? post(hook, body, signal) : runCommand(hook, hook.command, body, signal);
}

function runCommand(
  { timeoutMs }: CheckedHook,
  [program, ...args]: readonly string[],
  body: string,
  signal: AbortSignal,
): Promise<HookResult> {
  return new Promise((resolve) => {
    // A group of its own: what the command has started ends with it.
    const child = spawn(program as string, args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    const end = (says: string): void => {
      kill(child.pid);
      settle({ ok: false, says });
    };
    const timer = setTimeout(() => end(`was stopped after ${timeoutMs / 1_000} s`), timeoutMs);
    const interrupted = (): void => end('was interrupted');
    const settle = (result: HookResult): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupted);
      resolve(result);
    };
    signal.addEventListener('abort', interrupted, { once: true });
    if (signal.aborted) interrupted();
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle({ ok: false, says: `could not be started (${error.code ?? 'unknown'})` }),
    );
    child.on('exit', (code, by) =>
      settle({ ok: code === 0, says: code === null ? `was ended by ${by}` : `ended with ${code}` }),
    );
    child.stdin.on('error', () => {});
    child.stdin.end(body);
  });
}

function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

async function post({ webhook, timeoutMs }: CheckedHook, body: string, signal: AbortSignal): Promise<HookResult> {
  const limit = new AbortController();
  const end = (): void => limit.abort();
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const answer = await fetch(webhook as string, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'manual',
      signal: limit.signal,
    });
    await answer.body?.cancel();
    return { ok: answer.ok, says: `answered ${answer.status}` };
  } catch {
    return {
      ok: false,
      says: signal.aborted
        ? 'was interrupted'
        : limit.signal.aborted
          ? 'did not answer in time'
          : 'could not be reached',
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
