import type { Epoch } from '@regionkit/core';
import type { Facts } from './facts.ts';
import { madeUpOwner, regionOf, type Writer } from './writer.ts';

const MAX_WRITERS = 64;
const MAX_NAMES = 16;

/**
 * Returns `facts` with a new writer; the same object if it is no news.
 *
 * @param measuredAtMs when one of our own nodes was probed and reported it. Undefined for reports of others
 */
export function learnWriter(facts: Facts, epoch: Epoch, atMs: number, measuredAtMs?: number): Facts {
  if (epoch.owner === '') return facts;
  const known = facts.writers.find(
    ({ system, timeline, server }) =>
      server !== '' && server === epoch.server && timeline === epoch.timeline && system === epoch.system,
  );
  if (known === undefined) return addWriter(facts, epoch, atMs, measuredAtMs);
  const isNamed = known.names.includes(epoch.owner) || known.names.length >= MAX_NAMES;
  if (isNamed && measuredAtMs === undefined) return mergeNamesakes(facts, known, epoch, measuredAtMs);
  const told: Writer = {
    ...known,
    names: isNamed ? known.names : [...known.names, epoch.owner],
    firstMeasuredAtMs: measuredAtMs === undefined ? known.firstMeasuredAtMs : Math.min(known.firstMeasuredAtMs, atMs),
    measuredAtMs: Math.max(known.measuredAtMs, measuredAtMs ?? Number.NEGATIVE_INFINITY),
  };
  const next = { ...facts, writers: facts.writers.map((writer) => (writer === known ? told : writer)) };
  const merged = mergeNamesakes(splitCoexisting(next, told), told, epoch, measuredAtMs);
  return isNamed ? merged : renameToFirst(merged, told, epoch);
}

/** A new server. If its name is known, it counts as restarted, until the earlier one is seen again. */
function addWriter(
  facts: Facts,
  { system, timeline, owner, server = '' }: Epoch,
  atMs: number,
  measuredAtMs?: number,
): Facts {
  const { writers } = facts;
  const before = writers.findLast(
    (writer) => writer.timeline === timeline && writer.system === system && writer.names.includes(owner),
  );
  if (before !== undefined && server === '') return facts;
  const added: Writer = {
    system,
    timeline,
    server,
    names: before?.server === '' ? before.names : [owner],
    owner: before?.owner ?? owner,
    firstMeasuredAtMs: measuredAtMs === undefined ? Number.POSITIVE_INFINITY : atMs,
    measuredAtMs: measuredAtMs ?? Number.NEGATIVE_INFINITY,
  };
  const others = before?.server === '' ? writers.filter((writer) => writer !== before) : writers;
  return { ...facts, writers: [...others, added].slice(-MAX_WRITERS) };
}

/**
 * Two owners are one if the name of one leads to the server of the other, and nothing shows that both servers live: the
 * older one was never seen after the younger. Only our own nodes, or the region of both, can decide this.
 */
function mergeNamesakes(facts: Facts, writer: Writer, { owner: name }: Epoch, measuredAtMs?: number): Facts {
  let next = facts;
  for (const other of facts.writers) {
    if (other.owner === writer.owner || !isSameTimeline(other, writer) || !other.names.includes(name)) continue;
    const wasMeasured = measuredAtMs !== undefined && Number.isFinite(other.measuredAtMs);
    const isOneRegion = regionOf(other.owner) === regionOf(writer.owner);
    if (other.server !== '' && (coexisted(other, writer) || !(wasMeasured || isOneRegion))) continue;
    const kept = firstOf(facts, writer, writer.owner, other.owner);
    next = rename(next, writer, kept === writer.owner ? other.owner : writer.owner, kept);
    if (other.server !== '') continue;
    next = { ...next, writers: next.writers.filter(({ server, names }) => server !== '' || names !== other.names) };
  }
  return next;
}

/**
 * The older of two servers was seen after the younger. Only our own probes have an order. Reports of others may be
 * about an earlier life.
 */
function coexisted(one: Writer, other: Writer): boolean {
  const [older, younger] = one.firstMeasuredAtMs <= other.firstMeasuredAtMs ? [one, other] : [other, one];
  return older.measuredAtMs >= younger.firstMeasuredAtMs;
}

/** Two servers that counted as one restarted server are two. The younger one gets its own name. */
function splitCoexisting(facts: Facts, seen: Writer): Facts {
  const twin = facts.writers.find(
    (writer) =>
      writer !== seen && writer.owner === seen.owner && isSameTimeline(writer, seen) && coexisted(writer, seen),
  );
  if (twin === undefined) return facts;
  const younger = twin.firstMeasuredAtMs > seen.firstMeasuredAtMs ? twin : seen;
  const name = younger.names.find((known) => known !== younger.owner);
  const owner = name ?? madeUpOwner(younger.owner, younger.server);
  const owned = { ...younger, owner, names: [owner] };
  const { system, timeline } = younger;
  const owners = [{ system, timeline, owner, server: younger.server }, ...facts.owners];
  return {
    ...facts,
    owners,
    tops: facts.tops.map((top) =>
      top.system === system && top.timeline === timeline ? { ...top, owners: [...top.owners, owner].sort() } : top,
    ),
    writers: facts.writers.map((writer) => (writer === younger ? owned : writer)),
  };
}

function isSameTimeline(one: Pick<Writer, 'system' | 'timeline'>, other: Pick<Writer, 'system' | 'timeline'>): boolean {
  return one.timeline === other.timeline && one.system === other.system;
}

/** The name of the first pool stands for all, so that processes agree on it. */
function renameToFirst(facts: Facts, writer: Writer, { owner: name }: Epoch): Facts {
  const { owner } = facts.writers.find(({ server }) => server === writer.server && server !== '') ?? writer;
  // A void epoch stays void under any name.
  const isVoid = facts.voided.some((known) => known.owner === owner && isSameTimeline(known, writer));
  const isOther = facts.writers.some((other) => other.owner === name && isSameTimeline(other, writer));
  return isVoid || isOther || firstOf(facts, writer, owner, name) === owner
    ? facts
    : rename(facts, writer, owner, name);
}

/**
 * A name that was declared void comes last. Otherwise the order of the pools counts, which is the same in every
 * process.
 */
function firstOf(facts: Facts, { system, timeline }: Writer, one: string, other: string): string {
  const isVoid = (name: string): number =>
    Number(
      facts.voided.some((known) => known.owner === name && known.timeline === timeline && known.system === system),
    );
  const placeOf = (name: string): number => {
    const place = facts.nodes.findIndex(({ id }) => id === name);
    return place < 0 ? facts.nodes.length : place;
  };
  const order = isVoid(one) - isVoid(other) || placeOf(one) - placeOf(other) || (one < other ? -1 : 1);
  return order < 0 ? one : other;
}

function rename(facts: Facts, { system, timeline }: Writer, from: string, to: string): Facts {
  const key = (owner: string): string => `${system}/${timeline}/${owner}`;
  const isHere = (known: { readonly system: string; readonly timeline: number }): boolean =>
    known.system === system && known.timeline === timeline;
  const renamed = facts.owners.map((epoch) =>
    isHere(epoch) && epoch.owner === from ? { ...epoch, owner: to } : epoch,
  );
  return {
    ...facts,
    writers: facts.writers.map((writer) =>
      isHere(writer) && writer.owner === from ? { ...writer, owner: to } : writer,
    ),
    tops: facts.tops.map((top) =>
      isHere(top) && top.owners.includes(from)
        ? { ...top, owners: [...new Set(top.owners.map((owner) => (owner === from ? to : owner)))].sort() }
        : top,
    ),
    owners: renamed.filter(
      (epoch, index) =>
        !isHere(epoch) || renamed.findIndex((first) => isHere(first) && first.owner === epoch.owner) === index,
    ),
    samples: facts.samples.epoch === key(from) ? { ...facts.samples, epoch: key(to) } : facts.samples,
  };
}
