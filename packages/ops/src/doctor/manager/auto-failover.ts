import { type Fleet, type KnownNode, known } from '../fleet.ts';

/** The servers under pg_auto_failover: its nodes and slots are recognised by their names. */
export function underAutoFailover(fleet: Fleet): readonly KnownNode[] {
  const isOurs = (name: string): boolean => name.startsWith('pgautofailover_standby_');
  return known(fleet).filter(({ facts }) => [...facts.senders, ...facts.slots].some(({ name }) => isOurs(name)));
}
