import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeTarget } from '../../config/check-config.ts';
import { type Answer, ask } from '../../postgres/ask.ts';
import { bad, type Layer, type LayerResult, ok, type SmokeContext, TIMEOUT_MS, unsure } from '../layer.ts';
import { hasRow, removeRow, writeRow } from '../row.ts';
import { throughApp } from './through-app.ts';

/** How long a row may take to arrive in another region. */
const ARRIVES_WITHIN_MS = 10_000;
const EVERY_MS = 20;

/** A row of its own is written on the primary, and read back in another region; through the app, too, if a path is given. */
export const write: Layer = {
  name: 'write',
  needs: 'databases',
  async test(context) {
    const result = await throughDatabases(context);
    if (result.state !== 'done' || context.path === undefined) return result;
    const app = await throughApp(context);
    return { state: app.state, says: `${result.says}; ${app.says}` };
  },
};

async function throughDatabases(context: SmokeContext): Promise<LayerResult> {
  const { config, region, signal } = context;
  const on = <T>(node: NodeTarget, work: Parameters<typeof ask<T>>[1]): Promise<Answer<T>> =>
    ask({ url: node.url, timeoutMs: TIMEOUT_MS, signal }, work);
  const roles = await Promise.all(
    config.nodes.map(async (node) => ({
      node,
      role: await on(
        node,
        async (client) =>
          (await client.query<{ writes: boolean }>('SELECT NOT pg_is_in_recovery() AS writes')).rows[0]?.writes ===
          true,
      ),
    })),
  );
  const writers = roles.flatMap(({ node, role }) => (role.ok && role.value ? [node] : []));
  const [primary] = writers;
  if (primary === undefined) return bad('no server takes writes');
  if (writers.length > 1) return bad(`${writers.map(({ id }) => id).join(' and ')} take writes`);
  // The region under test reads, or, if it has the primary, another one.
  const readers = roles.flatMap(({ node, role }) =>
    role.ok && !role.value && node.region !== primary.region ? [node] : [],
  );
  const reader = readers.find((node) => node.region === region) ?? (region === primary.region ? readers[0] : undefined);
  const id = `smoke/${randomUUID()}`;
  const written = await on(primary, (client) => writeRow(client, id, region));
  if (!written.ok) return bad(`the write on ${primary.id} failed (${written.code ?? written.why})`);
  const wrote = `written on ${primary.id} in ${Math.round(written.tookMs)} ms`;
  const startedMs = performance.now();
  const result =
    reader === undefined ? undefined : await on(reader, (client) => until(async () => hasRow(client, id), signal));
  await on(primary, (client) => removeRow(client, id));
  if (reader === undefined || result === undefined) {
    return unsure(
      `${wrote}, and read nowhere: no standby of ${region === primary.region ? 'another region' : region} answers`,
    );
  }
  if (!result.ok) return bad(`${wrote}, but ${reader.id} does not answer (${result.code ?? result.why})`);
  return result.value
    ? ok(`${wrote}, read on ${reader.id} ${Math.round(performance.now() - startedMs)} ms later`)
    : bad(`${wrote}, but not on ${reader.id} within ${ARRIVES_WITHIN_MS / 1_000} s`);
}

async function until(isTrue: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + ARRIVES_WITHIN_MS;
  while (!(await isTrue())) {
    if (performance.now() > deadline || signal.aborted) return false;
    await sleep(EVERY_MS);
  }
  return true;
}
