import type { Scope } from '../source.ts';
import { type AwsClients, awsClients } from './clients.ts';
import { createSecretReader, type SecretReader } from './secret-reader.ts';

/** What the AWS sources of one config share. */
export interface Shared {
  readonly clients: AwsClients;
  reader(region: string): SecretReader;
  /** The account that answered first, for each secret. */
  readonly accounts: Map<string, string>;
}

const DEFAULT_CLIENTS = Symbol('the clients of a config');

export function sharedIn(scope: Scope, given: AwsClients | undefined): Shared {
  const clients = given ?? scope.use(DEFAULT_CLIENTS, awsClients, (made) => made.close());
  return scope.use(clients, () => {
    const readers = new Map<string, SecretReader>();
    return {
      clients,
      accounts: new Map(),
      reader: (region) => {
        const reader = readers.get(region) ?? createSecretReader(clients, region);
        readers.set(region, reader);
        return reader;
      },
    };
  });
}
