/** What the app of a region says in the detail of its health. */
export interface AppView {
  /** Its own region, as it names itself. */
  readonly region: string;
  readonly writes: string;
  readonly version: string | undefined;
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

/** Reads the detail of health (application/health+json). Nothing in it is believed before it was checked. */
export function readAppView(text: string): AppView | undefined {
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
