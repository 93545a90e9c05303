import type { Answer } from '../../postgres/ask.ts';
import type { AppAnswer } from './app-view.ts';
import type { NodeState } from './node-state.ts';

export interface SurveyedNode {
  readonly id: string;
  readonly region: string;
  /** `host:port` of its connection string, to recognise it as what a standby streams from. */
  readonly address: string;
  readonly answer: Answer<NodeState>;
}

export interface SurveyedApp {
  readonly region: string;
  readonly answer: AppAnswer;
}

/** Why a manager would not promote a server. */
export interface ManagerObjection {
  /** Part of a sentence, in our own words. */
  readonly why: string;
  /** Whether it is expected once the promotion was asked for. */
  readonly passes: boolean;
}

/** What the manager of the cluster says. */
export interface ManagerState {
  readonly name: string;
  /** Why it would not do what was asked, or undefined. */
  readonly refuses: string | undefined;
  /** Whether it rewinds or wipes a primary that comes back, by itself. */
  readonly rewinds: boolean;
  /** The slots of tail keepers that it drops when a primary comes back. */
  readonly dropsSlots?: readonly string[];
  /** Whether it was told to do nothing by itself: then it does not end an old primary. */
  readonly paused?: boolean;
  /** What it objects to, by server. */
  readonly objections?: ReadonlyMap<string, ManagerObjection>;
}

/** Everything that was measured, at one time. Plan, vetoes and loss are functions of it. */
export interface Situation {
  readonly atMs: number;
  readonly nodes: readonly SurveyedNode[];
  readonly apps: readonly SurveyedApp[];
  readonly manager: ManagerState | undefined;
}

export interface KnownNode {
  readonly id: string;
  readonly region: string;
  readonly state: NodeState;
}

/** Every region of which a server or an app is known. */
export const regionsOf = ({ nodes, apps }: Situation): readonly string[] => [
  ...new Set([...nodes, ...apps].map(({ region }) => region)),
];

export const answering = ({ nodes }: Situation): readonly KnownNode[] =>
  nodes.flatMap(({ id, region, answer }) => (answer.ok ? [{ id, region, state: answer.value }] : []));

export const writers = (situation: Situation): readonly KnownNode[] =>
  answering(situation).filter(({ state }) => !state.inRecovery);

export const standbys = (situation: Situation): readonly KnownNode[] =>
  answering(situation).filter(({ state }) => state.inRecovery);

/** Whether the app cannot write there: none of its roles may log in, and none has a session left. */
export const isFenced = ({ state: { apps } }: KnownNode): boolean =>
  apps.length > 0 && apps.every(({ canLogin, sessions }) => !canLogin && sessions === 0);

/** Whether a primary of the region answers, and all that do are fenced. */
export function isRegionFenced(situation: Situation, region: string): boolean {
  const own = writers(situation).filter((node) => node.region === region);
  return own.length > 0 && own.every(isFenced);
}
