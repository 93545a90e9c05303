import type { Scenario } from './scenario.ts';
import { agentHung } from './scenarios/agent-hung.ts';
import { dnsStale } from './scenarios/dns-stale.ts';
import { doubleFault } from './scenarios/double-fault.ts';
import { endpointMove } from './scenarios/endpoint-move.ts';
import { freeze } from './scenarios/freeze.ts';
import { isolation } from './scenarios/isolation.ts';
import { regionLoss } from './scenarios/region-loss.ts';
import { replicaLag } from './scenarios/replica-lag.ts';
import { zombie } from './scenarios/zombie.ts';

/** Every scenario, in the order of the help. */
export const SCENARIOS: readonly Scenario[] = [
  regionLoss,
  isolation,
  zombie,
  freeze,
  agentHung,
  endpointMove,
  dnsStale,
  replicaLag,
  doubleFault,
];
