import { formatLsn } from '../history/lsn.ts';
import type { Transaction } from '../statements/open-transaction.ts';
import type { TailWait, Tick } from './decide-tick.ts';
import type { TailEvents } from './events.ts';
import { ADVANCE, CREATE, DROP, FORK, NOTE_DROPPED, NOTE_LIMITS, NOTE_NOT_DROPPED, NOTE_PROMOTION } from './sql.ts';
import type { TailFacts } from './tail-facts.ts';
import type { TailStatus } from './tail-status.ts';

type Told = { readonly [E in keyof TailEvents]: readonly [E, TailEvents[E]] }[keyof TailEvents];

/** What a tick did. */
export interface Ticked {
  readonly facts: TailFacts;
  /** Undefined: tick again at once. */
  readonly status: TailStatus | undefined;
  /** Where the slot is now, if it was made or moved. */
  readonly at: string | undefined;
  readonly told: readonly Told[];
}

interface Plan {
  readonly facts: TailFacts;
  readonly decision: Tick;
  readonly timeline: number;
  readonly names: readonly string[];
  readonly maxHeldBytes: number;
  /** Within which time the next tick comes. */
  readonly dueMs: number;
  /** Whether to record the limits if others are recorded: once for each process, or two that differ would never stop. */
  readonly notesLimits: boolean;
}

/** Does what was decided, in the transaction that has the lock. The functions of the server check all of it again. */
export async function runTick(tx: Transaction, plan: Plan): Promise<Ticked> {
  const { facts, timeline, notesLimits, maxHeldBytes, dueMs } = plan;
  const told: Told[] = [];
  const { promotion } = facts;
  // A slot waits for every open transaction, perhaps longer than the tick may last. The promotion is recorded before it.
  const isSlotLater = plan.decision.action === 'create' && promotion !== undefined;
  const { at, status } = isSlotLater ? {} : await act(tx, plan, told);
  if (!facts.hasLock || facts.timeline !== timeline) return { facts, at, status, told };
  // After the slot was made: that needs a transaction that has written nothing.
  if (notesLimits && facts.hasOtherLimits) await tx.query(NOTE_LIMITS, [timeline, maxHeldBytes, dueMs]);
  if (promotion !== undefined) {
    const { firstXid, redo } = promotion;
    const [history] = (await tx.query<{ fork: string | null }>(FORK, [timeline])).rows;
    const fork = history?.fork ?? promotion.fork;
    await tx.query(NOTE_PROMOTION, [timeline, fork ?? null, firstXid, redo]);
    told.push(['promotion', { timeline, fork, firstXid }]);
  }
  return { facts, at, status, told };
}

async function act(
  tx: Transaction,
  { facts, decision, timeline, names, maxHeldBytes }: Plan,
  told: Told[],
): Promise<{ readonly at: Ticked['at']; readonly status: TailStatus }> {
  const { slot, missing } = facts;
  const held = slot === undefined ? {} : { heldBytes: slot.heldBytes };
  const waits = (why: TailWait): TailStatus => ({ state: 'waiting', why, timeline, missing, ...held });
  const moved = async (text: string, values: unknown[]): Promise<string | undefined> =>
    (await tx.query<{ at: string | null }>(text, values)).rows[0]?.at ?? undefined;
  const keeping: TailStatus = { state: 'keeping', timeline, missing, ...held };

  switch (decision.action) {
    case 'create': {
      const at = await moved(CREATE, [timeline]);
      if (at === undefined) return { at, status: waits('not-primary') };
      if (facts.wasDropped) await tx.query(NOTE_NOT_DROPPED, [timeline]);
      told.push(['created', { timeline }]);
      return { at, status: { ...keeping, heldBytes: 0 } };
    }
    case 'advance': {
      const at = await moved(ADVANCE, [timeline, names, formatLsn(decision.to)]);
      if (at !== undefined) told.push(['advanced', { timeline, to: at }]);
      return { at, status: keeping };
    }
    case 'drop': {
      // Recorded first: a slot that is dropped cannot be rolled back.
      await tx.query(NOTE_DROPPED, [timeline]);
      const { rows } = await tx.query<{ done: boolean }>(DROP, [timeline, maxHeldBytes]);
      if (rows[0]?.done !== true) {
        // The server has checked again, and the slot is still there: what was recorded is not so.
        await tx.query(NOTE_NOT_DROPPED, [timeline]);
        return { at: undefined, status: keeping };
      }
      told.push(['dropped', { timeline, why: decision.why, heldBytes: slot?.heldBytes ?? 0 }]);
      return { at: undefined, status: { state: 'dropped', why: decision.why, timeline, missing } };
    }
    case 'wait':
      if (slot === undefined && facts.wasDropped && decision.why === 'standby-missing') {
        return { at: undefined, status: { state: 'dropped', why: decision.why, timeline, missing } };
      }
      return { at: undefined, status: waits(decision.why) };
    case 'skip':
      return { at: undefined, status: keeping };
  }
}
