import { duration } from './duration.ts';
import { list, type Members, members, number, text } from './members.ts';

const MAX = 240;
const time = (value: unknown): string => duration(number(value) ?? 0);
const timeline = (epoch: unknown): string => String(number(members(epoch)['timeline']) ?? '?');
const owner = (epoch: unknown): string => text(members(epoch)['owner']);
/** Who writes it is not always known. */
const named = (epoch: unknown): string => {
  const by = owner(epoch);
  return by === '' ? `timeline ${timeline(epoch)}` : `timeline ${timeline(epoch)} of ${by}`;
};

/** What an event says, by its name. */
const SAYS: Readonly<Record<string, (payload: Members) => string>> = {
  primary: ({ region, epoch, missingForMs }) =>
    `${text(region)} takes writes, timeline ${timeline(epoch)}, after ${time(missingForMs)} without a primary`,
  'primary-lost': ({ state }) => `there is no primary: ${text(state)}`,
  node: ({ node, from, to }) => `${text(node)} was ${text(from)} and is ${text(to)}`,
  'probe-failed': ({ node, code }) => `${text(node)} could not be probed: ${text(code)}`,
  fenced: ({ node, by }) => `${text(node)} is fenced: timeline ${timeline(by)} is newer`,
  'twin-primaries': ({ timeline, owners }) =>
    `two servers write timeline ${number(timeline) ?? '?'}: ${names(owners).join(', ')}`,
  'epoch-regressed': ({ from, to }) => `every server is on timeline ${timeline(to)}, and ${timeline(from)} is known`,
  unconfirmed: ({ epoch }) => `${named(epoch)} is written and not confirmed yet`,
  epoch: ({ epoch, from }) => `${named(epoch)} became known from a ${text(from)}`,
  'epoch-reset': ({ voided, reason }) => `an operator declared ${named(voided)} void: ${text(reason, MAX)}`,
  'epoch-void': ({ epochs, state }) => `a void of ${list(epochs, 4).map(named).join(', ')} was ${text(state)}`,
  hold: ({ waiting }) => `writes wait for a primary, ${number(waiting) ?? '?'} at once`,
  'hold-ended': ({ heldMs, by }) => `waiting writes went on or ended: ${text(by)}, after ${time(heldMs)}`,
  'writes-paused': ({ region, forMs }) => `${text(region)} pauses new writes for ${time(forMs)}`,
  'writes-resumed': ({ by, pausedMs }) => `the pause of writes ended: ${text(by)}, after ${time(pausedMs)}`,
  'outcome-unknown': ({ node }) => `the outcome of a write on ${text(node)} is not known`,
  suspended: () => 'the process was suspended',
  order: ({ action, outcome, reason }) => `an operator ordered ${text(action)}, ${text(outcome)}: ${text(reason, MAX)}`,
  change: ({ reads, writes, accept }) => `reads ${text(reads)}, writes ${text(writes)}, takes traffic: ${text(accept)}`,
};

/** What happened, as one line. An event that is not known shows its members. Pure. */
export function describeEvent(name: string, payload: unknown): string {
  const given = members(payload);
  const says = Object.hasOwn(SAYS, name) ? SAYS[name] : undefined;
  return text(says === undefined ? plain(given) : says(given), MAX);
}

function names(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.slice(0, 4).map((each) => text(each)) : [];
}

function plain(given: Members): string {
  return Object.entries(given)
    .slice(0, 8)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${text(name, 40)} ${text(String(value), 60)}`)
    .join(', ');
}
