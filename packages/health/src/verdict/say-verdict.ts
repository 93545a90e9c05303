import type { Logger } from '@regionkit/core';
import { harmless, type Notices } from '@regionkit/core/kit';
import type { HealthVerdict } from './judge.ts';

/** Returns a function that reports a verdict to the logger. Without a logger, a failure is a process warning. */
export function createSayVerdict(logger: Logger | undefined, notice: Notices): (verdict: HealthVerdict) => void {
  return ({ status, reads, writes, accept, phase, failing }) => {
    const line = `health: reads ${reads}, writes ${writes}, accept ${accept}, ${phase}`;
    const whole = failing.length === 0 ? line : `${line}; failing: ${failing.join(', ')}`;
    if (logger !== undefined) harmless(logger)[status === 'fail' ? 'warn' : 'info'](whole);
    else if (status === 'fail' && phase === 'up') notice('REGIONKIT_UNHEALTHY', whole);
  };
}
