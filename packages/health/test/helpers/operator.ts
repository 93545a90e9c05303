import { createEvents } from '@regionkit/core';
import { type OperatedRouter, ROUTER_EVENT_NAMES, type RouterEventName } from '../../src/operator/router.ts';

export const TOKEN = 'an operator token, 32 bytes long!'.replaceAll(' ', '-');
export const bearer = (token = TOKEN) => ({ authorization: `Bearer ${token}` });

/** A router of one node that does every order. */
export function fakeRouter(given: Partial<OperatedRouter> = {}) {
  const events = createEvents<Record<RouterEventName, object>>('test-router', ROUTER_EVENT_NAMES);
  const calls: string[] = [];
  const router: OperatedRouter = {
    writes: 'forward',
    topology: () => ({ state: 'ready', forks: [], nodes: [{ id: 'a/0', position: 0x1_0000_0001n, connections: 2 }] }),
    stats: () => ({ reads: 7 }),
    secrets: (peer) => ({ token: [`fingerprint-for-${peer}`] }),
    confirmPrimary: async () => void calls.push('confirm'),
    resetEpoch: async (reason) => void calls.push(`reset ${reason}`),
    recycle: () => void calls.push('recycle'),
    pauseWrites: async (options) => {
      calls.push(`pause ${JSON.stringify(options)}`);
      return { drained: true, underWay: 0, leftMs: 30_000, waitingFor: [] };
    },
    resumeWrites: () => {
      calls.push('resume');
      return true;
    },
    on: events.on,
    ...given,
  };
  return { router, calls, emit: events.emit };
}
