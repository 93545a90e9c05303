import type { Epoch } from '@regionkit/core';
import { normaliseInsertLsn, parseLsn } from '../causality/lsn.ts';
import type { Scope } from '../causality/scope.ts';
import type { Engine } from '../engine.ts';
import { ownerOf } from '../topology/hear.ts';
import type { PoolNode } from '../topology/node.ts';
import type { Queryable } from './submittable.ts';

/** The position behind a write, on the same connection: it covers the commit, also under `synchronous_commit = off`. */
export async function behindWrite(
  engine: Engine,
  node: PoolNode,
  client: Queryable,
  scope: Scope,
  epoch: Epoch,
): Promise<void> {
  noteWritten(engine, node, scope, epoch, await askPosition(client, engine.settings.readings.insertPositionSql));
}

/** Takes down a position that came with the write itself. */
export function noteWritten(engine: Engine, node: PoolNode, scope: Scope, epoch: Epoch, lsn: bigint | undefined): void {
  engine.scopes.noteWritten(scope, epoch, learnt(engine, node, lsn, 'insert'));
}

/**
 * What a read saw, on the same connection: a position cached before would be a lower bound of it, and the next read could
 * go below it. What cannot be learnt only the primary is known to have.
 */
export async function behindRead(engine: Engine, node: PoolNode, client: Queryable, scope: Scope): Promise<void> {
  const lsn = await askPosition(client, engine.settings.readings.seenPositionSql);
  const { nodes, owners, primary, system, top } = engine.live.topology;
  const view = nodes[node.index];
  if (view === undefined || system === undefined) return;
  // A standby that cannot tell its timeline may have followed on to the highest: what is there has all that it has.
  const isExact = engine.live.store.facts.nodes[node.index]?.exact === true;
  const timeline = isExact ? view.timeline : Math.max(view.timeline, top?.timeline ?? 0);
  const owner = ownerOf(owners, system, timeline);
  const seen = learnt(engine, node, lsn, primary?.node === node.index ? 'insert' : 'replay');
  engine.scopes.noteSeen(scope, { system, timeline, owner: owner ?? '' }, owner === undefined ? undefined : seen);
}

/** The position as a standby can reach it. One that was not learnt is told of. */
function learnt(
  engine: Engine,
  node: PoolNode,
  lsn: bigint | undefined,
  kind: 'insert' | 'replay',
): bigint | undefined {
  if (lsn === undefined) engine.events.emit('position-unknown', { node: node.id });
  const segmentBytes = engine.live.topology.nodes[node.index]?.segmentBytes ?? 0;
  return lsn === undefined || kind === 'replay' || segmentBytes === 0 ? lsn : normaliseInsertLsn(lsn, segmentBytes);
}

async function askPosition(client: Queryable, sql: string): Promise<bigint | undefined> {
  try {
    const { rows } = await client.query<{ position: unknown }>(sql);
    const position = rows[0]?.position;
    return typeof position === 'string' ? parseLsn(position) : undefined;
  } catch {
    return undefined;
  }
}
