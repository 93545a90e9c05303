import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import middy from '@middy/core';
import secretsManager from '@middy/secrets-manager';
import { type Config, loadConfig, type Source } from '@regionkit/config';

export const NAME = 'prod/app/db';
export const VALUE = { username: 'app', password: 'correct horse battery staple' };
type Db = typeof VALUE;

/** Answers as Secrets Manager would, or throws. */
export type Answer = () => Promise<string>;

/** What regionkit reads, without a wire: `answer` stands for the region's store. */
export function ownConfig(
  answer: Answer,
  refresh: {
    readonly everyMs: number;
    readonly retry?: { readonly backoff: { readonly baseMs: number; readonly maxMs: number } };
    readonly minForcedMs?: number;
  },
  more: Partial<Parameters<typeof loadConfig>[0]> = {},
): Promise<Config<{ db: Source<Db, false> }>> {
  return loadConfig({
    ...more,
    sources: { db: { load: async () => ({ value: JSON.parse(await answer()) as Db }) } as Source<Db, false> },
    refresh,
  });
}

/** A Powertools provider whose client answers without a wire. */
export function powertools(answer: Answer): (maxAgeSeconds: number) => Promise<unknown> {
  const client = new SecretsManagerClient({ region: 'us-east-1' });
  client.send = (async () => ({ SecretString: await answer() })) as typeof client.send;
  const provider = new SecretsProvider({ awsSdkV3Client: client });
  return (maxAge) => provider.get(NAME, { maxAge, transform: 'json' });
}

let caches = 0;

/** A handler wrapped in middy, which reads the secret from its context, over a cache of its own. */
export function middyOver(
  send: (command: never) => Promise<object>,
  options: { readonly cacheExpiry?: number; readonly disablePrefetch?: boolean },
): () => Promise<unknown> {
  class Client {
    readonly config = {};
    readonly send = send;
  }
  caches += 1;
  const secrets = secretsManager({
    ...options,
    AwsClient: Client as never,
    fetchData: { db: NAME },
    cacheKey: `cache ${caches}`,
    setToContext: true,
  });
  const handler = middy(async (_event: unknown, context: { db?: Db }) => context.db?.password).use(
    secrets as never,
  ) as unknown as (event: object, context: object) => Promise<unknown>;
  return () => handler({}, { getRemainingTimeInMillis: () => 1_000 });
}

/** The same, whose client answers without a wire. */
export function middyHandler(answer: Answer, cacheExpiry: number): () => Promise<unknown> {
  return middyOver(async () => ({ SecretString: await answer() }), { cacheExpiry });
}
