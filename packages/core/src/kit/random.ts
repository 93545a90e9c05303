/** `random` of an app that throws, or that gives what is no share: half is then as good as any, and nothing ends by it. */
export function guardRandom(random: () => number): () => number {
  return () => {
    try {
      const drawn = random();
      return drawn >= 0 && drawn <= 1 ? drawn : 0.5;
    } catch {
      return 0.5;
    }
  };
}
