import { duration } from './duration.ts';
import type { DoorSilence, Fleet, ProcessState } from './fleet.ts';
import { isStandby, nodesOf, type SeenNode, silenceOf, speaking } from './nodes.ts';

/** The state in one sentence. */
export interface Sentence {
  readonly text: string;
  /** The same without numbers that change all the time: for people who have it read to them. */
  readonly announcement: string;
  readonly level: 'good' | 'warning' | 'bad' | 'unknown';
}

/** A standby with less lag is up to date for a reader of the sentence. */
const UP_TO_DATE_MS = 250;

/** Why a process sends no writes, in words. */
const WITHOUT_PRIMARY: Readonly<Record<string, string>> = {
  'no-primary': 'no server is known to be the primary',
  unconfirmed: 'the primary is not confirmed yet',
  'twin-primaries': 'two servers write one timeline; an operator must decide',
  'epoch-regressed': 'every server is on an older timeline than the highest known one; an operator must decide',
  'foreign-system': 'the servers belong to another database',
  'read-only': 'the primary refuses writes',
  'stale-view': 'what the processes know is too old',
};

const SILENCE: Readonly<Record<DoorSilence, string>> = {
  'not-asked': 'is being asked',
  'wrong-token': 'refuses the token',
  'no-door': 'is not at this address',
  full: 'has too many listeners',
  refused: 'cannot be reached',
  'timed-out': 'does not answer',
  'no-such-host': 'has a name that does not resolve',
  tls: 'has a certificate that is not valid',
  lost: 'was lost',
};

/** Why the door of a region gives nothing, in words. */
export const silence = (why: DoorSilence): string => SILENCE[why];

/** Says what the fleet is doing. Pure. */
export function sentence(fleet: Fleet): Sentence {
  const processes = speaking(fleet);
  const doors = fleet.regions.flatMap((region) => {
    const why = silenceOf(region);
    return why === undefined ? [] : [`the operator door of ${region.name} ${silence(why)}`];
  });
  if (processes.length === 0) {
    const text = end(['No process tells what it knows', ...doors]);
    return { text, announcement: text, level: 'unknown' };
  }
  const { level, parts } = writes(processes);
  const primary = processes.find((process) => process.primary !== undefined)?.primary?.region;
  const nodes = nodesOf(fleet);
  const said = (lag: (ms: number) => string): string =>
    end([...parts, ...others(fleet, nodes, primary, lag), ...doors]);
  const isBehind = nodes.some(({ state }) => state === 'stale' || state === 'unreachable' || state === 'old-timeline');
  return {
    text: said((ms) => `is ${duration(ms)} behind`),
    announcement: said(() => 'is behind'),
    level: level === 'good' && (doors.length > 0 || isBehind) ? 'warning' : level,
  };
}

function writes(processes: readonly ProcessState[]): Pick<Sentence, 'level'> & { readonly parts: readonly string[] } {
  const known = groups(
    processes.filter(({ primary }) => primary !== undefined),
    ({ primary }) => `${primary?.region} on timeline ${primary?.timeline}`,
  );
  const without = processes.filter(({ primary, state }) => primary === undefined || state !== 'ready');
  const waiting = processes.reduce((sum, { holding }) => sum + holding, 0);
  const wait = waiting > 0 ? [`${waiting} ${waiting === 1 ? 'write waits' : 'writes wait'}`] : [];
  const [reason = 'no-primary'] = without.map(({ state }) => state);
  const [first, second] = known;
  if (first === undefined) {
    return { level: 'bad', parts: [`No region takes writes: ${wordOf(WITHOUT_PRIMARY, reason, reason)}`, ...wait] };
  }
  if (second !== undefined) {
    const each = known.map(([primary, of]) => `${of.length} ${of.length === 1 ? 'knows' : 'know'} ${primary}`);
    return { level: 'bad', parts: [`The processes do not agree on the primary: ${each.join(', ')}`, ...wait] };
  }
  const region = first[1][0]?.primary?.region ?? '';
  const paused = processes.flatMap(({ pause }) => (pause === undefined ? [] : [pause]));
  if (paused.length > 0) {
    const underWay = paused.reduce((sum, pause) => sum + pause.underWay, 0);
    const leftMs = Math.max(...paused.map((pause) => pause.leftMs));
    return {
      level: 'warning',
      parts: [
        `New writes to ${region} are paused`,
        `${paused.length} of ${processes.length} processes hold them for at most ${Math.ceil(leftMs / 1_000)} s more`,
        `${underWay} under way`,
        ...wait,
      ],
    };
  }
  if (without.length === 0) return { level: 'good', parts: [`${region} takes writes`, ...wait] };
  return {
    level: 'warning',
    parts: [
      `${region} takes writes`,
      `${without.length} of ${processes.length} processes send none: ${wordOf(WITHOUT_PRIMARY, reason, reason)}`,
      ...wait,
    ],
  };
}

/** A part for each region that does not take the writes. */
function others(
  { regions }: Fleet,
  nodes: readonly SeenNode[],
  primary: string | undefined,
  lag: (ms: number) => string,
): readonly string[] {
  const said = regions
    .filter(({ name }) => name !== primary)
    .map(
      ({ name }) =>
        [
          name,
          ofRegion(
            nodes.filter(({ region }) => region === name),
            lag,
          ),
        ] as const,
    );
  return groups(said, ([, says]) => says).flatMap(([says, of]) =>
    says === '' ? [] : [`${of.map(([name]) => name).join(' and ')} ${of.length > 1 ? plural(says) : says}`],
  );
}

/** What a region does that takes no writes, by the best of its nodes. */
function ofRegion(nodes: readonly SeenNode[], lag: (ms: number) => string): string {
  const standbys = nodes.filter(isStandby);
  const [best] = standbys.toSorted((left, right) => (left.lagMs ?? Infinity) - (right.lagMs ?? Infinity));
  if (best === undefined) {
    const [state] = nodes.map((node) => node.state);
    return state === undefined || state === 'primary' ? '' : wordOf(STATES, state, `is ${state}`);
  }
  if (best.lagMs === undefined)
    return best.state === 'replica' ? 'follows with an unknown lag' : 'is behind by an unknown time';
  return best.lagMs < UP_TO_DATE_MS && best.state !== 'old-timeline' ? 'is up to date' : lag(best.lagMs);
}

const STATES: Readonly<Record<string, string>> = {
  unknown: 'is not known yet',
  unreachable: 'is unreachable',
  fenced: 'is fenced',
  twin: 'is a second primary',
  candidate: 'is not confirmed yet',
  foreign: 'is another database',
  'read-only': 'refuses writes',
};

/** A process may name a state after a member of every object. */
const wordOf = (words: Readonly<Record<string, string>>, key: string, other: string): string =>
  Object.hasOwn(words, key) ? (words[key] as string) : other;

/** What is equal by `key`, together, in the order of the first one. */
function groups<T>(list: readonly T[], key: (one: T) => string): readonly (readonly [key: string, of: readonly T[]])[] {
  const found = new Map<string, T[]>();
  for (const one of list) found.set(key(one), [...(found.get(key(one)) ?? []), one]);
  return [...found];
}

const PLURAL: Readonly<Record<string, string>> = { is: 'are', follows: 'follow', refuses: 'refuse' };

const plural = (says: string): string => says.replace(/^\w+/, (verb) => wordOf(PLURAL, verb, verb));

const end = (parts: readonly string[]): string => `${parts.join('; ')}.`;
