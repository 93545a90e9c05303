import type { Check, Found } from '../check.ts';
import { type FoundTail, type KnownNode, setting, tailOf } from '../fleet.ts';
import { duration } from '../say.ts';

export const tailNotKept: Check = {
  id: 'tail-not-kept',
  title: 'The slot of the tail keeper is there, and keeps its WAL',
  why: 'A tail keeper is installed so that the writes of a failover can be listed. Without its slot on the primary, or with one that has lost its WAL, salvage sees only what is left of them: no intermediate states, no order, and not every delete.',
  incident: 'The protection that was off when it was needed: five kinds of backup at GitLab in January 2017.',
  needs: ['tail'],
  find: (fleet) => {
    const found = tailOf(fleet);
    if (found === undefined) return [];
    const why = whyNotKept(found);
    return why === undefined ? willBeLost(found.node) : [{ level: 'fault', where: found.node.id, ...why }];
  },
};

/** PostgreSQL 18: a slot that is not used for so long is invalidated, also on an old primary that waits for salvage. */
function willBeLost(node: KnownNode): readonly Found[] {
  const seconds = setting(node, 'idle_replication_slot_timeout') ?? 0;
  if (seconds === 0) return [];
  return [
    {
      level: 'warning',
      where: node.id,
      evidence: `idle_replication_slot_timeout of ${node.id} is ${duration(seconds * 1_000)}: a slot that is not moved for so long is invalidated, and an old primary moves none.`,
      fix: 'Run ALTER SYSTEM SET idle_replication_slot_timeout = 0 and SELECT pg_reload_conf() on every server. The keeper and max_slot_wal_keep_size bound the slot.',
    },
  ];
}

function whyNotKept({
  node: { id, facts },
  tail: { slot, exists, usable, lost },
  recorded,
}: FoundTail): { readonly evidence: string; readonly fix: string } | undefined {
  const status = facts.slots.find(({ name }) => name === slot);
  if (exists && !usable) {
    return {
      evidence: `The slot ${slot} of ${id} was not made by a keeper: it has another plugin or another database, or decodes prepared transactions.`,
      fix: `Drop it if nothing reads it (SELECT pg_drop_replication_slot('${slot}')): the keeper then makes its own.`,
    };
  }
  if (lost) {
    const reason = status?.reason ?? null;
    return {
      evidence: `The slot ${slot} of ${id} has lost its WAL${reason === null ? '' : ` (${reason})`}.`,
      fix: 'A keeper that ticks makes it again. Raise max_slot_wal_keep_size above maxHeldBytes, and set idle_replication_slot_timeout to 0.',
    };
  }
  if (status?.status === 'unreserved') {
    return {
      evidence: `The slot ${slot} of ${id} loses its WAL at the next checkpoint.`,
      fix: 'Raise max_slot_wal_keep_size above maxHeldBytes now (SELECT pg_reload_conf()), and bring the missing standby back.',
    };
  }
  if (exists) return undefined;
  const level = facts.settings['wal_level'] ?? 'logical';
  if (level !== 'logical') {
    return {
      evidence: `${id} has no slot ${slot}, and cannot have one: wal_level is ${level}.`,
      fix: `Set wal_level = logical on every server (Amazon RDS: rds.logical_replication = 1 in the parameter group), and restart ${id} in a quiet hour.`,
    };
  }
  return recorded?.wasDropped === true
    ? {
        evidence: `${id} has no slot ${slot}: a keeper has dropped it, because it held more than maxHeldBytes or had lost its WAL.`,
        fix: 'Bring the missing standby back, or take its name out of standbys: the keeper then makes the slot again.',
      }
    : {
        evidence: `${id} has no slot ${slot}.`,
        fix: 'Make a keeper (createTailKeeper) in every process that writes. If there is one, look for REGIONKIT_TAIL_WAITS and REGIONKIT_TAIL_FAILED in the log of the app. A new slot waits for every open transaction.',
      };
}
