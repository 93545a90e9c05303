import type pg from 'pg';
import type { NodeTarget, Operations } from '../config/check-config.ts';
import type { HooksResult } from '../hooks/run-hooks.ts';
import { type Answer, ask } from '../postgres/ask.ts';
import type { Adapter } from './adapters/adapter.ts';
import type { Plan } from './plan.ts';
import type { RunFile } from './run-file/run-file.ts';
import { askState } from './survey/ask-state.ts';
import type { NodeState } from './survey/node-state.ts';
import type { Situation } from './survey/situation.ts';
import { survey } from './survey/survey.ts';

/** What the steps of one run work with. */
export interface RunContext {
  readonly config: Operations;
  readonly adapter: Adapter;
  readonly plan: Plan;
  readonly file: RunFile;
  readonly signal: AbortSignal;
  progress(text: string): void;
  survey(): Promise<Situation>;
  state(node: string): Promise<Answer<NodeState>>;
  /** Runs statements on a server, within 10 s. */
  on<T>(node: string, work: (client: pg.Client) => Promise<T>): Promise<Answer<T>>;
  /** What goes on beside the steps. The command waits for it at its end, within the time limit of each. */
  readonly background: Promise<unknown>[];
  /** What asks for capacity, beside the steps. */
  readonly scaling: Promise<HooksResult>[];
}

const TIMEOUT_MS = 10_000;

export function createRunContext(
  given: Pick<RunContext, 'config' | 'adapter' | 'plan' | 'file' | 'signal' | 'progress'>,
): RunContext {
  const { config, adapter, signal } = given;
  const target = (id: string): NodeTarget => config.nodes.find((node) => node.id === id) as NodeTarget;
  return {
    ...given,
    background: [],
    scaling: [],
    survey: () => survey(config, adapter, signal),
    state: (node) => askState(config, target(node), signal),
    on: (node, work) => ask({ url: target(node).url, timeoutMs: TIMEOUT_MS, signal }, work),
  };
}
