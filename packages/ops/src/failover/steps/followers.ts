import { list } from '../../options/text.ts';
import { regionOf } from '../plan.ts';
import type { SurveyedApp } from '../survey/situation.ts';

/** What the apps of the other regions say of the new primary. */
export interface Followers {
  readonly says: string;
  /** Each region whose app does not report the new primary, and why, as far as it is known. */
  readonly missing: readonly { readonly region: string; readonly why: string | undefined }[];
  /** Of these: what does not show the detail of its health. */
  readonly blind: readonly string[];
}

interface Follow {
  readonly apps: readonly SurveyedApp[];
  /** Every region of the configuration. Other names come from outside, and are not repeated. */
  readonly known: readonly string[];
  readonly from: string;
  readonly target: string;
  /** The timeline of the new primary, as its server said. Undefined: not recorded. */
  readonly timeline: number | undefined;
}

/** Who follows. An answer counts only if it is of the region at whose origin it was asked for. Pure. */
export function judgeFollowers({ apps, known, from, target, timeline }: Follow): Followers {
  const all = apps.filter(({ region }) => region !== from);
  if (all.length === 0)
    return { says: 'no other region has an origin in the configuration: no app was asked', missing: [], blind: [] };
  const to = regionOf(target);
  const judged = all.map((one) => ({ ...one, lacks: lackOf(one, { known, to, timeline }) }));
  const follows = judged.filter(({ lacks }) => lacks === undefined);
  return {
    says: `${follows.map(({ region }) => region).join(', ') || 'no app'} reports the primary in ${to}`,
    missing: judged.flatMap(({ region, lacks }) => (lacks === undefined ? [] : [{ region, why: lacks.why }])),
    blind: judged.flatMap(({ region, answer }) => (!answer.ok && answer.why === 'no-detail' ? [region] : [])),
  };
}

/** `eu (the app of us answers there)`. */
export const sayMissing = ({ missing }: Followers): string =>
  list(missing.map(({ region, why }) => (why === undefined ? region : `${region} (${why})`)));

interface Lack {
  readonly why: string | undefined;
}

/** Why an app does not follow. Undefined: it does. */
function lackOf(
  { region, answer }: SurveyedApp,
  {
    known,
    to,
    timeline,
  }: { readonly known: readonly string[]; readonly to: string; readonly timeline: number | undefined },
): Lack | undefined {
  if (!answer.ok)
    return { why: answer.why === 'no-detail' ? 'without the detail of its health' : 'it does not answer' };
  const { region: own, writes, regions } = answer.view;
  if (own !== region) {
    const who = known.includes(own) ? `the app of ${own}` : 'an app of no region of the configuration';
    return { why: `${who} answers there: correct regions['${region}'].origin, or what stands behind it` };
  }
  const reported = regions.find((one) => one.name === to)?.timeline;
  if (reported === undefined) return { why: undefined };
  if (timeline !== undefined && reported !== timeline) {
    return { why: `it knows a primary on timeline ${reported}, and the new one is on ${timeline}` };
  }
  return writes === 'pass' || writes === 'warn' ? undefined : { why: 'it sends no writes' };
}
