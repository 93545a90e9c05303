import { setTimeout as sleep } from 'node:timers/promises';
import type { Operations } from '../../config/check-config.ts';
import type { Doors } from '../../operator/ask-doors.ts';
import { judge } from '../../status/judge.ts';
import { survey } from '../../status/survey.ts';

/** What the servers and the processes say, as far as a change of it is a sign of a fault. */
export interface StatusSign {
  readonly says: string;
  /** On `performance.now()`: when it was asked for. */
  readonly atMs: number;
}

const POLL_MS = 1_000;

/** Asks again and again until the signal is aborted, and tells each change. The first status is no change. */
export async function watchStatus(
  config: Operations,
  doors: Doors | undefined,
  signal: AbortSignal,
  changed: (sign: StatusSign) => void,
): Promise<void> {
  if (config.nodes.length === 0 && doors === undefined) return;
  let last: string | undefined;
  while (!signal.aborted) {
    const atMs = performance.now();
    const { servers, processes } = judge(await survey(config, doors, signal));
    if (signal.aborted) return;
    // Lag changes all the time; roles, timelines and states do not.
    const says = [
      ...servers.map(
        ({ where, role, timeline }) => `${where} ${role}${timeline === undefined ? '' : ` on ${timeline}`}`,
      ),
      ...processes.map(
        ({ where, state, primary }) => `app of ${where} ${state}${primary === undefined ? '' : `, primary ${primary}`}`,
      ),
    ].join('; ');
    if (last !== undefined && says !== last) changed({ says, atMs });
    last = says;
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}
