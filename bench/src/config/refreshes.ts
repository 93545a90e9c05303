import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { loadConfig } from '@regionkit/config';
import { awsClients, secret } from '@regionkit/config/aws';
import { fakeAws } from '@regionkit/config/testing';
import { defineRegions } from '@regionkit/core';
import type { Sample } from '../sample.ts';
import { runTrial, type TrialResult } from '../trial.ts';
import { middyOver, NAME, VALUE } from './stores.ts';

const REGION = 'us-east-1';
const ASKERS = 1_000;

/** As many ask for a new value at once; the real SDK talks to a Secrets Manager over HTTP. */
export async function refreshing(): Promise<TrialResult> {
  await using aws = await fakeAws({ regions: [REGION] });
  aws.secret(NAME, { value: VALUE });
  const region = aws.region(REGION);
  const connection = {
    region: REGION,
    endpoint: aws.connection.endpoint(REGION),
    credentials: aws.connection.credentials,
  };
  const clients = awsClients(aws.connection);
  const config = await loadConfig({
    regions: defineRegions({ self: REGION, all: { [REGION]: { origin: 'https://us.example.com' } } }),
    sources: { db: secret(NAME, { clients, format: 'text' }) },
    refresh: { minForcedMs: 1 },
  });
  const provider = new SecretsProvider({ clientConfig: connection });
  const client = new SecretsManagerClient(connection);

  const counted = async (ask: () => Promise<unknown>): Promise<Sample> => {
    region.clearCalls();
    const begin = performance.now();
    await Promise.all(Array.from({ length: ASKERS }, ask));
    return { calls: region.calls.length, ms: performance.now() - begin };
  };
  const result = await runTrial({
    title: `${ASKERS.toLocaleString('en-US')} ask for a new value at once`,
    baseline: 'regionkit refresh',
    metrics: ['calls', 'ms'],
    contenders: [
      { name: 'regionkit refresh', measure: () => counted(() => config.refresh('db')) },
      {
        name: 'Powertools, forceFetch',
        measure: () => counted(() => provider.get(NAME, { forceFetch: true })),
      },
      {
        name: 'middy, an empty cache',
        measure: () => counted(middyOver(client.send.bind(client) as never, { disablePrefetch: true })),
      },
    ],
    bars: [{ contender: 'regionkit refresh', metric: 'calls', atLeast: 1, atMost: 1, by: 'worst' }],
    rounds: 5,
    notes: ['Calls are counted where they arrive: at an endpoint in this process that speaks the protocol of AWS.'],
  });
  await config.close();
  clients.close();
  client.destroy();
  return result;
}
