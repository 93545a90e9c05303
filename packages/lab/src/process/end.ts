import { sleep } from '../until.ts';
import { findPostgres, signal } from './find.ts';

/**
 * Ends every PostgreSQL process under `mark`, frozen ones too: first the way in which PostgreSQL gives its shared
 * memory back (an immediate shutdown), then the hard way.
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
      // Once each: a second SIGQUIT would interrupt the shutdown that the first began.
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
