/** A stream of choices that is the same each time it begins from the same seed. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** From 0 up to, not including, `below`. */
  integer(below: number): number;
  chance(share: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** One of the entries, each as likely as its weight. */
  weighted<T>(entries: readonly (readonly [entry: T, weight: number])[]): T;
  /** A stream of its own: what is drawn from it moves nothing here. */
  fork(name: string): Random;
}

/** @param seed any text: streams of different seeds have nothing to do with each other */
export function createRandom(seed: string): Random {
  const next = sfc32(...hash(seed));
  const integer = (below: number): number => Math.floor(next() * below);
  return {
    next,
    integer,
    chance: (share) => next() < share,
    pick: (list) => {
      if (list.length === 0) throw new RangeError('pick: there is nothing to choose from');
      return list[integer(list.length)] as (typeof list)[number];
    },
    weighted: (entries) => {
      const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
      if (!(total > 0)) throw new RangeError('weighted: there is nothing to choose from');
      let left = next() * total;
      for (const [entry, weight] of entries) {
        left -= weight;
        if (left < 0) return entry;
      }
      return (entries.findLast(([, weight]) => weight > 0) as (typeof entries)[number])[0];
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

/** FNV-1a, four times with different beginnings. */
function hash(text: string): [number, number, number, number] {
  const words = [0x811c9dc5, 0x01234567, 0x89abcdef, 0xdeadbeef] as [number, number, number, number];
  for (let index = 0; index < text.length; index += 1) {
    for (let word = 0; word < 4; word += 1) {
      words[word] = Math.imul((words[word] as number) ^ text.charCodeAt(index), 0x01000193 + 2 * word) >>> 0;
    }
  }
  return words;
}

/** Small fast counter, 32 bits (Chris Doty-Humphrey, PractRand). */
function sfc32(first: number, second: number, third: number, counter: number): () => number {
  let [a, b, c, d] = [first, second, third, counter];
  const step = (): number => {
    const sum = (((a + b) >>> 0) + d) >>> 0;
    d = (d + 1) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + ((c << 3) >>> 0)) >>> 0;
    c = ((((c << 21) | (c >>> 11)) >>> 0) + sum) >>> 0;
    return sum;
  };
  for (let warm = 0; warm < 15; warm += 1) step();
  return () => step() / 0x1_0000_0000;
}
