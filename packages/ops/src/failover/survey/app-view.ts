/** What the app of a region says in the detail of its health. */
export interface AppView {
  /** Its own region, as it names itself. */
  readonly region: string;
  readonly writes: string;
  readonly version: string | undefined;
  /** For how long its router has found no primary, at least. Undefined: it finds one, or the answer does not tell. */
  readonly noPrimaryForMs: number | undefined;
  readonly regions: readonly {
    readonly name: string;
    readonly reads: string;
    readonly writes: string;
    readonly ageMs: number | undefined;
    /** Its timeline, where the region says that it has the primary. */
    readonly timeline: number | undefined;
  }[];
}

export type AppAnswer =
  | { readonly ok: true; readonly view: AppView }
  /** `no-detail`: it answers, but not with the detail: the token is missing or wrong. */
  | { readonly ok: false; readonly why: 'unreachable' | 'no-detail' };

/**
 * Reads the detail of health (application/health+json). Nothing in it is believed before it was checked.
 *
 * @param dateMs the clock of the app when it answered. Without it, times of the answer are not compared with anything
 */
export function readAppView(text: string, dateMs: number = Number.NaN): AppView | undefined {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { region, writes, version, regions } = body ?? {};
  if (typeof region !== 'string' || typeof writes !== 'string' || !Array.isArray(regions)) return undefined;
  return {
    region,
    writes,
    version: typeof version === 'string' ? version : undefined,
    noPrimaryForMs: writes === 'fail' ? noPrimaryFor(body, dateMs) : undefined,
    regions: regions.flatMap((one: Record<string, unknown> | null) => {
      if (typeof one?.['name'] !== 'string') return [];
      const { ageMs } = one;
      const timeline = (one['primary'] as { timeline?: unknown } | undefined)?.timeline;
      return [
        {
          name: one['name'],
          reads: String(one['reads']),
          writes: String(one['writes']),
          ageMs: typeof ageMs === 'number' ? ageMs : undefined,
          timeline: typeof timeline === 'number' ? timeline : undefined,
        },
      ];
    }),
  };
}

/** What the check of the router says when it finds no primary. */
const NO_PRIMARY: ReadonlySet<unknown> = new Set(['no-primary', 'primary-unreachable', 'stale-view', 'region-down']);

/** A verdict begins anew with each change, so its age is at most the time without a primary. */
function noPrimaryFor({ since, checks }: Readonly<Record<string, unknown>>, dateMs: number): number | undefined {
  if (typeof since !== 'string' || typeof checks !== 'object' || checks === null) return undefined;
  const failing = Object.values(checks)
    .flat()
    .filter((one: Readonly<Record<string, unknown>> | null) => {
      const affects: unknown = one?.['affects'];
      return one?.['status'] === 'fail' && Array.isArray(affects) && affects.includes('writes');
    });
  const isRouter = failing.length > 0 && failing.every(({ output, stale }) => NO_PRIMARY.has(output) && stale !== true);
  // A proxy may have written the date of the answer by another clock. The check was run by the clock of the app.
  const seenAtMs = failing.map(({ time }) => Date.parse(String(time)));
  const ageMs = Math.min(dateMs, ...seenAtMs) - Date.parse(since);
  return isRouter && ageMs >= 0 ? ageMs : undefined;
}
