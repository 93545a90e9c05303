import type { OperationEntry } from '../history/entries.ts';
import type { Random } from '../random.ts';
import { REGIONS } from '../regions.ts';
import type { Plan, Step } from './plan.ts';

type Write = Required<Pick<Step, 'key' | 'once'>>;

/** A list that grows without end would make every read dearer than the one before. */
const WRITES_PER_LIST = 25;
/** How many of its keys a client may send again long after. */
const RECENT = 40;
const MAX_TRIES = 20;
const RETRY_MS = 150;

/**
 * A client whose writes have a key. It sends one again until it has an answer, and now and then long after. It does not always
 * wait for the answer.
 */
export function createLedgerPlan(client: string, random: Random): Plan {
  let steps = 0;
  let keys = 0;
  let open: Write | undefined;
  let tries = 0;
  const sent: Write[] = [];

  const begin = (): Write => {
    keys += 1;
    const write = { key: `list/${client}/${Math.floor(keys / WRITES_PER_LIST)}`, once: `${client}/${keys}` };
    sent.unshift(write);
    sent.length = Math.min(sent.length, RECENT);
    return write;
  };

  return {
    next: (at) => {
      steps += 1;
      const wanders = random.chance(0.2);
      const elsewhere = random.pick(REGIONS);
      const looks = random.chance(0.2);
      const repeats = random.chance(0.3);
      const which = random.integer(RECENT);
      const leaves = random.chance(0.15);
      const patienceMs = 1 + random.integer(40);
      const dawdles = random.chance(0.3);
      const thinkMs = 5 + random.integer(60);
      const region = wanders ? elsewhere : at;
      const [last] = sent;
      if (open === undefined && looks && last !== undefined) {
        return { kind: 'list', key: last.key, region, thinkMs, pauseMs: 0, waitMs: 0 };
      }
      const again = open === undefined && repeats ? sent[which % Math.max(1, sent.length)] : undefined;
      if (again === undefined) open ??= begin();
      return {
        kind: 'once',
        ...(again ?? (open as Write)),
        region,
        thinkMs,
        pauseMs: dawdles ? 4 * thinkMs : 0,
        waitMs: tries > 0 ? RETRY_MS : 0,
        ...(leaves && { patienceMs }),
      };
    },
    heard: ({ once, outcome }: OperationEntry) => {
      if (open === undefined || once !== open.once) return;
      tries += 1;
      if (outcome !== 'ok' && tries < MAX_TRIES) return;
      open = undefined;
      tries = 0;
    },
    flee: (from) => REGIONS[(REGIONS.indexOf(from) + 1 + (steps % 2)) % REGIONS.length] as (typeof REGIONS)[number],
  };
}
