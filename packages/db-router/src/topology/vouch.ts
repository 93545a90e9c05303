import type { DatabaseReport, Epoch, Vouch } from '@regionkit/core';
import { type Facts, isResponding, knownEpoch, type Rules, writtenEpoch } from './facts.ts';
import { isVoided } from './learn.ts';
import { serverId } from './writer.ts';

/** A sibling that vouches, with what a newcomer needs of it. */
interface Voucher {
  readonly vouches: Vouch;
  readonly highest: Epoch;
}

/**
 * `facts` after a newcomer has taken over what its siblings vouch for, or the process before it: it then is what one of them
 * would be, had it been copied. The same object otherwise. Their highest epochs, their forks and what they saw written are known already.
 */
export function takeOver(facts: Facts, rules: Rules, atMs: number): Facts {
  if (facts.accepted || facts.store === 'pending') return facts;
  if ((facts.siblings.length === 0 && facts.remembered === undefined) || !wasEverythingAsked(facts, rules))
    return facts;
  const vouchers = reportsOf(facts, rules, atMs).flatMap((report) => voucherOf(facts, report));
  const [first] = vouchers;
  if (first === undefined) return facts;
  const { system } = first.highest;
  if (vouchers.some(({ highest }) => highest.system !== system)) return facts;
  // An operator has told this process of a mistake, and not yet all of them: they do not agree.
  if (vouchers.some(({ highest }) => isVoided(facts, knownEpoch(facts, highest)))) return facts;
  return { ...facts, accepted: true, vouched: true, system };
}

/** Every node and every region, this one too: what any of them knows of a higher epoch is known by now. */
export function wasEverythingAsked(facts: Facts, rules: Rules): boolean {
  return (
    facts.nodes.every(({ triedAtMs }) => triedAtMs !== Number.NEGATIVE_INFINITY) &&
    rules.regions.every((region) => facts.asked.includes(region))
  );
}

/**
 * A process that starts in a pause of the writes learns of it from the region of the primary alone: no database shows it,
 * and the word of another region on it does not count. For a process there, these are its siblings.
 */
export function wasPauseAskedFor(facts: Facts, rules: Rules, primaryRegion: string): boolean {
  return !rules.asksSiblings || [rules.self, primaryRegion].every((region) => facts.asked.includes(region));
}

/** Whether a node of this process's own is on the highest timeline: from then on it vouches for what it has seen itself. */
export function hasMeasured(facts: Facts): boolean {
  const top = facts.tops.find(({ system }) => system === facts.system);
  if (top === undefined) return false;
  return facts.nodes.some(
    (node) => isResponding(node) && node.reading.system === top.system && node.timeline >= top.timeline,
  );
}

/** The reports that are young enough. A living process that has accepted a primary knows more than the memory of this one. */
function reportsOf({ siblings, remembered }: Facts, rules: Rules, nowMs: number): readonly DatabaseReport[] {
  const fresh = siblings.filter(({ observedAtMs }) => nowMs - observedAtMs <= rules.maxViewAgeMs);
  const isAlone = siblings.every(({ database }) => database.acceptedForMs === undefined);
  if (isAlone && remembered !== undefined && nowMs < remembered.untilMs) return [remembered.report];
  return fresh.map(({ database }) => database);
}

function voucherOf(facts: Facts, { vouches, highest }: DatabaseReport): Voucher[] {
  if (vouches === undefined || highest === undefined) return [];
  const isOfSystem = facts.nodes.some((node) => isResponding(node) && node.reading.system === highest.system);
  return isOfSystem && !meetsAnotherServer(facts, vouches.primary) ? [{ vouches, highest }] : [];
}

/** A node of this process writes the very timeline that the sibling writes, and is another server: one name may lead to two. */
function meetsAnotherServer(facts: Facts, primary: Epoch | undefined): boolean {
  if (primary?.server === undefined) return false;
  return facts.nodes.some((node) => {
    const written = writtenEpoch(facts, node);
    return (
      written !== undefined &&
      written.system === primary.system &&
      written.timeline === primary.timeline &&
      isResponding(node) &&
      serverId(node.reading.server) !== primary.server
    );
  });
}
