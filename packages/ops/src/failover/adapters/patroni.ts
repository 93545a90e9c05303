import type { Operations } from '../../config/check-config.ts';
import { readCa } from '../../config/read-ca.ts';
import { ignoresSlot, readPatroni } from '../../doctor/manager/patroni.ts';
import { members, readJson } from '../../doctor/shape.ts';
import { ask, codeOf, type HttpAnswer } from '../../http.ts';
import { regionOf } from '../plan.ts';
import { StepFailure } from '../steps/step.ts';
import type { TailSlot } from '../survey/node-state.ts';
import type { SurveyedNode } from '../survey/situation.ts';
import type { Adapter } from './adapter.ts';

const TIMEOUT_MS = 3_000;
/** Patroni answers a switchover when it is over. */
const PROMOTE_TIMEOUT_MS = 60_000;
const LEADER = new Set(['leader', 'master', 'primary', 'standby_leader']);

/** By Patroni's REST interface: https://patroni.readthedocs.io/en/latest/rest_api.html */
export function patroniAdapter({ regions, nodes, failover, caFile }: Operations): Adapter {
  const urls = regions.flatMap(({ name, patroni }) => (patroni === undefined ? [] : [{ region: name, url: patroni }]));
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (failover.patroniLogin !== undefined) {
    headers['authorization'] = `Basic ${Buffer.from(failover.patroniLogin).toString('base64')}`;
  }
  const get = async (url: string, signal: AbortSignal): Promise<HttpAnswer> =>
    ask(url, { lookup: undefined, ca: await readCa(caFile), timeoutMs: TIMEOUT_MS, signal });

  /** The members of the cluster, as the first interface that names any knows them. */
  async function cluster(signal: AbortSignal): Promise<readonly Member[]> {
    for (const { url } of urls) {
      const answer = await get(`${url}/cluster`, signal).catch(() => undefined);
      const known = answer?.status === 200 ? membersOf(answer.body) : [];
      if (known.length > 0) return known;
    }
    return [];
  }

  return {
    name: 'patroni',
    demotes: true,
    promoteWithinMs: 120_000,
    async survey(signal, nodes) {
      const answers = await Promise.all(urls.map(({ url }) => readPatroni(url, TIMEOUT_MS, signal)));
      const known = answers.flatMap((answer) => (answer.ok ? [answer.value] : []));
      const dropped = tailsOf(await nodes).filter((tail) =>
        known.some((facts) => !ignoresSlot(facts, { ...tail, type: 'logical' })),
      );
      return {
        name: 'Patroni',
        refuses: known.length > 0 ? undefined : 'none of its REST interfaces answers (regions[…].patroni)',
        rewinds: known.some(({ destructive }) => destructive.length > 0),
        paused: known.some(({ paused }) => paused),
        dropsSlots: [...new Set(dropped.map(({ name }) => name))],
      };
    },
    async promote({ mode, target }, signal) {
      const url = urls.find(({ region }) => region === regionOf(target))?.url;
      if (url === undefined) throw new StepFailure(`regions['${regionOf(target)}'].patroni is not configured`);
      let answer: HttpAnswer;
      try {
        const all = await cluster(signal);
        const { host } = new URL(nodes.find(({ id }) => id === target)?.url as string);
        const candidate = all.find((one) => one.api === new URL(url).origin || one.address === host)?.name;
        const from = mode === 'switchover' ? all.find(({ role }) => LEADER.has(role))?.name : undefined;
        if (candidate === undefined || (mode === 'switchover' && from === undefined)) {
          throw new StepFailure(`Patroni does not name ${candidate === undefined ? 'the candidate' : 'its leader'}`);
        }
        answer = await ask(`${url}/${mode}`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ ...(from !== undefined && { leader: from }), candidate }),
          lookup: undefined,
          ca: await readCa(caFile),
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

/** The slots of the servers that take writes. If none answers: those that it may have, as its standbys know them. */
function tailsOf(nodes: readonly SurveyedNode[]): readonly TailSlot[] {
  const states = nodes.flatMap(({ answer }) => (answer.ok ? [answer.value] : []));
  const writers = states.filter(({ inRecovery }) => !inRecovery);
  return (writers.length > 0 ? writers : states).flatMap(({ tails }) => tails);
}

interface Member {
  readonly name: string;
  readonly role: string;
  /** The origin of its REST interface. */
  readonly api: string | undefined;
  /** `host:port` of its PostgreSQL. */
  readonly address: string | undefined;
}

/** Members that are not of the shape that Patroni documents are left out. */
function membersOf(body: string): readonly Member[] {
  const { members: all } = shapeOf(body);
  if (!Array.isArray(all)) return [];
  return all.flatMap((one: unknown) => {
    const { name, role, host, port, api_url: api } = (one ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof name !== 'string' || typeof role !== 'string') return [];
    const origin = typeof api === 'string' && URL.canParse(api) ? new URL(api).origin : undefined;
    const address = typeof host === 'string' && typeof port === 'number' ? `${host}:${port}` : undefined;
    return [{ name, role, api: origin, address }];
  });
}

const shapeOf = (body: string): Readonly<Record<string, unknown>> => readJson(members, body) ?? {};
