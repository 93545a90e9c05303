import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineRegions } from '@regionkit/core';
import { createOperatorDoor, type OperatedPools, type OperatedRouter } from '@regionkit/health/operator';
import type { OperationsConfig } from '../../src/config/config.ts';
import type { ProcessState, ServerState, Step } from '../../src/records/record.ts';
import type { ServerFacts } from '../../src/status/server-facts.ts';
import { type Ran, run } from '../run.ts';

export const OPERATOR_TOKEN = 'operator-token-of-thirty-two-bytes';

/** Runs a command with a configuration in a directory of its own. */
export async function command(
  config: OperationsConfig,
  args: readonly string[],
  options: Parameters<typeof run>[1] = {},
): Promise<Ran> {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-ops-'));
  try {
    await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify(config));
    return await run(args, { ...options, directory });
  } finally {
    await rm(directory, { recursive: true });
  }
}

export const serversOf = ({ records }: Ran) => records.filter((one): one is ServerState => one.type === 'server');
export const processesOf = ({ records }: Ran) => records.filter((one): one is ProcessState => one.type === 'process');
export const stepsOf = ({ records }: Ran) => records.filter((one): one is Step => one.type === 'step');
export const summaryOf = ({ records }: Ran): string => {
  const last = records.at(-1);
  return last?.type === 'result' ? last.summary : '';
};

export const WRITER: ServerFacts = {
  system: '7000',
  inRecovery: false,
  timeline: 2,
  writtenBytes: 5_000,
  receivedBytes: null,
  replayedBytes: null,
  replayedAgoMs: null,
};
export const STANDBY: ServerFacts = {
  ...WRITER,
  inRecovery: true,
  writtenBytes: null,
  receivedBytes: 4_000,
  replayedBytes: 3_000,
  replayedAgoMs: 70,
};

/** A process of the app with a real door, and a router that says and does what the test wants. */
export function fakeProcess(
  region: string,
  given: Partial<ReturnType<OperatedRouter['topology']>> = {},
  pools?: OperatedPools,
) {
  const calls: string[] = [];
  const topology = {
    state: 'ready',
    primary: { region: 'us', node: 'us/0', epoch: { system: '7000', timeline: 2, owner: 'us/0' } },
    highest: { system: '7000', timeline: 2, owner: 'us/0' },
    forks: [],
    nodes: [],
    ...given,
  };
  const router: OperatedRouter = {
    writes: 'forward',
    topology: () => topology,
    stats: () => ({}),
    secrets: () => ({}),
    confirmPrimary: async () => void calls.push('confirm'),
    resetEpoch: async (reason) => void calls.push(`reset ${reason}`),
    recycle: () => {},
    pauseWrites: async () => ({ drained: true, underWay: 0, leftMs: 30_000, waitingFor: [] }),
    resumeWrites: () => false,
    on: () => () => {},
  };
  const regions = defineRegions({
    self: region,
    all: { [region]: { origin: 'http://127.0.0.1:1' } },
    development: true,
  });
  const logger = { info: () => {}, warn: () => {}, error: () => {} };
  const door = createOperatorDoor({
    regions,
    token: OPERATOR_TOKEN,
    router,
    logger,
    ...(pools !== undefined && { pools }),
  });
  const handle = door.node((_request, response) => void response.writeHead(404).end()) as RequestListener;
  return { calls, handle };
}

/** Gives each request to the next process, as a balancer does. */
export function balancer(...processes: readonly { readonly handle: RequestListener }[]): RequestListener {
  let at = 0;
  return (request, response) => {
    at += 1;
    processes[at % processes.length]?.handle(request, response);
  };
}
