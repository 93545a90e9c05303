import { defineRegions } from '@regionkit/core';
import { type AwsClients, awsClients } from '../../src/aws/index.ts';
import type { FakeAws } from '../../src/testing/index.ts';

export const US = 'us-east-1';
export const EU = 'eu-west-1';

export const regions = defineRegions({
  self: US,
  all: { [US]: { origin: 'https://us.example.com' }, [EU]: { origin: 'https://eu.example.com' } },
});

/** Clients that try once: what a test provokes is what it sees. */
export const clientsOf = (aws: FakeAws): AwsClients => awsClients({ ...aws.connection, maxAttempts: 1 });
