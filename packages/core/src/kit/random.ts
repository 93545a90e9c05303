import { dropRejection } from './harmless.ts';
/** Wraps the `random` of an app. If it throws or returns a number outside of 0 to 1, the result is 0.5. */
export function guardRandom(random: () => number): () => number {
  return () => {
    try {
      const drawn = dropRejection(random());
      return drawn >= 0 && drawn <= 1 ? drawn : 0.5;
    } catch {
      return 0.5;
    }
  };
}
