import { setTimeout as sleep } from 'node:timers/promises';
import { readCa } from '../../config/read-ca.ts';
import { ask } from '../../http.ts';
import { judgeDns } from '../dns/judge-dns.ts';
import { resolveEverywhere } from '../dns/resolve.ts';
import type { RunContext } from '../run-context.ts';
import { done, type FailoverStep, notYet, type Proof } from './step.ts';

const TIMEOUT_MS = 3_000;
/** Between two looks: a resolver must not be flooded. */
const EVERY_MS = 1_000;
/** Beyond the time that DNS should take. */
const SLACK_MS = 30_000;

const withinMs = ({ config: { front } }: RunContext): number =>
  (front.intervalSeconds * front.failures + front.ttlSeconds) * 1_000 + SLACK_MS;

/** The global hosts lead to the lost region no more. The command changes no DNS: its health checks do, by themselves. */
export const dns: FailoverStep = {
  name: 'dns',
  changes: false,
  withinMs,
  isPlanned: ({ mode }) => mode === 'failover',
  says: ({ from }) => `wait until the global hosts lead to ${from} no more; DNS is not changed`,
  prove: proveDns,
  act: async () => ({ says: 'waited', sinceMs: performance.now() }),
};

async function proveDns(context: RunContext, acted: Readonly<Record<string, unknown>> | undefined): Promise<Proof> {
  const { config, plan, signal } = context;
  if (config.hosts.length === 0) return done('the configuration names no global host (hosts)');
  if (acted !== undefined) await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
  if (await isServing(context)) {
    return done(`the app of ${plan.from} answers its health checks, so it may stay in DNS`);
  }
  const resolve = async (host: string): ReturnType<typeof resolveEverywhere> =>
    resolveEverywhere(host, config.front.dnsServers, signal);
  const addressesOf = async (isLost: boolean): Promise<readonly string[]> => {
    const origins = config.regions.flatMap(({ name, origin }) =>
      origin === undefined || (name === plan.from) !== isLost ? [] : [new URL(origin).hostname.replace(/^\[|\]$/g, '')],
    );
    const answers = await Promise.all(origins.map(resolve));
    return answers.flat().flatMap(({ addresses }) => addresses ?? []);
  };
  const [lost, others, hosts] = await Promise.all([
    addressesOf(true),
    addressesOf(false),
    Promise.all(config.hosts.map(resolve)),
  ]);
  const { leads, says } = judgeDns(hosts.flat(), { lost, others });
  if (leads === 'away') return done(says);
  if (leads === 'unknown') return { state: 'unknown', evidence: { says } };
  const sinceMs = acted?.['sinceMs'] as number | undefined;
  const isLate = sinceMs !== undefined && performance.now() - sinceMs > withinMs(context);
  return isLate ? { state: leads === 'silent' ? 'unknown' : 'failed', evidence: { says } } : notYet(says);
}

/** Whether the health checks of DNS still see the lost region: its database is gone, and its app may read elsewhere. */
async function isServing({ config, plan, signal }: RunContext): Promise<boolean> {
  const origin = config.regions.find(({ name }) => name === plan.from)?.origin;
  if (origin === undefined) return false;
  const ca = await readCa(config.caFile);
  const answer = await ask(`${origin}${config.front.path}`, {
    lookup: undefined,
    ca,
    timeoutMs: TIMEOUT_MS,
    signal,
  }).catch(() => undefined);
  return answer?.status === 200;
}
