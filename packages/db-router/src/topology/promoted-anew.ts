import type { Epoch } from '@regionkit/core';
import { type Facts, knownEpoch } from './facts.ts';
import { isVoided } from './learn.ts';
import type { Reading } from './readings.ts';
import { madeUpOwner } from './writer.ts';

/**
 * The next promotion after a reset makes the number of the void timeline again, and maybe under the same name. `facts` in
 * which that name is not void any more, if it is certain that the promotion came after the reset; the same object
 * otherwise. The server that was void stays so.
 */
export function admitPromotion(facts: Facts, reading: Reading, epoch: Epoch): Facts {
  const { server } = epoch;
  const isNamesake = (known: Epoch): boolean =>
    known.server !== server && isVoided({ voided: [known] }, knownEpoch(facts, epoch));
  if (!facts.voided.some(isNamesake) || !isAfterReset(facts, reading)) return facts;
  let next: Facts = { ...facts, voided: facts.voided.filter((known) => !isNamesake(known)) };
  for (const known of facts.voided) if (isNamesake(known)) next = withNameOfItsOwn(next, known);
  return next;
}

/** A void server that is known goes on under a name that no other has. */
function withNameOfItsOwn(facts: Facts, { system, timeline, owner, server }: Epoch): Facts {
  if (server === undefined) return facts;
  const name = madeUpOwner(owner, server);
  return {
    ...facts,
    voided: [...facts.voided, { system, timeline, owner: name, server }],
    writers: facts.writers.map((writer) =>
      writer.server === server && writer.timeline === timeline && writer.system === system
        ? { ...writer, owner: name, names: [name] }
        : writer,
    ),
  };
}

/**
 * Since the reset the server was seen as a standby of an older timeline, or it left the timeline in force beyond where that
 * was after the reset: no promotion before the reset can have done that.
 */
function isAfterReset({ followed, resetAtMs, kept }: Facts, { system, server, timeline = 0, fork }: Reading): boolean {
  const before = followed.find((known) => known.server === server && known.system === system);
  if (before !== undefined && before.sinceMs > resetAtMs && before.timeline < timeline) return true;
  return fork !== undefined && kept?.system === system && kept.timeline === timeline - 1 && fork > kept.position;
}
