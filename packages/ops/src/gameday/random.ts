import { createHash } from 'node:crypto';

/** Choices that are the same each time they begin from the same seed. From 0 up to, not including, 1. */
export type Random = () => number;

export function createRandom(seed: string): Random {
  let drawn = 0;
  return () => {
    drawn += 1;
    return createHash('sha256').update(`${seed}/${drawn}`).digest().readUInt32BE() / 2 ** 32;
  };
}

/** The same members in another order. */
export function shuffled<T>(list: readonly T[], random: Random): readonly T[] {
  return list
    .map((member) => ({ member, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ member }) => member);
}
