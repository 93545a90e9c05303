/** What the kit calls the options of its parts. The first that matches counts. */
type Renaming = readonly [told: RegExp, asWritten: string];

const RENAMINGS: readonly Renaming[] = [
  [/^defineRegions: all\b/, 'createRegionKit: regions'],
  [/^createRegionRouter: pools\b/, 'createRegionKit: pools'],
  ...(
    [
      ['defineRegions', ''],
      ['createHealth', 'health'],
      ['createRegionRouter', 'router'],
      ['createWriteGate', 'gate'],
      ['createAffinity', 'affinity'],
      ['createSessionVerifier', 'sessions'],
    ] as const
  ).flatMap(([factory, part]): Renaming[] => [
    [new RegExp(`^${factory}(?:: options)?(?= (?:has|must) )`), `createRegionKit${part && `: ${part}`}`],
    [new RegExp(`^${factory}: `), `createRegionKit: ${part && `${part}.`}`],
  ]),
];

/**
 * Runs a factory of a part. Its error then names the option as the app has written it, for the kit.
 *
 * @param first renamings of options that the kit passes on under another name
 * @throws what `make` throws, under its own class
 */
export function named<T>(make: () => T, first: readonly Renaming[] = []): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    const { message } = error;
    const [told, asWritten] = [...first, ...RENAMINGS].find(([each]) => each.test(message)) ?? [/^/, ''];
    const Class = error instanceof TypeError ? TypeError : RangeError;
    throw new Class(message.replace(told, asWritten).replaceAll(' in defineRegions', ''), { cause: error });
  }
}
