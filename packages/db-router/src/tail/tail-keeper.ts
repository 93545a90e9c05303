import { createEvents, type EventSource } from '@regionkit/core';
import { check, createNotices, createPoller, errorCode } from '@regionkit/core/kit';
import { parseLsn } from '../history/lsn.ts';
import type { RegionRouter } from '../region-router.ts';
import { decideTick } from './decide-tick.ts';
import { TAIL_EVENTS, type TailEvents } from './events.ts';
import { logTail } from './log-tail.ts';
import { checkOptions, type TailKeeperOptions } from './options.ts';
import { runTick, type Ticked } from './run-tick.ts';
import { LOOK, TIME_LIMIT } from './sql.ts';
import { type LookRow, readFacts } from './tail-facts.ts';
import { healthOf, type TailHealth, type TailStatus } from './tail-status.ts';

/** Keeps the WAL in which `regionkit salvage` finds lost writes. Made by `createTailKeeper`. */
export interface TailKeeper extends EventSource<TailEvents>, AsyncDisposable {
  /**
   * What this process knows of the slot.
   *
   * @example
   * ```ts
   * console.log(keeper.status().state);
   * ```
   */
  status(): TailStatus;
  /**
   * A check for `health.check()`. It warns while the tail is not kept, and never fails.
   *
   * @example
   * ```ts
   * health.check('tail', keeper.check);
   * ```
   */
  readonly check: () => TailHealth;
  /**
   * Ticks no more. The slot stays, and holds WAL: `regionkit tail drop` removes it.
   *
   * @example
   * ```ts
   * await keeper.close();
   * ```
   */
  close(): Promise<void>;
}

/**
 * Keeps a logical slot on the primary, one for each database, at the position that every named standby has flushed. After a failover
 * the slot of the old primary has exactly the writes that may be lost, and `regionkit salvage` lists them. Make one in each process
 * that writes; one at a time moves the slot. The SQL of {@link tailSql} must be applied, and `wal_level` be `logical`.
 *
 * It acts on the confirmed primary alone. A server that was left behind keeps its slot as it is.
 *
 * @example
 * ```ts
 * const keeper = createTailKeeper(router, { standbys: { 'us-east-1/0': 'us', 'eu-west-1/0': 'eu' } });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function createTailKeeper(
  router: Pick<RegionRouter, 'explain' | 'on' | 'topology' | 'transaction'>,
  options: TailKeeperOptions,
): TailKeeper {
  check.methods('createTailKeeper: router', router, ['explain', 'on', 'topology', 'transaction']);
  const { standbys, maxHeldBytes, intervalMs, timeoutMs, logger, clock } = checkOptions(options);
  const events = createEvents<TailEvents>('tail', TAIL_EVENTS);
  logTail(events, logger, createNotices(logger));
  let status: TailStatus = { state: 'idle' };
  let seen: bigint | undefined;
  let seenOn: number | undefined;
  let notedOn: number | undefined;
  const dueMs = timeoutMs + 2 * intervalMs;

  const tick = async (): Promise<void> => {
    const { primary } = router.topology();
    if (primary === undefined || router.explain('write').action !== 'run') {
      status = { state: 'idle' };
      return;
    }
    const { timeline } = primary.epoch;
    if (timeline !== seenOn) seen = undefined;
    seenOn = timeline;
    const names = Object.entries(standbys).flatMap(([node, name]) => (node === primary.node ? [] : [name]));
    const done = await router.transaction(async (tx): Promise<Ticked> => {
      await tx.query(TIME_LIMIT, [String(timeoutMs)]);
      const look = [names, maxHeldBytes, dueMs];
      const row = (await tx.query<LookRow & Record<string, unknown>>(LOOK, look)).rows[0] as LookRow;
      const facts = readFacts(row);
      const decision = decideTick(facts, { timeline, maxHeldBytes, seen });
      const notesLimits = notedOn !== timeline;
      return runTick(tx, { facts, decision, timeline, names, maxHeldBytes, dueMs, notesLimits });
    });
    if (done.facts.hasLock) notedOn = timeline;
    seen = done.at === undefined ? done.facts.slot?.confirmed : parseLsn(done.at);
    take(done, timeline);
    if (done.status === undefined) await tick();
  };

  const take = ({ status: next = status, told }: Ticked, timeline: number): void => {
    const isNews = next.state === 'waiting' && (status.state !== 'waiting' || status.why !== next.why);
    status = next;
    for (const [event, payload] of told) events.emit(event, payload as never);
    if (isNews) events.emit('waiting', { timeline, why: next.why as never, missing: next.missing ?? [] });
  };

  const fail = (error: unknown): void => {
    const code = errorCode(error) ?? 'none';
    const isNews = status.state !== 'failed' || status.why !== code;
    status = { state: 'failed', why: code };
    if (isNews) events.emit('failed', { code });
  };

  const poller = createPoller({ run: () => tick().catch(fail), everyMs: () => intervalMs, clock });
  // A new primary has no slot yet.
  const stopListening = router.on('primary', () => poller.wake());
  const close = async (): Promise<void> => {
    stopListening();
    poller.close();
    await poller.settled();
  };
  return {
    status: () => status,
    check: () => healthOf(status),
    close,
    [Symbol.asyncDispose]: close,
    on: (event, listener) => events.on(event, listener),
  };
}
