import type { Proposal } from '../../src/failover/plan.ts';
import type { AppView } from '../../src/failover/survey/app-view.ts';
import type { NodeState } from '../../src/failover/survey/node-state.ts';
import type { Situation, SurveyedApp, SurveyedNode } from '../../src/failover/survey/situation.ts';
import type { Unreachable } from '../../src/postgres/ask.ts';

export const NOW_MS = 1_800_000_000_000;

export const receiver = { status: 'streaming', from: 'us.db:5432', silentMs: 100, timeoutMs: 60_000 } as const;

export function standby(changes: Partial<NodeState> = {}): NodeState {
  return {
    system: '7',
    inRecovery: true,
    nowMs: NOW_MS,
    timeline: 1,
    position: '0/5000000',
    replayed: '0/5000000',
    replayPaused: false,
    lastCommitMs: NOW_MS - 10_000,
    receiver: null,
    manager: null,
    hosted: false,
    xmax: '800',
    role: 'ops',
    apps: [{ name: 'app', canLogin: true, sessions: 0 }],
    tails: [],
    ...changes,
  };
}

export const primary = (changes: Partial<NodeState> = {}): NodeState =>
  standby({ inRecovery: false, replayed: null, lastCommitMs: null, ...changes });

export const fenced = [{ name: 'app', canLogin: false, sessions: 0 }];

export function node(id: string, answer: NodeState | Unreachable): SurveyedNode {
  const region = id.split('/')[0] as string;
  return {
    id,
    region,
    address: `${region}.db:5432`,
    answer:
      typeof answer === 'string' ? { ok: false, why: answer, code: undefined } : { ok: true, value: answer, tookMs: 1 },
  };
}

export const app = (region: string, view: Partial<AppView> | 'unreachable' | 'no-detail'): SurveyedApp => ({
  region,
  answer:
    typeof view === 'string'
      ? { ok: false, why: view }
      : {
          ok: true,
          view: { region, writes: 'fail', version: undefined, noPrimaryForMs: undefined, regions: [], ...view },
        },
});

export const proposal = (changes: Partial<Proposal> = {}): Proposal => ({
  mode: 'failover',
  adapter: 'postgres',
  from: 'us',
  target: 'eu/0',
  here: undefined,
  acceptLoss: { kind: 'unknown' },
  stableMs: 1_000,
  appsWithinMs: 1_000,
  rebuild: false,
  requireFence: false,
  discardTail: false,
  ...changes,
});

export const situation = (nodes: readonly SurveyedNode[], rest: Partial<Situation> = {}): Situation => ({
  atMs: NOW_MS,
  nodes,
  apps: [],
  manager: undefined,
  ...rest,
});

/** The primary in us is gone, and its two standbys know it. */
export const GONE: Situation = situation([node('us/0', 'refused'), node('eu/0', standby()), node('ap/0', standby())]);

/** All is well. */
export const WELL: Situation = situation([
  node('us/0', primary()),
  node('eu/0', standby({ receiver })),
  node('ap/0', standby({ receiver })),
]);
