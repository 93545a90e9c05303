import { awaitedCallsPerSecond, callsPerSecond } from '../sample.ts';
import { runTrial, type TrialResult } from '../trial.ts';
import { middyHandler, ownConfig, powertools, VALUE } from './stores.ts';

const answer = async (): Promise<string> => JSON.stringify(VALUE);

/** A value that is there already. */
export async function reading(): Promise<TrialResult> {
  const config = await ownConfig(answer, { everyMs: 900_000 });
  const getSecret = powertools(answer);
  const handler = middyHandler(answer, 900_000);
  const holder = { current: { ...VALUE } };
  const result = await runTrial({
    title: 'reading a value that is there',
    baseline: 'an empty call',
    metrics: ['nsPerOp', 'opsPerSecond'],
    contenders: [
      { name: 'an empty call', measure: (ms) => callsPerSecond(() => holder, ms, 100_000) },
      {
        name: 'a property of an object',
        measure: (ms) => callsPerSecond(() => holder.current, ms, 100_000),
      },
      { name: 'regionkit get', measure: (ms) => callsPerSecond(() => config.get('db'), ms, 100_000) },
      {
        name: 'regionkit get, and a property of it',
        measure: (ms) => callsPerSecond(() => config.get('db').password, ms, 100_000),
      },
      { name: 'Powertools getSecret, cached', measure: (ms) => awaitedCallsPerSecond(() => getSecret(900), ms) },
      { name: 'middy secrets-manager, cached', measure: (ms) => awaitedCallsPerSecond(handler, ms) },
    ],
    bars: [{ contender: 'regionkit get', over: 'an empty call', metric: 'nsPerOp', atMost: 10 }],
    notes: [
      '`nsPerOp` is processor time. The peers are asynchronous, so their calls are awaited. For middy this is the whole handler that it wraps. regionkit reads a property of a value through a getter, because a value that is printed shows only `[redacted]`.',
    ],
  });
  await config.close();
  return result;
}
