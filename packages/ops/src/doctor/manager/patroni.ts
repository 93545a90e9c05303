import { type Look, look } from '../front/request.ts';
import { list, members, readJson, ShapeError, text } from '../shape.ts';

/** Options of Patroni's dynamic configuration that destroy what an old primary alone has. */
const DESTRUCTIVE = [
  'use_pg_rewind',
  'remove_data_directory_on_rewind_failure',
  'remove_data_directory_on_diverged_timelines',
] as const;

/** What Patroni's REST API says: https://patroni.readthedocs.io/en/latest/rest_api.html#config-endpoint */
export interface PatroniFacts {
  /** Those of {@link DESTRUCTIVE} that are on. */
  readonly destructive: readonly string[];
  /** Whether it is paused: it changes no server by itself. https://patroni.readthedocs.io/en/latest/pause.html */
  readonly paused: boolean;
  /** `ignore_slots`: the slots that it does not drop. A slot must have all that a matcher names. */
  readonly ignoredSlots: readonly Readonly<Partial<Record<SlotMember, string>>>[];
}

const SLOT_MEMBERS = ['name', 'type', 'database', 'plugin'] as const;
type SlotMember = (typeof SLOT_MEMBERS)[number];

/** Whether Patroni leaves a slot alone that is not its own. Pure. */
export const ignoresSlot = ({ ignoredSlots }: PatroniFacts, slot: Readonly<Record<SlotMember, string>>): boolean =>
  ignoredSlots.some((matcher) => SLOT_MEMBERS.every((member) => (matcher[member] ?? slot[member]) === slot[member]));

export interface ExaminedPatroni {
  readonly region: string;
  readonly facts: Look<PatroniFacts>;
}

const READ_BYTES = 262_144;

/** Reads the dynamic configuration. Never rejects. */
export async function readPatroni(url: string, timeoutMs: number, signal: AbortSignal): Promise<Look<PatroniFacts>> {
  const seen = await look({ url: new URL('/config', url).href, timeoutMs, signal, readBytes: READ_BYTES });
  if (!seen.ok) return seen;
  const { status, body } = seen.value;
  const facts = status === 200 ? readJson(readFacts, body) : undefined;
  return facts === undefined ? { ok: false, why: 'failed' } : { ok: true, value: facts };
}

function readFacts(given: unknown): PatroniFacts {
  const { postgresql = {}, ignore_slots: ignored, pause } = members(given);
  const options = members(postgresql);
  return {
    destructive: DESTRUCTIVE.filter((option) => isOn(options[option])),
    paused: isOn(pause),
    ignoredSlots: ignored === undefined || ignored === null ? [] : list(readMatcher)(ignored),
  };
}

function readMatcher(given: unknown): PatroniFacts['ignoredSlots'][number] {
  const from = members(given);
  return Object.fromEntries(
    SLOT_MEMBERS.flatMap((member) => {
      const value = from[member];
      return value === undefined || value === null || value === '' ? [] : [[member, text(value)]];
    }),
  );
}

/** YAML writes a boolean in many ways. What is no boolean in any of them is refused: it may mean that the option is on. */
function isOn(value: unknown = null): boolean {
  if (value === null || typeof value === 'boolean') return value === true;
  if (typeof value !== 'string' && typeof value !== 'number') throw new ShapeError('not a boolean');
  return /^(on|true|yes|1)$/i.test(String(value));
}
