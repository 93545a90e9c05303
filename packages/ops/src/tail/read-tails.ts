import type { Context, Outcome } from '../command.ts';
import { boolean, nullable, number, object, type Shape, text } from '../doctor/shape.ts';
import { EXIT } from '../exit-codes.ts';
import { type Answer, ask } from '../postgres/ask.ts';
import { shaped } from '../postgres/shaped.ts';

interface TailState {
  readonly inRecovery: boolean;
  readonly isInstalled: boolean;
  readonly slot: string;
  readonly confirmed: string | null;
  readonly heldBytes: number | null;
  readonly isLost: boolean | null;
}

const SHAPE: Shape<TailState> = object({
  inRecovery: boolean,
  isInstalled: boolean,
  slot: text,
  confirmed: nullable(text),
  heldBytes: nullable(number),
  isLost: nullable(boolean),
});

const SQL = `SELECT json_build_object('inRecovery', pg_is_in_recovery(),
  'isInstalled', EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'regionkit' AND p.proname = 'tail_look'), 'slot', name.name,
  'confirmed', s.confirmed_flush_lsn::text,
  'heldBytes', CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn) END,
  'isLost', s.wal_status = 'lost' OR to_jsonb(s)->>'invalidation_reason' IS NOT NULL) AS facts
FROM (SELECT 'regionkit_tail_' || oid AS name FROM pg_database WHERE datname = current_database()) name
LEFT JOIN pg_replication_slots s ON s.slot_name = name.name`;

const TIMEOUT_MS = 5_000;

/** The slot of every server that takes writes: of the primary, and of an old one that has lost writes in it. */
export async function readTails({ emit, signal, config }: Context): Promise<Outcome> {
  const { nodes } = await config();
  const answers = await Promise.all(nodes.map(async ({ id, url }) => ({ id, answer: await stateOf(url, signal) })));
  signal.throwIfAborted();
  let writers = 0;
  let faults = 0;
  let silent = 0;
  for (const { id, answer } of answers) {
    if (!answer.ok) {
      silent += 1;
      emit({ type: 'step', name: 'tail', where: id, state: 'unknown', evidence: `it does not answer (${answer.why})` });
    } else if (!answer.value.inRecovery) {
      writers += 1;
      const { slot, confirmed, heldBytes } = answer.value;
      const fault = faultOf(answer.value);
      if (fault !== undefined) faults += 1;
      const says = fault ?? `${slot} is at ${confirmed} and holds ${heldBytes ?? 0} bytes of WAL`;
      emit({ type: 'step', name: 'tail', where: id, state: fault === undefined ? 'done' : 'failed', evidence: says });
    }
  }
  if (faults > 0) return { exit: EXIT.fault, summary: 'Lost writes would not be found by a slot.' };
  if (writers === 0 || silent > 0) return { exit: EXIT.unknown, summary: 'Not every server could be examined.' };
  return { exit: EXIT.ok, summary: 'Lost writes would be found by the slot.' };
}

/** Pure. */
function faultOf({ isInstalled, slot, confirmed, isLost }: TailState): string | undefined {
  if (isLost === true) return `${slot} has lost its WAL`;
  if (confirmed !== null) return undefined;
  return isInstalled
    ? `there is no slot ${slot}: does a keeper run?`
    : `there is no slot ${slot}, and the functions of a keeper are missing: regionkit tail install`;
}

async function stateOf(url: string, signal: AbortSignal): Promise<Answer<TailState>> {
  const answer = await ask({ url, timeoutMs: TIMEOUT_MS, signal }, async (client) => {
    const { rows } = await client.query<{ facts: unknown }>(SQL);
    return rows[0]?.facts;
  });
  return shaped(answer, SHAPE);
}
