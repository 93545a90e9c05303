import type { Context, Outcome } from '../command.ts';
import type { NodeTarget } from '../config/check-config.ts';
import { OpsError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { Unreachable } from '../postgres/ask.ts';

import { salvageByRows } from './by-rows.ts';
import { salvageBySlot } from './by-slot.ts';
import { readSlot, slotNameOf, whyUnusable } from './decode/slot.ts';
import { emitFailure, failureOf } from './failure.ts';
import { findRedacted } from './find-redacted.ts';
import { checkLedger } from './ledger/check-ledger.ts';
import type { SalvageOptions } from './options.ts';
import { createOutDirectory } from './output/out-directory.ts';
import { ANSWERS_NAME, readRedaction } from './output/redaction.ts';
import type { Summary } from './output/summary.ts';
import { readFirstCheckpoint, readHighestXidBefore, settleFirstXid, settleFork } from './servers/boundary.ts';
import { findRecorded, readRecorded } from './servers/recorded.ts';
import { readServerFacts } from './servers/server-facts.ts';
import type { Servers } from './servers/servers.ts';
import { openSession, type Session } from './servers/session.ts';
import { forkOf, readAncestors } from './servers/timeline-history.ts';
import { whyRefused } from './servers/why-refused.ts';
import { createTables } from './tables/table.ts';
import { tellRun } from './tell-run.ts';

const CONNECT_MS = 10_000;

/** Connects, checks that these two can be compared, and lists what the one has and the other lacks. */
export async function runSalvage(context: Context, options: SalvageOptions): Promise<Outcome> {
  const { signal } = context;
  const open = (node: NodeTarget) => openSession({ url: node.url, timeoutMs: CONNECT_MS, signal });
  const [old, now] = await Promise.all([open(options.old), open(options.now)]);
  try {
    signal.throwIfAborted();
    if (!old.ok) return unreachable(context, options.old, old.why);
    if (!now.ok) return unreachable(context, options.now, now.why);
    return await compare(context, options, old.value, now.value);
  } catch (error) {
    const failure = signal.aborted || error instanceof OpsError ? undefined : failureOf(error);
    if (failure === undefined) throw error;
    emitFailure(context.emit, options.old.id, failure);
    return { exit: EXIT.unknown, summary: `Not finished: ${failure.evidence} Nothing was written.` };
  } finally {
    for (const one of [old, now]) if (one.ok) await one.value[Symbol.asyncDispose]();
  }
}

function unreachable({ emit }: Context, { id }: NodeTarget, why: Unreachable): Outcome {
  emit({
    type: 'finding',
    id: 'unreachable',
    level: 'unknown',
    where: id,
    evidence: `${id} did not answer: ${why}.`,
    fix: 'Start it cut off from the app (regionkit fence), with its own data directory, and salvage again.',
  });
  return { exit: EXIT.unknown, summary: `${id} cannot be read (${why}). Nothing was written.` };
}

async function compare(context: Context, options: SalvageOptions, old: Session, now: Session): Promise<Outcome> {
  const { emit } = context;
  const [oldFacts, newFacts] = await Promise.all([readServerFacts(old), readServerFacts(now)]);
  const [oldAncestors, newAncestors] = [await readAncestors(old, oldFacts), await readAncestors(now, newFacts)];
  const isOther = options.run?.system !== undefined && options.run.system !== oldFacts.system;
  const refused = isOther
    ? 'the run file of --run is of another database cluster than --old'
    : whyRefused(oldFacts, newFacts, oldAncestors);
  if (refused !== undefined) return refuse(context, options, refused);
  const history =
    oldAncestors === undefined || newAncestors === undefined
      ? undefined
      : forkOf({ ...oldFacts, ancestors: oldAncestors }, { ...newFacts, ancestors: newAncestors });
  const recorded = findRecorded(
    await readRecorded(now),
    { timeline: oldFacts.timeline, ancestors: oldAncestors },
    { timeline: newFacts.timeline, ancestors: newAncestors },
  );
  const columns = options.redaction.columns;
  const ledgerAnswers = options.ledger === 'answers';
  const { names, trusted } = await findRedacted([old, now], columns, ledgerAnswers ? [] : [ANSWERS_NAME]);
  const redaction = readRedaction(columns, { ledgerAnswers, found: names, trusted });
  const given = { ...options, recorded, redaction };
  const fork = settleFork(given, history);
  if (options.ledger !== 'none') await checkLedger(old);
  const checkpoint = await readFirstCheckpoint(now, fork);
  const [tableOfOld, tableOfNew] = [createTables(old), createTables(now)];
  const servers: Servers = { old, now, tableOfOld, tableOfNew, oldFacts, newFacts, fork, checkpoint, recorded };
  const name = options.slot ?? slotNameOf(oldFacts);
  const slot = await readSlot(old, name, oldFacts.nextXid);
  const unusable = whyUnusable(slot, name, oldFacts.database, fork);
  if (unusable !== undefined && (slot?.isActive === true || options.slot !== undefined)) {
    return refuse(context, options, unusable);
  }
  // A slot shows more than the WAL: by-slot settles it by that.
  const shared = unusable === undefined ? [] : [await readHighestXidBefore(old, fork, oldFacts.nextXid)];
  const firstXid = settleFirstXid(given, { shared, checkpoint, next: newFacts.nextXid });
  if (unusable !== undefined && firstXid.low === 0n) {
    return refuse(
      context,
      options,
      `${unusable}, and the first transaction after the fork is not known. Name the run file (--run) or the number (--first-xid)`,
    );
  }
  await using directory = await createOutDirectory(options.out);
  const summary =
    slot === undefined || unusable !== undefined
      ? await salvageByRows({ servers, options: given, firstXid, why: unusable ?? '', directory, emit })
      : await salvageBySlot({ servers, options: given, slot, directory, emit });
  await directory.publish();
  const outcome = outcomeOf(summary, options);
  await tellRun(context, options, outcome);
  return outcome;
}

function refuse({ emit }: Context, { old }: SalvageOptions, why: string): Outcome {
  emit({
    type: 'finding',
    id: 'salvage-refused',
    level: 'fault',
    where: old.id,
    evidence: `${why[0]?.toUpperCase()}${why.slice(1)}.`,
    fix: 'Check which server is the current primary (regionkit status), and name both servers.',
  });
  return { exit: EXIT.refused, summary: `Refused: ${why}. Nothing was written.` };
}

/** What the run ends with. Pure. */
function outcomeOf({ lost, completeness }: Summary, { out }: Pick<SalvageOptions, 'out'>): Outcome {
  const what = lost.transactions === 0 ? 'No transaction was lost' : `${lost.transactions} transactions were lost`;
  const where = `The list is in ${out}.`;
  if (!completeness.isComplete) {
    return { exit: EXIT.unknown, summary: `${what}; the list may be incomplete: ${completeness.reasons[0]} ${where}` };
  }
  return { exit: lost.transactions === 0 ? EXIT.ok : EXIT.lost, summary: `${what}. The list is complete. ${where}` };
}
