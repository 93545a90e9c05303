import type { Scenario } from './scenario.ts';
import { regionLoss } from './scenarios/region-loss.ts';

/** Every scenario, in the order of the help. */
export const SCENARIOS: readonly Scenario[] = [regionLoss];
