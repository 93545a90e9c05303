import type { Epoch } from '@regionkit/core';
import type { PoolClient } from 'pg';
import type { Scope } from '../causality/scope-state.ts';
import type { PoolNode } from '../connection/node.ts';
import { type Position, type PositionQuery, UNKNOWN_POSITION } from '../connection/position-after.ts';
import type { Queryable } from '../connection/submittable.ts';
import type { Engine } from '../engine/engine.ts';
import { ownerOf } from '../history/epoch.ts';
import { normaliseInsertLsn, parseLsn } from '../history/lsn.ts';
import { NO_POSITION, readSenders } from '../topology/readings.ts';
import { serverOf } from '../topology/writer.ts';

/** What positions are learnt from, and noted in. */
export type PositionParts = Pick<Engine, 'settings' | 'live' | 'scopes' | 'writes' | 'events'>;

/** The query for a position, to be sent after a statement. Undefined if it cannot be. */
export function positionQuery(
  { settings }: PositionParts,
  node: PoolNode,
  client: PoolClient,
): PositionQuery | undefined {
  const { clock, readings, timeoutMs } = settings;
  const sql = readings.insertPositionSql;
  return sql === NO_POSITION || !node.pairing.isOn ? undefined : { sql, node, client, clock, timeoutMs };
}

/**
 * Records the position after a write. It covers the commit, also with `synchronous_commit = off`.
 *
 * @param known the position, if it comes with the write. Otherwise it is read on the same connection
 */
export async function recordWritePosition(
  engine: PositionParts,
  node: PoolNode,
  client: Queryable,
  scope: Scope,
  epoch: Epoch,
  known?: Position | Promise<Position>,
): Promise<void> {
  if (!hasPositions(engine)) return;
  const position = await (known ?? askPosition(client, engine.settings.readings.insertPositionSql));
  notePosition(engine, node, scope, epoch, position);
}

/** Whether this kind of server tells positions. */
export function hasPositions({ settings }: PositionParts): boolean {
  return settings.readings.insertPositionSql !== NO_POSITION;
}

/** Records the position that was asked for behind a write. */
export function notePosition(
  engine: PositionParts,
  node: PoolNode,
  scope: Scope,
  epoch: Epoch,
  { lsn, senders }: Position,
): void {
  engine.writes.attached(node.index, senders);
  noteWritten(engine, node, scope, epoch, lsn);
}

/** Records a position that came with the write itself. */
export function noteWritten(
  engine: PositionParts,
  node: PoolNode,
  scope: Scope,
  epoch: Epoch,
  lsn: bigint | undefined,
): void {
  if (!hasPositions(engine)) return;
  engine.scopes.noteWritten(scope, epoch, learnt(engine, node, lsn, 'insert'));
}

/**
 * Reads what a read saw, on the same connection. An earlier cached position would be a lower bound, and the next read
 * could go back in time. If it cannot be read, only the primary certainly has it.
 */
export async function recordReadPosition(
  engine: PositionParts,
  node: PoolNode,
  client: Queryable,
  scope: Scope,
): Promise<void> {
  if (engine.settings.readings.seenPositionSql === NO_POSITION) return;
  const { lsn } = await askPosition(client, engine.settings.readings.seenPositionSql);
  const { nodes, owners, primary, system, top } = engine.live.topology;
  const view = nodes[node.index];
  if (view === undefined || system === undefined) return;
  // A standby that does not know its timeline may have followed the highest one. Positions there include all that it
  // has.
  const isExact = engine.live.store.facts.nodes[node.index]?.exact === true;
  const timeline = isExact ? view.timeline : Math.max(view.timeline, top?.timeline ?? 0);
  const owner = ownerOf(owners, system, timeline);
  const seen = learnt(engine, node, lsn, primary?.node === node.index ? 'insert' : 'replay');
  const server = serverOf(engine.live.topology, { system, timeline, owner: owner ?? '' });
  const epoch = { system, timeline, owner: owner ?? '', ...(server !== undefined && { server }) };
  engine.scopes.noteSeen(scope, epoch, owner === undefined ? undefined : seen);
}

/** The position in a form that a standby can reach. If it could not be read, an event reports it. */
function learnt(
  engine: PositionParts,
  node: PoolNode,
  lsn: bigint | undefined,
  kind: 'insert' | 'replay',
): bigint | undefined {
  if (lsn === undefined) engine.events.emit('position-unknown', { node: node.id });
  const segmentBytes = engine.live.topology.nodes[node.index]?.segmentBytes ?? 0;
  return lsn === undefined || kind === 'replay' || segmentBytes === 0 ? lsn : normaliseInsertLsn(lsn, segmentBytes);
}

async function askPosition(client: Queryable, sql: string): Promise<Position> {
  try {
    const { rows } = await client.query<{ position: unknown; senders?: unknown }>(sql);
    const position = rows[0]?.position;
    const lsn = typeof position === 'string' ? parseLsn(position) : undefined;
    return { lsn, senders: readSenders(rows[0]?.senders) };
  } catch {
    return UNKNOWN_POSITION;
  }
}
