import type { CanonicalAlgorithm } from '../algorithms.ts';
import { type KeySource, readKeySet } from './key-set.ts';
import { type Later, vetModuli } from './vet-rsa.ts';

/**
 * Vets what takes long in a set of keys before the set is read, off the event loop: the test whether an RSA modulus is a
 * prime takes up to half a second a key. Undefined when nothing in it takes long. What is wrong with the set is found when
 * it is read; this never rejects.
 */
export function vetAhead(
  source: KeySource,
  algorithms: ReadonlySet<CanonicalAlgorithm>,
  fetched: boolean,
): Promise<void> | undefined {
  return vetWhatIsLeft((later) => readKeySet(source, algorithms, { fetched, later }));
}

/** The same for whatever `read` reads. */
export function vetWhatIsLeft(read: (later: Later) => unknown): Promise<void> | undefined {
  const moduli: bigint[] = [];
  try {
    read((modulus) => moduli.push(modulus));
  } catch {
    // It is refused whatever its moduli are.
    return undefined;
  }
  return moduli.length === 0 ? undefined : vetModuli(moduli).catch(() => {});
}
