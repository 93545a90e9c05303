import type { Operations } from '../../config/check-config.ts';
import { readPatroni } from '../../doctor/manager/patroni.ts';
import { members, ShapeError } from '../../doctor/shape.ts';
import { ask, codeOf, type HttpAnswer } from '../../http.ts';
import { regionOf } from '../plan.ts';
import { StepFailure } from '../steps/step.ts';
import type { Adapter } from './adapter.ts';

const TIMEOUT_MS = 3_000;
/** Patroni answers a switchover when it is over. */
const PROMOTE_TIMEOUT_MS = 60_000;
const LEADER = new Set(['leader', 'master', 'primary', 'standby_leader']);

/** By Patroni's REST interface: https://patroni.readthedocs.io/en/latest/rest_api.html */
export function patroniAdapter({ regions, failover }: Operations): Adapter {
  const urls = regions.flatMap(({ name, patroni }) => (patroni === undefined ? [] : [{ region: name, url: patroni }]));
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (failover.patroniLogin !== undefined) {
    headers['authorization'] = `Basic ${Buffer.from(failover.patroniLogin).toString('base64')}`;
  }
  const get = (url: string, signal: AbortSignal): Promise<HttpAnswer> =>
    ask(url, { lookup: undefined, ca: undefined, timeoutMs: TIMEOUT_MS, signal });

  /** The name of the leader, as the first member that answers knows it. */
  async function leader(signal: AbortSignal): Promise<string | undefined> {
    for (const { url } of urls) {
      const answer = await get(`${url}/cluster`, signal).catch(() => undefined);
      if (answer?.status === 200) return leaderOf(answer.body);
    }
    return undefined;
  }

  return {
    name: 'patroni',
    demotes: true,
    async survey(signal) {
      const answers = await Promise.all(urls.map(({ url }) => readPatroni(url, TIMEOUT_MS, signal)));
      const known = answers.flatMap((answer) => (answer.ok ? [answer.value] : []));
      return {
        name: 'Patroni',
        refuses: known.length > 0 ? undefined : 'none of its REST interfaces answers (regions[…].patroni)',
        rewinds: known.some(({ destructive }) => destructive.length > 0),
      };
    },
    async promote({ mode, target }, signal) {
      const url = urls.find(({ region }) => region === regionOf(target))?.url;
      if (url === undefined) throw new StepFailure(`regions['${regionOf(target)}'].patroni is not configured`);
      let answer: HttpAnswer;
      try {
        const candidate = nameOf((await get(`${url}/patroni`, signal)).body);
        const from = mode === 'switchover' ? await leader(signal) : undefined;
        if (candidate === undefined || (mode === 'switchover' && from === undefined)) {
          throw new StepFailure(`Patroni does not name ${candidate === undefined ? 'the candidate' : 'its leader'}`);
        }
        answer = await ask(`${url}/${mode}`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ ...(from !== undefined && { leader: from }), candidate }),
          lookup: undefined,
          ca: undefined,
          timeoutMs: PROMOTE_TIMEOUT_MS,
          signal,
        });
      } catch (error) {
        if (error instanceof StepFailure) throw error;
        throw new StepFailure(`Patroni did not answer (${codeOf(error)})`);
      }
      // 503: it does not know how it ended. The servers do.
      if (![200, 202, 503].includes(answer.status)) throw new StepFailure(`Patroni has refused it (${answer.status})`);
    },
  };
}

function leaderOf(body: string): string | undefined {
  const { members: all } = shapeOf(body);
  if (!Array.isArray(all)) return undefined;
  const found = all.find((one: { readonly role?: unknown } | null) => LEADER.has(String(one?.role)));
  return typeof found?.name === 'string' ? found.name : undefined;
}

function nameOf(body: string): string | undefined {
  const { patroni } = shapeOf(body);
  const { name } = (patroni ?? {}) as { readonly name?: unknown };
  return typeof name === 'string' ? name : undefined;
}

function shapeOf(body: string): Readonly<Record<string, unknown>> {
  try {
    return members(JSON.parse(body));
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError) return {};
    throw error;
  }
}
