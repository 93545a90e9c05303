import { sleep } from '../until.ts';
import { findPostgres, signal } from './find.ts';

/**
 * Ends every PostgreSQL process under `mark`, also frozen ones. It first requests an immediate shutdown, in which
 * PostgreSQL frees its shared memory, and kills the rest.
 */
export async function endPostgres(
  mark: string,
  { graceMs = 3_000 }: { readonly graceMs?: number } = {},
): Promise<void> {
  const deadline = performance.now() + graceMs;
  let asked = new Set<number>();
  for (;;) {
    const pids = findPostgres(mark);
    if (pids.length === 0) return;
    if (performance.now() > deadline) signal(pids, 'SIGKILL');
    else {
      // Send it once to each: a second SIGQUIT would interrupt the shutdown.
      signal(
        pids.filter((pid) => !asked.has(pid)),
        'SIGQUIT',
      );
      signal(pids, 'SIGCONT');
      asked = new Set(pids);
    }
    await sleep(10);
  }
}
