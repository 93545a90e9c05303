import type { Epoch, EpochVoid } from '@regionkit/core';
import {
  type DocumentFacts,
  type Facts,
  type Input,
  type KnownVoid,
  knownEpoch,
  type Rules,
  written,
} from './facts.ts';
import { isVoided, learnEpoch } from './learn.ts';
import { epochOf, madeUpOwner, regionOf } from './writer.ts';

const MAX_VOIDS = 8;
const MAX_TOLD = 4;
/** How many void epochs are remembered. */
export const MAX_VOIDED = 32;

/** The voids that an input contains. */
export function toldVoids(input: Input): readonly EpochVoid[] {
  if (input.type === 'document') return input.voids ?? [];
  return input.type === 'siblings' ? input.siblings.flatMap(({ database }) => database.voids ?? []) : [];
}

/**
 * `voids` after an operator has called `resetEpoch()` in this process. The process reports a void to others only for epochs
 * whose server it knows, because a void that names a running server never covers a later promotion. It also must know which
 * epoch is written now.
 */
export function ownVoid(
  voids: Facts['voids'],
  id: string | undefined,
  voided: readonly Epoch[],
  found: readonly Epoch[],
): Facts['voids'] {
  const epochs = voided.filter(({ server, owner }) => server !== undefined && server !== '' && owner !== '');
  const others = withoutWritten(voids, found);
  if (id === undefined || epochs.length === 0 || found.length === 0) return others;
  return [{ id, epochs: epochs.slice(0, MAX_TOLD), state: 'own' as const }, ...others].slice(0, MAX_VOIDS);
}

/**
 * The void epochs, except those that other processes declared. Those end when their server is seen to write. From the epoch
 * store they would come back without that condition.
 */
export function voidedHere({ voided, voids }: Pick<Facts, 'voided' | 'voids'>): readonly Epoch[] {
  const taken = voids.flatMap(({ epochs, state }) => (state === 'taken' ? epochs : []));
  return voided.filter((known) => !taken.some((epoch) => isOf(epoch, known)));
}

/** An epoch that is written counts: its void has ended, and is no longer reported. */
export function withoutWritten(voids: Facts['voids'], found: readonly Epoch[]): Facts['voids'] {
  const isOver = ({ epochs, state }: KnownVoid): boolean =>
    state !== 'ended' && found.some((epoch) => isVoided({ voided: epochs }, epoch));
  return voids.some(isOver) ? voids.map((known) => (isOver(known) ? { ...known, state: 'ended' } : known)) : voids;
}

/**
 * `facts` after other processes have reported voids. A void is accepted under three conditions. It names a server that wrote
 * the epoch in force, as far as this process knows. Exactly one other server is seen to write, here or by its own region.
 * Nothing shows that the void server is alive. A promotion that did not happen yet can therefore not be void. Otherwise the
 * void waits: it is reported again with each document.
 */
export function takeVoids(facts: Facts, told: readonly EpochVoid[], rules: Rules, atMs: number): Facts {
  let next = facts;
  for (const one of told) {
    if (next.voids.some(({ id }) => id === one.id) || !mayTake(next, one, rules, atMs)) continue;
    next = take(next, one, atMs);
  }
  return next;
}

function mayTake(facts: Facts, { epochs }: EpochVoid, rules: Rules, atMs: number): boolean {
  const system = epochs[0]?.system;
  if (system === undefined || epochs.some((epoch) => epoch.system !== system)) return false;
  if (facts.system !== undefined && facts.system !== system) return false;
  if (!epochs.some((epoch) => isInForce(facts, epoch))) return false;
  const alive = aliveNow(facts, rules, atMs).filter((epoch) => epoch.system === system);
  const isVoid = (epoch: Epoch): boolean => isVoided({ voided: epochs }, epoch);
  const timelines = new Set(alive.map(({ timeline, owner }) => `${timeline} ${owner}`));
  return timelines.size === 1 && !alive.some(isVoid);
}

/** Whether this very server is known to have written what is the highest epoch here. */
function isInForce({ tops, writers }: Facts, epoch: Epoch): boolean {
  const top = tops.find(({ system }) => system === epoch.system);
  if (top === undefined || top.timeline !== epoch.timeline) return false;
  return writers.some((writer) => isOf(writer, epoch) && top.owners.includes(writer.owner));
}

type Server = Pick<Epoch, 'system' | 'timeline' | 'server'>;

function isOf(one: Server, other: Server): boolean {
  return one.system === other.system && one.timeline === other.timeline && one.server === other.server;
}

/** The epochs that are written now: our own nodes show it, or their own region reports it in a document that is still valid. */
function aliveNow(facts: Facts, rules: Rules, atMs: number): readonly Epoch[] {
  const isFresh = ({ observedAtMs }: DocumentFacts): boolean => atMs - observedAtMs <= rules.maxViewAgeMs;
  const claimed = facts.documents.filter(isFresh).flatMap(({ region, primary, measured, measuredEpoch }) => [
    ...(primary === undefined ? [] : [primary.epoch]),
    // Of its own server alone, while that answers: what it saw of others before may be what is void.
    ...(measured && measuredEpoch !== undefined && regionOf(measuredEpoch.owner) === region ? [measuredEpoch] : []),
  ]);
  return [...written(facts), ...claimed.map((epoch) => knownEpoch(facts, epoch))];
}

/** Its server alone: its name may belong to another server by now, and what that one writes is not void. */
function ofServerAlone(epoch: Epoch): Epoch {
  return { ...epoch, owner: madeUpOwner(epoch.owner, epoch.server ?? '') };
}

/** As a reset does it, for these epochs alone. What this process has accepted stays so, and it accepts nothing by this. */
function take(facts: Facts, { id, epochs }: EpochVoid, atMs: number): Facts {
  const isVoid = (epoch: Epoch): boolean => isVoided({ voided: epochs }, epoch);
  const tops = facts.tops.flatMap((top) => {
    const { system, timeline, owners } = top;
    const kept = owners.filter((owner) => !isVoid(epochOf(facts, { system, timeline, owner })));
    if (kept.length > 0) return [kept.length === owners.length ? top : { ...top, owners: kept }];
    return isVoid({ system, timeline, owner: '' }) ? [] : [top];
  });
  const owners = facts.owners.filter((epoch) => !isVoid(epoch));
  const isLeft = (system: string, timeline: number): boolean =>
    !isVoid({ system, timeline, owner: '' }) ||
    owners.some((epoch) => epoch.system === system && epoch.timeline === timeline);
  const state = 'taken' as const;
  let next: Facts = {
    ...facts,
    voided: [...epochs.map(ofServerAlone), ...facts.voided].slice(0, MAX_VOIDED),
    writers: facts.writers.map((writer) => {
      if (!epochs.some((epoch) => isOf(epoch, writer))) return writer;
      const owner = madeUpOwner(writer.owner, writer.server);
      return { ...writer, owner, names: [owner] };
    }),
    voids: withNew(facts.voids, { id, epochs, state }),
    resetAtMs: atMs,
    kept: undefined,
    tops,
    owners,
    forks: facts.forks.filter(({ system, child }) => isLeft(system, child)),
    written: facts.written.filter(({ system, timeline }) => isLeft(system, timeline)),
    samples: { epoch: '', list: [] },
    nodes: facts.nodes.map((node) => ({ ...node, generation: node.generation + 1, fresh: undefined })),
  };
  for (const epoch of written(facts)) next = learnEpoch(next, epoch, atMs);
  return next;
}

/** A void that an operator declared in this process is kept longer than one that others reported. */
function withNew(voids: Facts['voids'], added: KnownVoid): Facts['voids'] {
  const [own, others] = [voids.filter(({ state }) => state === 'own'), voids.filter(({ state }) => state !== 'own')];
  return [...own, added, ...others].slice(0, MAX_VOIDS);
}

/** Ends a void that another process declared, when the void server itself is seen to write. Its epoch counts again. */
export function endLivingVoids(facts: Facts, rules: Rules, atMs: number): Facts {
  const taken = facts.voids.filter(({ state }) => state === 'taken');
  if (taken.length === 0) return facts;
  const alive = aliveNow(facts, rules, atMs);
  const isSeen = (known: Epoch): boolean => alive.some((epoch) => isOf(epoch, known));
  const ended = taken.filter(({ epochs }) => epochs.some(isSeen));
  if (ended.length === 0) return facts;
  const undone = ended.flatMap(({ epochs }) => epochs);
  let next: Facts = {
    ...facts,
    voided: facts.voided.filter((known) => !undone.some((epoch) => isOf(epoch, known))),
    voids: facts.voids.map((known) => (ended.includes(known) ? { ...known, state: 'ended' } : known)),
  };
  for (const epoch of undone) next = learnEpoch(next, epoch, atMs);
  return next;
}
