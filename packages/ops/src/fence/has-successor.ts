import { answering, isFenced, type Situation, standbys, writers } from '../failover/survey/situation.ts';

/**
 * Whether something outside a region can take the writes: a standby, or a primary that takes them already. An old
 * primary cannot: the region has a newer timeline. Pure.
 */
export function hasSuccessor(situation: Situation, region: string): boolean {
  const here = answering(situation).filter((node) => node.region === region);
  const isCopy = ({ state }: (typeof here)[number]): boolean => here.every((own) => own.state.system === state.system);
  if (standbys(situation).some((node) => node.region !== region && isCopy(node))) return true;
  const all = writers(situation);
  const own = all.filter((node) => node.region === region);
  return all.some(
    (node) =>
      node.region !== region &&
      !isFenced(node) &&
      isCopy(node) &&
      own.every(({ state }) => state.timeline <= node.state.timeline),
  );
}
